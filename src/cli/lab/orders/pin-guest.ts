import type { BuiltInGuest } from '../guests/built-in-guest.ts';
import { builtInGuests, type Lab } from '../lab.ts';
import { untilSucceeds } from '../until-succeeds.ts';
import type { LabOrder, StepResult } from './order.ts';
import { untilLease } from './until-lease.ts';

const FREE = ['free', 'free-quiet'];
/** After a flood every free address may be on offer at one gateway or another. A reservation of it ends the offer. */
const UNLEASED = [...FREE, 'offered'];
/** How long an API may take until it answers: milliseconds. */
const PATIENCE = 15_000;
const ASK_EVERY = 500;

interface AddressMap {
  readonly items: readonly { readonly address: string; readonly state: string }[];
}

export function pinGuest(lab: Lab): LabOrder {
  const [guest] = builtInGuests(lab);
  let address = '';
  return {
    name: 'pin',
    key: 'p',
    title: 'pin a guest',
    promise: 'it moves to its reserved address at its next renewal',
    hindrance: guest === undefined ? 'no guest has the built-in client' : undefined,
    needs: ['gateway', 'network'],
    says: async () => {
      address = await freeAddress(lab);
      return `${address} is reserved for ${guest?.name} through the API of ${lab.etcd === undefined ? 'each gateway' : 'a gateway'}. It should move there at its next renewal.`;
    },
    does: async () => {
      if (guest === undefined) throw new Error('no guest');
      return pinned(lab, guest, address);
    },
  };
}

async function pinned(lab: Lab, guest: BuiltInGuest, address: string): Promise<StepResult> {
  const had = guest.lease?.address;
  const [first] = lab.gateways;
  // Each gateway that shares nothing has reservations of its own.
  const gateways = lab.etcd === undefined || first === undefined ? lab.gateways : [first];
  for (const { api } of gateways) {
    await answered(() =>
      api.order({
        method: 'PUT',
        path: `/reservations/${guest.name}`,
        body: { mac: [guest.hardware], address },
      }),
    );
  }
  const lease = await untilLease(lab, guest, Date.now(), guest.renew, (told) => told.address === address);
  const has = lease ?? guest.lease;
  const from = has === undefined ? 'nothing' : `${has.address} from ${lab.nameOf(has.server)}`;
  return { kept: lease !== undefined, seen: `${guest.name} had ${had}, and has ${from} since it renewed` };
}

/**
 * The last address that is free in the maps of all gateways; if there is none, one that nobody has a lease of. A leased one would
 * come to the guest only when the lease has ended.
 */
async function freeAddress({ gateways }: Lab): Promise<string> {
  const maps = await Promise.all(
    gateways.map(({ api }) => answered(() => api.get<AddressMap>('/addresses'))),
  );
  const address = lastInAll(maps, FREE) ?? lastInAll(maps, UNLEASED);
  if (address === undefined) throw new Error('no address is free');
  return address;
}

/** The last address that is in one of these states in each map. */
function lastInAll(maps: readonly AddressMap[], states: readonly string[]): string | undefined {
  const found = maps.map(
    ({ items }) => new Set(items.filter(({ state }) => states.includes(state)).map(({ address }) => address)),
  );
  return [...(found[0] ?? [])].findLast((each) => found.every((addresses) => addresses.has(each)));
}

/** On a busy machine a gateway may be late. */
function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  return untilSucceeds(ask, PATIENCE, ASK_EVERY);
}
