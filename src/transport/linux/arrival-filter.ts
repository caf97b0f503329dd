import {
  AND,
  assemble,
  attachFilter,
  INTERFACE_INDEX,
  JUMP_IF_AT_LEAST,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_LENGTH,
  LOAD_WORD,
  RANDOM,
  REJECT,
  RETURN,
  type Row,
  WHOLE,
} from './bpf.ts';
import { CHECKED_BYTES, chaddrCheck } from './chaddr-check.ts';
import type { Libc } from './libc.ts';
import { errnoName } from './linux.ts';

/** Offsets in the data, which begin at the UDP header. */
const MESSAGE = 8;
const GIADDR = 32;
const BOOTREQUEST = 1;
const BOOTREPLY = 2;

/**
 * Octets of a DHCP message that are kept of a forged one where it is a sample: its fixed part, the cookie and a first
 * option with the message type. No whole message has so few, for one option and the end (255) take one more.
 */
export const SAMPLE_BYTES = 243;
/** One forged message in so many is a sample: a power of two. */
export const SAMPLED = 256;

export interface ArrivalFilterOptions {
  /** The indexes of the segment's interface and of its VRF: a message through a VRF shows the VRF's index. */
  readonly indexes: readonly number[];
  /** A message whose chaddr is not the frame's source is forged, unless a relay agent has sent it. */
  readonly checksChaddr: boolean;
  /** True: a sentinel receives what is rejected. False: of the forged messages a few pass as samples. */
  readonly hasSentinel: boolean;
}

/**
 * The filter of the UDP sockets, run by the kernel. A message of another interface passes only if a relay agent has
 * forwarded it: the socket on the listen IP receives from every interface, and a message without giaddr is of the segment.
 */
export function arrivalFilter({ indexes, checksChaddr, hasSentinel }: ArrivalFilterOptions): Uint8Array {
  const isOf = (label: string) => indexes.map((index): Row => [JUMP_IF_EQUAL, index, label]);
  const verdicts = { relayed: 'passed', unknown: 'passed', own: 'passed', forged: 'forged' };
  const samples: readonly Row[] = [
    [LOAD_WORD, RANDOM],
    [AND, SAMPLED - 1],
    [JUMP_IF_EQUAL, 0, undefined, 'rejected'],
    [RETURN, MESSAGE + SAMPLE_BYTES],
  ];
  return assemble([
    [LOAD_LENGTH, 0],
    [JUMP_IF_AT_LEAST, MESSAGE + CHECKED_BYTES, undefined, 'no request'],
    [LOAD_BYTE, MESSAGE],
    // A server's: the sentinel receives it, and no message comes by two sockets.
    ...(hasSentinel ? [[JUMP_IF_EQUAL, BOOTREPLY, 'rejected'] satisfies Row] : []),
    [JUMP_IF_EQUAL, BOOTREQUEST, undefined, 'no request'],
    [LOAD_WORD, GIADDR],
    [JUMP_IF_EQUAL, 0, undefined, 'passed'],
    [LOAD_WORD, INTERFACE_INDEX],
    ...isOf('of the segment'),
    [RETURN, REJECT],
    'of the segment',
    ...(checksChaddr ? chaddrCheck(MESSAGE, verdicts) : []),
    [RETURN, WHOLE],
    'no request',
    [LOAD_WORD, INTERFACE_INDEX],
    ...isOf('passed'),
    [RETURN, REJECT],
    'forged',
    ...(hasSentinel ? [] : samples),
    'rejected',
    [RETURN, REJECT],
    'passed',
    [RETURN, WHOLE],
  ]);
}

/** Attaches the filter to the sockets. That needs no privilege, but a sandbox may forbid it. */
export class ArrivalFilter {
  /** Why a socket has no filter, as a sentence; undefined: all have it. */
  failure: string | undefined;
  readonly #libc: Libc;
  readonly #program: Uint8Array;

  constructor(libc: Libc, options: ArrivalFilterOptions) {
    this.#libc = libc;
    this.#program = arrivalFilter(options);
  }

  /** Call it before the socket is bound, so no unfiltered message arrives. */
  attach(fd: number): void {
    const result = attachFilter(this.#libc, fd, this.#program);
    if (result >= 0) return;
    this.failure =
      `the kernel accepts no filter for the sockets (${errnoName(result)}): clients of other interfaces that send to the ` +
      "listen IP are taken for the segment's, and forged messages for honest ones; see to the sandbox of this process";
  }
}
