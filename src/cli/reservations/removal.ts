import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { removedGuestText } from './removed-guest.ts';
import { knownReservation, withoutIt } from './reservation-order.ts';

type Holder = Pick<ListedLease, 'address' | 'state' | 'mac' | 'expires' | 'node'>;

/** What is removed, or would be. */
export interface Removal {
  readonly id: string;
  readonly address: string;
  readonly isReleased: boolean;
  readonly isDryRun: boolean;
}

/** Leases that other gateways have given to the guest of a reservation, and that cannot be ended here. */
export async function leasesElsewhere(api: GatewayApi, id: string): Promise<readonly Holder[]> {
  const known = await knownReservation(api, id).catch(() => undefined);
  if (known === undefined) return [];
  const { mac: cards, address } = known;
  const wanted = [{ address }, ...(Array.isArray(cards) ? cards : []).map((mac) => ({ mac: String(mac) }))];
  const found = await Promise.all(
    wanted.map((query) => api.list<Holder>('/leases', { ...query, state: 'peer' }).catch(() => [])),
  );
  const byAddress = new Map(found.flat().map((lease) => [lease.address, lease]));
  return [...byAddress.values()].filter(isRunning);
}

/**
 * What the removal of a reservation means for who has a lease, and for other gateways: a sentence each.
 *
 * @param elsewhere What was to be released, and is not.
 */
export async function consequencesOf(
  api: GatewayApi,
  removal: Removal,
  elsewhere: readonly Holder[],
): Promise<readonly string[]> {
  // What was ordered is done, whatever becomes of these questions.
  const lease = await api.find<Holder>(`/leases/${removal.address}`).catch(() => undefined);
  return [
    ...(lease?.state === 'bound' && !removal.isReleased
      ? [removedGuestText({ ...lease, id: removal.id }, removal.isDryRun)]
      : []),
    ...elsewhere.map(
      ({ address, node }) =>
        `its guest's lease of ${address} is of ${node ?? 'another gateway'}, and is not ended here: \`vps-gateway leases release ${address}\` on that node ends it`,
    ),
    ...(await withoutIt(api, 'order the same')),
  ];
}

function isRunning({ expires }: Holder): boolean {
  return expires === null || !(Date.parse(expires) <= Date.now());
}
