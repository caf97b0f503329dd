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
 * The filter of the UDP sockets, run by the kernel. A message of another interface passes only if a relay agent has
 * forwarded it: the socket on the listen IP receives from every interface, and a message without giaddr is of the segment.
 *
 * @param indexes The indexes of the segment's interface and of its VRF: a message through a VRF shows the VRF's index.
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

/** Attaches the filter to the sockets. That needs no privilege, but a sandbox may forbid it. */
export class ArrivalFilter {
  /** Why a socket has no filter, as a sentence; undefined: all have it. */
  failure: string | undefined;
  readonly #libc: Libc;
  readonly #program: Uint8Array;

  constructor(libc: Libc, indexes: readonly number[]) {
    this.#libc = libc;
    this.#program = arrivalFilter(indexes);
  }

  /** Call it before the socket is bound, so no unfiltered message arrives. */
  attach(fd: number): void {
    const result = attachFilter(this.#libc, fd, this.#program);
    if (result >= 0) return;
    this.failure =
      `the kernel accepts no filter for the sockets (${errnoName(result)}): clients of other interfaces that send to the ` +
      "listen IP are taken for the segment's; see to the sandbox of this process";
  }
}
