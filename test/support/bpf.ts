/** What the kernel knows of a datagram beside its data. */
export interface BesideTheData {
  readonly packetType?: number;
  readonly interfaceIndex?: number;
  readonly protocol?: number;
  readonly vlan?: number;
}

/**
 * A BPF machine of the few instructions that our filters have: how many octets of the datagram are kept. A load beyond
 * the data ends the program with none (linux/filter.h).
 */
export function runFilter(filter: Uint8Array, bytes: Uint8Array, beside: BesideTheData = {}): number {
  const program = new DataView(filter.buffer);
  const packet = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const loads: Record<number, [size: number, read: (at: number) => number]> = {
    48: [1, (at) => packet.getUint8(at)],
    40: [2, (at) => packet.getUint16(at)],
    32: [4, (at) => packet.getUint32(at)],
  };
  const ancillary = new Map([
    [0xfffff000, beside.protocol ?? 0x0800],
    [0xfffff004, beside.packetType ?? 0],
    [0xfffff008, beside.interfaceIndex ?? 0],
    [0xfffff02c, beside.vlan ?? 0],
  ]);
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const code = program.getUint16(at, true);
    const value = program.getUint32(at + 4, true);
    const [size, read] = loads[code] ?? [];
    if (size !== undefined && read !== undefined) {
      const known = ancillary.get(value);
      if (known === undefined && value + size > bytes.length) return 0;
      accumulator = known ?? read(value);
    } else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) at += 8 * program.getUint8(at + (accumulator === value ? 2 : 3));
    else if (code === 0x06) return value;
    else throw new Error('an instruction that the filter should not have');
  }
  throw new Error('the program has no end');
}
