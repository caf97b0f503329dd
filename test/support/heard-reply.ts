import { addressText, hardwareText, type UdpFrame } from './frames.ts';

/** A reply as a client sees it, read by offsets of RFC 2131 §2 and no code of src/wire. */
export interface HeardReply extends UdpFrame {
  readonly type: number | undefined;
  readonly xid: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly chaddr: string;
  /** In the order in which they stand in the options field. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export function readReply(frame: UdpFrame): HeardReply {
  const bytes = Buffer.from(frame.payload);
  const options = readOptions(bytes.subarray(240));
  return {
    ...frame,
    type: options.get(53)?.[0],
    xid: bytes.readUInt32BE(4),
    flags: bytes.readUInt16BE(10),
    ciaddr: addressText(bytes, 12),
    yiaddr: addressText(bytes, 16),
    siaddr: addressText(bytes, 20),
    giaddr: addressText(bytes, 24),
    chaddr: hardwareText(bytes, 28),
    options,
  };
}

function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] ?? 255;
    if (code === 255) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}
