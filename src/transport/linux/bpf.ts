import { LAYOUT, type Libc } from './libc.ts';
import { SO_ATTACH_FILTER, SOL_SOCKET } from './linux.ts';
import { pinnedMemory } from './message-vector.ts';

/** Instructions of BPF (linux/filter.h). A load beyond the data ends the program and rejects the datagram. */
export const LOAD_WORD = 0x20;
export const LOAD_HALF = 0x28;
export const LOAD_BYTE = 0x30;
/** How many octets the data have. */
export const LOAD_LENGTH = 0x80;
/** The same at an offset from the index register. */
export const LOAD_WORD_BEYOND = 0x40;
export const LOAD_HALF_BEYOND = 0x48;
export const LOAD_BYTE_BEYOND = 0x50;
/** Sets the index register: to the length of the IP header at that offset, or to what was stored. */
export const INDEX_BY_IP_HEADER = 0xb1;
export const INDEX_BY_STORED = 0x61;
/** Keeps a value in one of sixteen cells. */
export const STORE = 0x02;
export const AND = 0x54;
export const JUMP_IF_EQUAL = 0x15;
export const JUMP_IF_EQUAL_TO_INDEX = 0x1d;
export const JUMP_IF_AT_LEAST = 0x35;
export const JUMP_IF_ANY_BIT = 0x45;
export const RETURN = 0x06;

/** Offsets of values beside the data: SKF_AD_OFF plus SKF_AD_PROTOCOL, _PKTTYPE, _IFINDEX, _HATYPE, _VLAN_TAG or _RANDOM. */
export const PROTOCOL = 0xfffff000;
export const PACKET_TYPE = 0xfffff004;
export const INTERFACE_INDEX = 0xfffff008;
export const HARDWARE_TYPE = 0xfffff01c;
export const VLAN_TAG = 0xfffff02c;
export const RANDOM = 0xfffff038;
/** The Ethernet source in the frame that the datagram came in, whose header lies before the data (SKF_LL_OFF). */
export const FRAME_SOURCE = 0xffe00006;

/** Return values: the octets of the datagram to keep, none or all. */
export const REJECT = 0;
export const WHOLE = 0x40000;

/** An instruction, with the labels that a jump goes to if true and if false (absent: the next instruction); or a label. */
export type Row =
  | readonly [code: number, value: number, ifTrue?: string | undefined, ifFalse?: string]
  | string;

/** The program in the kernel's form: eight bytes for each instruction. @throws Error for a jump that does not lead forward. */
export function assemble(rows: readonly Row[]): Uint8Array {
  const indexes = new Map<string, number>();
  const instructions: Exclude<Row, string>[] = [];
  for (const row of rows) {
    if (typeof row === 'string') indexes.set(row, instructions.length);
    else instructions.push(row);
  }
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  const distance = (from: number, label: string | undefined): number => {
    if (label === undefined) return 0;
    const to = indexes.get(label) ?? -1;
    if (to <= from || to - from > 256) throw new Error(`a jump to ${label}, which is not ahead`);
    return to - from - 1;
  };
  for (const [index, [code, value, ifTrue, ifFalse]] of instructions.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, distance(index, ifTrue));
    view.setUint8(index * 8 + 3, distance(index, ifFalse));
    view.setUint32(index * 8 + 4, value, true);
  }
  return bytes;
}

/** Makes the kernel run the program for all that arrives at a socket from now on. Negative: the error number. */
export function attachFilter(libc: Libc, fd: number, program: Uint8Array): number {
  const memory = pinnedMemory(libc, program.length);
  memory.bytes.set(program);
  const fprog = new Uint8Array(LAYOUT.sockFprog.size);
  const view = new DataView(fprog.buffer);
  view.setUint16(LAYOUT.sockFprog.len, program.length / 8, true);
  view.setBigUint64(LAYOUT.sockFprog.filter, BigInt(memory.address), true);
  const result = libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog);
  memory.bytes.fill(0); // Only now may it be freed: the kernel has copied it.
  return result;
}
