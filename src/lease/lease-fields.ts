import { clientKeyFromText } from './client-key.ts';
import { isOutsideId } from './outside-id.ts';

/** The states of a lease, which `LeaseState` explains, in the order of their numbers in memory. */
export const LEASE_STATES = ['free', 'offered', 'bound', 'declined', 'peer'] as const;

const STATES: readonly unknown[] = LEASE_STATES;

/** What a value of each type is: as a number or a text, the way that columns have it. */
export const FIELD_CHECKS = {
  ipv4: (value: unknown) => isWhole(value, 0xffffffff),
  mac: (value: unknown) => isWhole(value, 0xffffffffffff),
  client: (value: unknown) => typeof value === 'string' && clientKeyFromText(value) !== undefined,
  state: (value: unknown) => STATES.includes(value),
  /** Milliseconds since 1970, UTC. */
  time: (value: unknown) => isWhole(value),
  seconds: (value: unknown) => isWhole(value, 0xffffffff),
  version: (value: unknown) => isWhole(value),
  text: (value: unknown) => typeof value === 'string',
  id: isOutsideId,
};

export type FieldType = keyof typeof FIELD_CHECKS;

/**
 * memory: in memory for every lease. aside: in memory for the few leases that have one. people: kept for people, in lease
 * files and in etcd. file: in the lease file alone.
 */
type Where = 'memory' | 'aside' | 'people' | 'file';

/** Where a journal's record has it, which FORMAT.md draws: the offset of a number or of a text's length; or which id it is. */
interface JournalPlace {
  readonly as: 'u8' | 'u32' | 'f64' | 'length' | 'id';
  readonly at: number;
}

/** One row of the table. A dash: it does not go there, or something else says it. */
interface Field<Type, Kept, Column, Listed, Etcd, Journal> {
  readonly type: Type;
  readonly where: Kept;
  /** Its column in the table `lease`. */
  readonly column: Column;
  /** Its column in the view `leases`, and its member in `leases --json`. */
  readonly listed: Listed;
  /** Its member in what etcd has of an address; with a question mark: it may be absent. */
  readonly etcd: Etcd;
  readonly journal: Journal;
  /** What the column has where there is nothing, as in rows from before it was added. Absent: there is always something. */
  readonly empty?: 0 | null;
}

/**
 * What the record of a lease is: a row for each field, in the order of the columns of the table `lease`. The types, the
 * columns, the checks, the listing and the members of etcd's entries derive from it. A new id is a row at the end, and a
 * step of MIGRATIONS that adds its column to `lease` and to `history`. A field of another type is also written out by hand
 * in the places that docs/CONTRIBUTING.md lists: they are on the packet path.
 */
