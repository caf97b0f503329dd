import {
  FRAME_SOURCE,
  HARDWARE_TYPE,
  INDEX_BY_STORED,
  JUMP_IF_EQUAL,
  JUMP_IF_EQUAL_TO_INDEX,
  LOAD_HALF,
  LOAD_HALF_BEYOND,
  LOAD_WORD,
  LOAD_WORD_BEYOND,
  PACKET_TYPE,
  type Row,
  STORE,
} from './bpf.ts';
import { PACKET_LOOPBACK } from './linux.ts';

/** Offsets in a DHCP message (RFC 2131 §2). */
const HTYPE_AND_HLEN = 1;
const GIADDR = 24;
const CHADDR = 28;
/** Octets of a message that the check reads. */
export const CHECKED_BYTES = CHADDR + 6;

/** htype 1 and hlen 6 (RFC 1700); the kernel's number of the same hardware (ARPHRD_ETHER). */
const ETHERNET = 0x0106;
const ETHERNET_DEVICE = 1;

/** Offsets of the chaddr's first four octets and last two. */
const FIRST = 0;
const LAST = 1;

/** Labels that the program goes on at. */
export interface ChaddrVerdicts {
  /** A relay agent has sent it, whose Ethernet address is not the client's. */
  readonly relayed: string;
  /** No Ethernet address can be compared. */
  readonly unknown: string;
  /** The client's own network card has sent it. */
  readonly own: string;
  /** Another network card than chaddr says has sent it. */
  readonly forged: string;
}

/**
 * Compares the chaddr of a client's message with the source of the Ethernet frame that brought it. A frame of this host
 * itself has no such header, or one of zeros: it is not judged.
 *
 * @param message Where the message begins in the data, or beyond the index register.
 */
export function chaddrCheck(message: number, to: ChaddrVerdicts, isBeyondIndex = false): readonly Row[] {
  const [word, half] = isBeyondIndex ? [LOAD_WORD_BEYOND, LOAD_HALF_BEYOND] : [LOAD_WORD, LOAD_HALF];
  return [
    [word, message + GIADDR],
    [JUMP_IF_EQUAL, 0, undefined, to.relayed],
    [half, message + HTYPE_AND_HLEN],
    [JUMP_IF_EQUAL, ETHERNET, undefined, to.unknown],
    [LOAD_WORD, HARDWARE_TYPE],
    [JUMP_IF_EQUAL, ETHERNET_DEVICE, undefined, to.unknown],
    [LOAD_WORD, PACKET_TYPE],
    [JUMP_IF_EQUAL, PACKET_LOOPBACK, to.unknown],
    [word, message + CHADDR],
    [STORE, FIRST],
    [half, message + CHADDR + 4],
    [STORE, LAST],
    [INDEX_BY_STORED, FIRST],
    [LOAD_WORD, FRAME_SOURCE],
    [JUMP_IF_EQUAL_TO_INDEX, 0, undefined, to.forged],
    [INDEX_BY_STORED, LAST],
    [LOAD_HALF, FRAME_SOURCE + 4],
    [JUMP_IF_EQUAL_TO_INDEX, 0, to.own, to.forged],
  ];
}
