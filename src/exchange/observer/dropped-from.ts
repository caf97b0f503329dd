import { type HardwareAddress, hardwareAt, NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';
import type { Arena, Datagram } from '../../transport/transport.ts';
import * as at from '../../wire/layout.ts';

const HARDWARE_BYTES = 6;

/** The sender of a datagram that was dropped. */
export interface DroppedFrom {
  /** The source address of its IP header. */
  readonly source: Ipv4;
  /** Its chaddr. Undefined: it has none that can be read. */
  readonly hardware: HardwareAddress | undefined;
  /** The Ethernet source of its frame, where it was compared with chaddr and is another. */
  readonly frame?: HardwareAddress;
  /** Its giaddr, where the datagram is long enough to have one. */
  readonly giaddr?: Ipv4;
}

/** Who sent a datagram that is dropped, as far as its bytes show it. */
export function droppedFrom({ offset, length, arrival }: Datagram, { view }: Arena): DroppedFrom {
  const { source, frameSource = NO_HARDWARE } = arrival;
  const hardware = length < at.CHADDR + HARDWARE_BYTES ? NO_HARDWARE : hardwareAt(view, offset + at.CHADDR);
  const from = { source, hardware: hardware === NO_HARDWARE ? undefined : hardware };
  const sender = frameSource === NO_HARDWARE ? from : { ...from, frame: frameSource };
  return length < at.GIADDR + 4 ? sender : { ...sender, giaddr: ipv4(view.getUint32(offset + at.GIADDR)) };
}
