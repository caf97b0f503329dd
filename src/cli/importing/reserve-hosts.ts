import type { FoundHost } from '../../importing/found.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { GatewayApi, Query } from '../api/gateway-api.ts';
import { ApiRefusal } from '../api/refusal.ts';
import { type Ordered, pathOf, remarkOf } from '../reservations/reservation-order.ts';
import type { ImportOutcome } from './outcome.ts';

export interface ReserveOptions {
  readonly dryRun?: boolean;
  readonly reason?: string;
}

interface KnownReservation {
  readonly id: string;
  readonly address: string;
}

/**
 * Reserves what another server keeps for a guest. What is reserved here already is never changed by it.
 *
 * @throws GatewayError if there is no gateway, or nobody knows what became of it.
 */
export async function reserveHost(
  api: GatewayApi,
  host: FoundHost,
  { dryRun, reason }: ReserveOptions,
): Promise<ImportOutcome> {
  const known = await knownFor(api, host);
  const wanted = host.address === undefined ? undefined : ipv4ToText(host.address);
  if (known !== undefined) {
    const isSame = wanted === undefined || wanted === known.address;
    const remark = `${known.id} has ${known.address} here`;
    return outcomeOf(host, isSame ? 'known' : 'refused', known.id, isSame ? known.address : wanted, remark);
  }
  const id = await freeId(api, host);
  if (id === undefined) {
    const remark =
      'the reservation of this id is of another guest or card here: see `vps-gateway reservations set --mac`';
    return outcomeOf(host, 'refused', host.id ?? '', wanted, remark);
  }
  try {
    const done = await api.order<Ordered>({
      method: 'PUT',
      path: pathOf(id),
      query: { reason, dry_run: dryRun === true ? 'true' : undefined },
      headers: { 'if-none-match': '*' },
      body: entryOf(host),
    });
    return outcomeOf(host, 'reserved', id, done.address, remarkOf(done));
  } catch (error) {
    if (!(error instanceof ApiRefusal) || !['refused', 'bad-settings'].includes(error.code)) throw error;
    return outcomeOf(host, 'refused', id, wanted, error.summary);
  }
}

/** The reservation here that names one of its cards; of a host without a card, the one of its identifier. */
async function knownFor(
  api: GatewayApi,
  { macs, identifier }: FoundHost,
): Promise<KnownReservation | undefined> {
  for (const mac of macs) {
    const known = await firstOf(api, { mac: hardwareToText(mac) });
    if (known !== undefined) return known;
  }
  return macs.length > 0 || identifier === undefined
    ? undefined
    : await firstOf(api, { client_id: identifier });
}

async function firstOf(api: GatewayApi, query: Query): Promise<KnownReservation | undefined> {
  const { items } = await api.get<{ readonly items: readonly KnownReservation[] }>('/reservations', {
    ...query,
    limit: '1',
  });
  return items[0];
}

/** Its name, if no other guest's reservation is called so; else its card. Undefined: its id is given, and another's. */
async function freeId(
  api: GatewayApi,
  { id, hostname, macs: [card], identifier }: FoundHost,
): Promise<string | undefined> {
  const ofCard = card === undefined ? `client-${identifier ?? ''}`.slice(0, 64) : hardwareToText(card);
  const wanted = id ?? hostname?.slice(0, 64) ?? ofCard;
  if ((await api.find(pathOf(wanted))) === undefined) return wanted;
  if (id !== undefined || wanted === ofCard) return undefined;
  return (await api.find(pathOf(ofCard))) === undefined ? ofCard : undefined;
}

function entryOf({ macs, identifier, address, hostname, leaseSeconds, vpsId }: FoundHost) {
  return {
    mac: macs.map(hardwareToText),
    client_id: identifier,
    address: address === undefined ? undefined : ipv4ToText(address),
    hostname,
    lease_time: leaseSeconds,
    vps_id: vpsId,
  };
}

export function outcomeOf(
  { file, line, macs: [card], hostname }: FoundHost,
  what: ImportOutcome['what'],
  id: string,
  address: string | undefined,
  remark: string | null,
): ImportOutcome {
  const mac = card === undefined ? null : hardwareToText(card);
  const name = hostname ?? null;
  return { what, file, line, address: address ?? null, mac, id, hostname: name, expires: null, remark };
}
