/** What the kernel knows of a datagram beside its data. */
export interface BesideTheData {
  readonly packetType?: number;
  readonly interfaceIndex?: number;
  readonly protocol?: number;
  readonly vlan?: number;
  /** The kernel's number of the interface's hardware; Ethernet unless said. */
  readonly hardwareType?: number;
  readonly random?: number;
  /** The frame's Ethernet source, six octets; absent: the header is there and has zeros, as on lo. */
  readonly frameSource?: readonly number[];
}

const FRAME = 0xffe00000;
const BESIDE = 0xfffff000;

/**
 * A BPF machine of the few instructions that our filters have: how many octets of the datagram are kept. A load beyond
 * the data ends the program with none (linux/filter.h).
 */
export function runFilter(filter: Uint8Array, bytes: Uint8Array, beside: BesideTheData = {}): number {
  const program = new DataView(filter.buffer);
  const packet = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = new DataView(
    Uint8Array.from([255, 255, 255, 255, 255, 255, ...(beside.frameSource ?? [0, 0, 0, 0, 0, 0]), 8, 0])
      .buffer,
  );
  const ancillary = new Map([
    [0xfffff000, beside.protocol ?? 0x0800],
    [0xfffff004, beside.packetType ?? 0],
    [0xfffff008, beside.interfaceIndex ?? 0],
    [0xfffff01c, beside.hardwareType ?? 1],
    [0xfffff02c, beside.vlan ?? 0],
    [0xfffff038, beside.random ?? 1],
  ]);
  /** Undefined: there is nothing so far out. */
  const load = (size: number, at: number): number | undefined => {
    if (at >= BESIDE) return ancillary.get(at);
    const [view, place] = at >= FRAME ? [header, at - FRAME] : [packet, at];
    if (place + size > view.byteLength) return undefined;
    if (size === 4) return view.getUint32(place);
    return size === 2 ? view.getUint16(place) : view.getUint8(place);
  };
  const stored: number[] = [];
  let accumulator = 0;
  let index = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const code = program.getUint16(at, true);
    const value = program.getUint32(at + 4, true);
    const jump = (isTrue: boolean) => {
      at += 8 * program.getUint8(at + (isTrue ? 2 : 3));
    };
    switch (code) {
      case 0x20:
      case 0x28:
      case 0x30:
      case 0x40:
      case 0x48:
      case 0x50: {
        const size = { 0: 4, 8: 2, 16: 1 }[code & 0x18] ?? 0;
        const loaded = load(size, value + ((code & 0xe0) === 0x40 ? index : 0));
        if (loaded === undefined) return 0;
        accumulator = loaded;
        break;
      }
      case 0xb1: {
        const octet = load(1, value);
        if (octet === undefined) return 0;
        index = (octet & 15) * 4;
        break;
      }
      case 0x80:
        accumulator = bytes.length;
        break;
      case 0x02:
        stored[value] = accumulator;
        break;
      case 0x61:
        index = stored[value] ?? Number.NaN;
        break;
      case 0x54:
        accumulator = (accumulator & value) >>> 0;
        break;
      case 0x15:
        jump(accumulator === value);
        break;
      case 0x1d:
        jump(accumulator === index);
        break;
      case 0x35:
        jump(accumulator >= value);
        break;
      case 0x45:
        jump((accumulator & value) !== 0);
        break;
      case 0x06:
        return value;
      default:
        throw new Error('an instruction that the filter should not have');
    }
  }
  throw new Error('the program has no end');
}
