import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import type { RouteParts } from './route-parts.ts';

/** Makes a change of a reservation an event. */
export function noteReservation(
  { events, readEvents, now, told }: Pick<RouteParts, 'events' | 'readEvents' | 'now' | 'told'>,
  changed: { readonly id: string; readonly address: Ipv4; readonly author: string; readonly change: string },
): void {
  const address = ipv4ToText(changed.address);
  const data = { at: new Date(now()).toISOString(), ...changed, address };
  told.note(changed.id);
  readEvents();
  events.add({ kind: 'reservation', address, data });
  events.wake();
}
