import type { Destination } from '../../src/net/datagram.ts';
import { EVERYBODY, hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { LIMITED_BROADCAST } from '../../src/net/ipv4.ts';
import { at } from './plan.ts';

/** Every station of the segment. */
export const TO_ALL: Destination = {
  kind: 'link',
  hardware: EVERYBODY,
  address: LIMITED_BROADCAST,
  isLeased: false,
};

/** A client by its hardware address, which has the address by its lease or is about to get it. */
export function toClient(address: string, hardware: string, isLeased = false): Destination {
  const station = hardwareFromText(hardware) ?? NO_HARDWARE;
  return { kind: 'link', hardware: station, address: at(address), isLeased };
}

export function toRelay(address: string): Destination {
  return { kind: 'relay', address: at(address) };
}
