import { checkOf, type OutsideIds } from '../../../lease/lease.ts';
import {
  FIELD_NAMES,
  type FieldName,
  ID_NAMES,
  LEASE_FIELDS,
  TEXT_NAMES,
} from '../../../lease/lease-fields.ts';
import { idsFrom } from '../../../lease/outside-ids.ts';
import type { StoredLease } from '../../../lease/stored-state.ts';
import type { KeptLease } from '../../mirror.ts';
import type { JournalRecord } from '../journal/journal-record.ts';

/** The columns of these fields, in the same order. */
export function columnsOf(names: readonly FieldName[]): readonly string[] {
  return names.map((name) => LEASE_FIELDS[name].column);
}

/** The columns of the ids, in `lease` and in `history`. */
export const ID_COLUMNS = columnsOf(ID_NAMES);

/** The columns of `history` but for ids, in the order in which the writer binds them. */
export const HISTORY_COLUMNS_WITHOUT_IDS =
  'id, at, address, client, mac, event, reason, expires_at, hostname, node'.split(', ');
/** All columns of `history`, in their order. */
export const HISTORY_ROW: readonly string[] = [...HISTORY_COLUMNS_WITHOUT_IDS, ...ID_COLUMNS];

const IN_MEMORY = FIELD_NAMES.filter((name) => LEASE_FIELDS[name].where === 'memory');
/** Null for a row without ids, as nearly every one is. */
export const ANY_ID = `coalesce(${ID_COLUMNS.join(', ')})`;
/** All ids as one JSON text; null where there are none. */
export const ALL_IDS = `CASE WHEN ${ANY_ID} IS NOT NULL THEN json_array(${ID_COLUMNS.join(', ')}) END`;

/** The fields that are in memory, but for ids. */
export const LEASE_ROW_WITHOUT_IDS: readonly string[] = columnsOf(IN_MEMORY);
/** The values that `leaseFromRow` reads, in this order: those, and all ids as one. */
export const LEASE_ROW: readonly string[] = [...LEASE_ROW_WITHOUT_IDS, ALL_IDS];

export const ADDRESS = IN_MEMORY.indexOf('address');
const CLIENT = IN_MEMORY.indexOf('client');
const HARDWARE = IN_MEMORY.indexOf('hardware');
const GRANTER = IN_MEMORY.indexOf('granter');
const STATE = IN_MEMORY.indexOf('state');
const EXPIRES_AT = IN_MEMORY.indexOf('expiresAt');
const UPDATED_AT = IN_MEMORY.indexOf('updatedAt');
const LEASE_SECONDS = IN_MEMORY.indexOf('leaseSeconds');
const VERSION = IN_MEMORY.indexOf('version');
const IDS = IN_MEMORY.length;

const isAddress = checkOf('address');
const isClient = checkOf('client');
const isHardware = checkOf('hardware');
const isState = checkOf('state');
const isTime = checkOf('expiresAt');
const isSeconds = checkOf('leaseSeconds');
const isVersion = checkOf('version');

/**
 * The lease of a row that LEASE_ROW has read; undefined: no version of this program has written the row. The checks are
 * written out, field by field, since a start runs this a million times.
 */
export function leaseFromRow(row: readonly unknown[]): StoredLease | undefined {
  const address = row[ADDRESS];
  const client = row[CLIENT];
  const hardware = row[HARDWARE];
  const granter = row[GRANTER];
  const state = row[STATE];
  const expiresAt = row[EXPIRES_AT];
  const updatedAt = row[UPDATED_AT];
  const leaseSeconds = row[LEASE_SECONDS];
  const version = row[VERSION];
  if (!isState(state) || state === 'offered' || !isClient(client) || !isHardware(hardware)) return undefined;
  if (!isAddress(address) || !isAddress(granter) || !isSeconds(leaseSeconds)) return undefined;
  if (!isTime(expiresAt) || !isTime(updatedAt) || !isVersion(version)) return undefined;
  const ids = idsFromText(row[IDS]);
  return { address, client, hardware, granter, state, expiresAt, updatedAt, leaseSeconds, version, ids };
}

function idsFromText(text: unknown): OutsideIds | undefined {
  if (typeof text !== 'string') return undefined;
  const values: unknown = JSON.parse(text);
  return Array.isArray(values) ? idsFrom((name) => values[ID_NAMES.indexOf(name)]) : undefined;
}

/** The values that `keptLeaseFromRow` reads, in this order. */
export const KEPT_LEASE_ROW: readonly string[] = [...LEASE_ROW, ...columnsOf(TEXT_NAMES)];
const HOSTNAME = LEASE_ROW.length + TEXT_NAMES.indexOf('hostname');
const NODE = LEASE_ROW.length + TEXT_NAMES.indexOf('node');

/** The lease of a row, with the texts that are kept for people; undefined as for `leaseFromRow`. */
export function keptLeaseFromRow(row: readonly unknown[]): KeptLease | undefined {
  const lease = leaseFromRow(row);
  return lease && { ...lease, hostname: textOrNothing(row[HOSTNAME]), node: textOrNothing(row[NODE]) ?? '' };
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The fields that a renewal leaves as they are. */
const STAYING = ['address', 'client', 'state', 'startsAt'] as const satisfies FieldName[];
export const STAYING_COLUMNS = columnsOf(STAYING);

/** The columns that every write changes, but for ids, in the order of `changingValues`. */
export const CHANGING_COLUMNS = columnsOf(
  FIELD_NAMES.filter((name) => !isOneOf(STAYING, name) && !isOneOf(ID_NAMES, name)),
);

/** The values of CHANGING_COLUMNS. They are written out, since every record needs them; SQLite throws if one is missing. */
export function changingValues(record: JournalRecord, node: string | null): readonly unknown[] {
  const { hardware, expiresAt, updatedAt, version, hostname = null, granter, leaseSeconds } = record;
  return [hardware, expiresAt, updatedAt, version, hostname, node, granter, leaseSeconds];
}

const NO_VALUES: readonly null[] = [];

/** The values of ID_COLUMNS; empty if the lease has no ids. */
export function idValues(ids: OutsideIds | undefined): readonly (string | null)[] {
  return ids === undefined ? NO_VALUES : ID_NAMES.map((name) => ids[name] ?? null);
}

function isOneOf(names: readonly FieldName[], name: FieldName): boolean {
  return names.includes(name);
}
