import {
  assemble,
  attachFilter,
  INTERFACE_INDEX,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_WORD,
  REJECT,
  RETURN,
  type Row,
  WHOLE,
} from './bpf.ts';
import type { Libc } from './libc.ts';
import { errnoName } from './linux.ts';

/** Offsets in the data, which begin at the UDP header. */
const OP = 8;
const GIADDR = 32;
const BOOTREQUEST = 1;

/**
 * The filter, run by the kernel, of a UDP socket on a segment: by another interface only what a relay agent passes on
 * comes in. A socket on the listen IP hears every interface of the host, and without giaddr the segment is meant.
 *
 * @param indexes of the segment's interface, and of the VRF that it is in: what comes by a VRF shows that one's
 */
export function arrivalFilter(indexes: readonly number[]): Uint8Array {
  return assemble([
    [LOAD_WORD, INTERFACE_INDEX],
    ...indexes.map((index): Row => [JUMP_IF_EQUAL, index, 'of the segment']),
    [LOAD_BYTE, OP],
    [JUMP_IF_EQUAL, BOOTREQUEST, undefined, 'rejected'],
    [LOAD_WORD, GIADDR],
    [JUMP_IF_EQUAL, 0, 'rejected'],
    'of the segment',
    [RETURN, WHOLE],
    'rejected',
    [RETURN, REJECT],
  ]);
}

/** The filter on its way onto each socket. It needs no privilege, but a sandbox may forbid it. */
export class ArrivalFilter {
  /** Why a socket is without it, as a sentence; undefined: none is. */
  failure: string | undefined;
  readonly #libc: Libc;
  readonly #program: Uint8Array;

  constructor(libc: Libc, indexes: readonly number[]) {
    this.#libc = libc;
    this.#program = arrivalFilter(indexes);
  }

  /** Before the socket is bound, so that nothing is heard unfiltered. */
  attach(fd: number): void {
    const result = attachFilter(this.#libc, fd, this.#program);
    if (result >= 0) return;
    this.failure =
      `the kernel takes no filter for the sockets (${errnoName(result)}): clients of other interfaces that send to the ` +
      "listen IP are taken for the segment's; see to the sandbox of this process";
  }
}
