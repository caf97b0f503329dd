import { type HardwareAddress, hardwareAt, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import type { Arena, Datagram } from '../transport/transport.ts';
import * as at from '../wire/layout.ts';

const HARDWARE_BYTES = 6;

/** The sender of a datagram that was dropped. */
export interface DroppedFrom {
  /** Its IP source. */
  readonly source: Ipv4;
  /** By its chaddr; undefined: it has none that can be read. */
  readonly hardware: HardwareAddress | undefined;
  /** The relay that it names, if it is dropped for that. */
  readonly giaddr?: Ipv4;
}

/** Who sent a datagram that is no message, or not one to be answered: as far as its bytes go. */
export function droppedFrom({ offset, length, arrival }: Datagram, { view }: Arena): DroppedFrom {
  const { source } = arrival;
  const hardware = length < at.CHADDR + HARDWARE_BYTES ? NO_HARDWARE : hardwareAt(view, offset + at.CHADDR);
  const sender = { source, hardware: hardware === NO_HARDWARE ? undefined : hardware };
  return length < at.GIADDR + 4 ? sender : { ...sender, giaddr: ipv4(view.getUint32(offset + at.GIADDR)) };
}
