import { GatewayError } from '../../errors.ts';
import { RESERVATION_SOURCES, type Reservation } from '../../lease/reservation/reservation.ts';
import { hardwareFromText } from '../../net/hardware-address.ts';
import { ipv4FromText } from '../../net/ipv4.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { addressFrom, macFrom } from '../lease-filter.ts';

/** The options of `reservations list` that select. */
export interface ReservationFilterOptions {
  readonly address?: string;
  readonly mac?: string;
  readonly hostname?: string;
  readonly vpsId?: string;
  readonly port?: string;
  readonly label?: string;
  readonly source?: string;
  readonly state?: string;
  readonly node?: string;
  readonly retired?: boolean;
}

type Condition = (reservation: Reservation) => boolean;

/** What the address of a reservation may be now. */
const STATES = ['reserved-idle', 'bound', 'declined', 'peer'];

/** The lease that keeps the address of a reservation from others; undefined: nobody has it. */
export type HolderOf = (reservation: Reservation) => ListedLease | undefined;

/**
 * What a reservation must be to be listed.
 *
 * @param holderOf Asked for only if the options are about it.
 * @throws GatewayError for a value that cannot be read.
 */
export function reservationFilter(
  options: ReservationFilterOptions,
  holderOf: HolderOf,
): readonly Condition[] {
  const { hostname, vpsId, port, node, retired = false } = options;
  const address = options.address === undefined ? undefined : addressFrom('--address ', options.address);
  const mac = options.mac === undefined ? undefined : macFrom('--mac ', options.mac);
  const label = options.label === undefined ? undefined : labelFrom('--label', options.label);
  const source = options.source === undefined ? undefined : sourceFrom(options.source);
  const state = options.state === undefined ? undefined : stateFrom(options.state);
  const part = hostname?.toLowerCase();
  const conditions: readonly (Condition | undefined)[] = [
    retired ? undefined : ({ retiredUntil }) => retiredUntil === undefined,
    address === undefined ? undefined : (one) => one.address === address,
    mac === undefined ? undefined : ({ macs }) => macs.includes(mac),
    part === undefined ? undefined : (one) => one.hostname?.toLowerCase().includes(part) === true,
    vpsId === undefined ? undefined : (one) => one.vpsId === vpsId,
    port === undefined ? undefined : (one) => one.port === port,
    label === undefined ? undefined : ({ labels }) => labels[label[0]] === label[1],
    source === undefined ? undefined : (one) => one.source === source,
    state === undefined ? undefined : (one) => (holderOf(one)?.state ?? 'reserved-idle') === state,
    node === undefined ? undefined : (one) => holderOf(one)?.node === node,
  ];
  return conditions.filter((condition) => condition !== undefined);
}

/** By its id, its address or one of its cards: in this order, for an id may look like either. */
export function reservationsNamed(text: string, all: readonly Reservation[]): readonly Reservation[] {
  const byId = all.filter(({ id }) => id === text);
  if (byId.length > 0) return byId;
  const mac = hardwareFromText(text);
  const address = ipv4FromText(text);
  return all.filter((one) => one.address === address || (mac !== undefined && one.macs.includes(mac)));
}

/** @throws GatewayError if it is not a name and a text. */
export function labelFrom(flag: string, text: string): readonly [name: string, text: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new GatewayError('bad-settings', `${flag} ${text}: not a label: write it as node=pve1`);
}

function stateFrom(text: string): string {
  if (STATES.includes(text)) return text;
  throw new GatewayError(
    'bad-settings',
    `--state ${text}: no state of a reserved address: use one of ${STATES.join(', ')}`,
  );
}

function sourceFrom(text: string): string {
  if (RESERVATION_SOURCES.some((source) => source === text)) return text;
  throw new GatewayError(
    'bad-settings',
    `--source ${text}: no source: use one of ${RESERVATION_SOURCES.join(', ')}`,
  );
}
