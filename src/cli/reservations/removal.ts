import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { knownReservation, quoted, withoutIt } from './reservation-order.ts';

type Holder = Pick<ListedLease, 'address' | 'state' | 'mac' | 'expires' | 'node'>;

/** How long the address of a removed reservation is kept: milliseconds. */
const KEPT = 86_400_000;

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
    ...(lease?.state === 'bound' && !removal.isReleased ? [leaveText(removal, lease)] : []),
    ...elsewhere.map(
      ({ address, node }) =>
        `its guest's lease of ${address} is of ${node ?? 'another gateway'}, and is not ended here: \`vps-gateway leases release ${address}\` on that node ends it`,
    ),
    ...(await withoutIt(api, 'order the same')),
  ];
}

/** A removed reservation keeps its address from everybody, its own guest too. */
function leaveText({ id, address, isDryRun }: Removal, { mac, expires }: Holder): string {
  const who = mac ?? 'who has a lease of it';
  const card = mac === null ? '' : ` --mac ${mac}`;
  const must = isDryRun ? 'would have to' : 'must';
  // A lease that is the longer one may be renewed again after that.
  const isEnding = Date.parse(expires ?? '') <= Date.now() + KEPT;
  const leave = isEnding
    ? `${must} leave ${address} at its next renewals`
    : `${must} leave ${address}, if it renews within the day or the address is in no pool`;
  return `${who} ${leave}; \`vps-gateway reservations set ${quoted(id)}${card} --address ${address}\` lets it stay`;
}

function isRunning({ expires }: Holder): boolean {
  return expires === null || !(Date.parse(expires) <= Date.now());
}
