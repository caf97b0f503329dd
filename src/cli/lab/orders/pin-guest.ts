import { ipv4ToText } from '../../../net/ipv4.ts';
import type { BuiltInGuest } from '../guests/built-in-guest.ts';
import { builtInGuests, type Lab } from '../lab.ts';
import type { Order, Seen } from './order.ts';
import { untilLease } from './until-lease.ts';

/** The last address of the pool, from which on a free one is looked for. */
const LAST = 254;

export function pinGuest(lab: Lab): Order {
  const [guest] = builtInGuests(lab);
  return {
    name: 'pin',
    key: 'p',
    title: 'pin a guest',
    promise: 'it moves to its reserved address at its next renewal',
    hindrance: guest === undefined ? 'no guest has the built-in client' : undefined,
    says: () =>
      `${freeAddress(lab)} is reserved for ${guest?.name} through the API of ${lab.etcd === undefined ? 'each gateway' : 'a gateway'}. It should move there at its next renewal.`,
    does: async () => {
      if (guest === undefined) throw new Error('no guest');
      return pinned(lab, guest, freeAddress(lab));
    },
  };
}

async function pinned(lab: Lab, guest: BuiltInGuest, address: string): Promise<Seen> {
  const had = guest.lease?.address;
  const [first] = lab.gateways;
  // Gateways that share nothing each keep their own.
  const gateways = lab.etcd === undefined ? lab.gateways : first === undefined ? [] : [first];
  for (const { api } of gateways) {
    await api.order({
      method: 'PUT',
      path: `/reservations/${guest.name}`,
      body: { mac: [guest.hardware], address },
    });
  }
  const lease = await untilLease(lab, guest, Date.now(), guest.renew, (told) => told.address === address);
  const has = lease ?? guest.lease;
  const from = has === undefined ? 'nothing' : `${has.address} from ${lab.nameOf(has.server)}`;
  return { kept: lease !== undefined, seen: `${guest.name} had ${had}, and has ${from} since it renewed` };
}

/**
 * An address that nobody ever had, as far as the lab knows. Gateways that share nothing do not hear when a guest of another
 * one gives its address back, and wait before they give it to the guest that it is reserved for.
 */
function freeAddress(lab: Lab): string {
  const taken = new Set([
    ...lab.guests.map(({ lease }) => lease?.address),
    ...[...lab.crowd.everLeased].map(ipv4ToText),
  ]);
  let last = LAST;
  while (taken.has(`10.15.3.${last}`)) last -= 1;
  return `10.15.3.${last}`;
}