export const LEASE_FIELDS = {
  address: field({
    type: 'ipv4',
    where: 'memory',
    column: 'address',
    listed: 'address',
    etcd: '-',
    journal: u32(4),
  }),
  /** Who holds it, or who held it last. */
  client: field({
    type: 'client',
    where: 'memory',
    column: 'client',
    listed: 'client',
    etcd: 'client',
    journal: length(16),
  }),
  /**
   * The hardware address that the client last used; 0 if its link layer has none. In quarantine: who answered for the
   * address by ARP; 0: nobody did.
   */
  hardware: field({
    type: 'mac',
    where: 'memory',
    column: 'mac',
    listed: 'mac',
    etcd: 'mac',
    journal: f64(20),
  }),
  state: field({
    type: 'state',
    where: 'memory',
    column: 'state',
    listed: 'state',
    etcd: 'state',
    journal: u8(12),
  }),
  /** When it last began; a renewal leaves it as it is. */
  startsAt: field({
    type: 'time',
    where: 'file',
    column: 'starts_at',
    listed: 'starts',
    etcd: '-',
    journal: '-',
  }),
  /** End of the lease, offer or quarantine; when free: when it became free. */
  expiresAt: field({
    type: 'time',
    where: 'memory',
    column: 'expires_at',
    listed: 'expires',
    etcd: 'expiresAt',
    journal: f64(28),
  }),
  /** When it was last written: the `at` of that change. */
  updatedAt: field({
    type: 'time',
    where: 'memory',
    column: 'updated_at',
    listed: 'updated',
    etcd: 'updatedAt',
    journal: f64(36),
  }),
  version: field({
    type: 'version',
    where: 'memory',
    column: 'version',
    listed: '-',
    etcd: '-',
    journal: f64(44),
  }),
  /** Option 12 or 81. It belongs to the client, and stays as long as the address names it. */
  hostname: field({
    type: 'text',
    where: 'people',
    column: 'hostname',
    listed: 'hostname',
    etcd: 'hostname?',
    journal: length(18),
    empty: null,
  }),
  /** The node's name of the gateway that granted it. */
  node: field({
    type: 'text',
    where: 'people',
    column: 'node',
    listed: 'node',
    etcd: 'node',
    journal: '-',
    empty: null,
  }),
  /** The platform's id of the VPS. */
  vpsId: field({
    type: 'id',
    where: 'aside',
    column: 'vps_id',
    listed: 'vps_id',
    etcd: 'vpsId?',
    journal: id(0),
    empty: null,
  }),
  /** The gateway that granted it, by its server identifier; 0: this one, or nobody knows. */
  granter: field({
    type: 'ipv4',
    where: 'memory',
    column: 'granter',
    listed: '-',
    etcd: 'granter',
    journal: u32(8),
    empty: 0,
  }),
  /** How long it was given for, a lease or a quarantine; INFINITE_SECONDS: without end. 0: not known, or neither. */
  leaseSeconds: field({
    type: 'seconds',
    where: 'memory',
    column: 'lease_seconds',
    listed: 'lease_seconds',
    etcd: 'leaseSeconds?',
    journal: u32(60),
    empty: 0,
  }),
  /** The id of the reservation that it follows. */
  reservationId: field({
    type: 'id',
    where: 'aside',
    column: 'reservation_id',
    listed: 'reservation_id',
    etcd: 'reservationId?',
    journal: id(1),
    empty: null,
  }),
  /** The platform's id of the owner. */
  organizationId: field({
    type: 'id',
    where: 'aside',
    column: 'organization_id',
    listed: 'organization_id',
    etcd: 'organizationId?',
    journal: id(2),
    empty: null,
  }),
  /** The port of its node's bridge that the guest was plugged in at. */
  port: field({
    type: 'id',
    where: 'aside',
    column: 'port',
    listed: 'port',
    etcd: 'port?',
    journal: id(3),
    empty: null,
  }),
};

export type FieldName = keyof typeof LEASE_FIELDS;

/** The names of the fields whose row has this in it. */
export type NameWhere<Row> = {
  [Name in FieldName]: (typeof LEASE_FIELDS)[Name] extends Row ? Name : never;
}[FieldName];

/** A field that is text for people. */
export type TextName = NameWhere<{ readonly type: 'text' }>;
/** A field that is the name that somebody else has for something. */
export type IdName = NameWhere<{ readonly type: 'id' }>;

/** In the order of their columns, as all lists of names. */
export const FIELD_NAMES = Object.keys(LEASE_FIELDS) as readonly FieldName[];
export const TEXT_NAMES = FIELD_NAMES.filter((name): name is TextName => LEASE_FIELDS[name].type === 'text');
export const ID_NAMES = FIELD_NAMES.filter((name): name is IdName => LEASE_FIELDS[name].type === 'id');

/** A whole number from 0 to `most`. */
export function isWhole(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** The row itself, with the type of each of its members. */
function field<
  const Type extends FieldType,
  const Kept extends Where,
  const Column extends string,
  const Listed extends string,
  const Etcd extends string,
  Journal extends JournalPlace | '-',
>(row: Field<Type, Kept, Column, Listed, Etcd, Journal>): typeof row {
  return row;
}

function u8(at: number): JournalPlace {
  return { as: 'u8', at };
}

function u32(at: number): JournalPlace {
  return { as: 'u32', at };
}

function f64(at: number): JournalPlace {
  return { as: 'f64', at };
}

function length(at: number): JournalPlace {
  return { as: 'length', at };
}

function id(at: number): JournalPlace {
  return { as: 'id', at };
}
