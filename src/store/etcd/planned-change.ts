import { historyReason } from '../../lease/history-reason.ts';
import type { LeaseRecord } from '../../lease/lease.ts';
import type { LeaseChange, LeaseWrite } from '../../lease/lease-view.ts';
import { idsAfter } from '../../lease/outside-ids.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { Compare, EtcdOperation } from './client/etcd.ts';
import { compareOnce } from './keys/compare-once.ts';
import {
  type Entry,
  type EtcdRecord,
  etcdRecordOf,
  formatEntry,
  idsOf,
  textIn,
  unknownIn,
} from './keys/entry.ts';
import type { Keys } from './keys/keys.ts';
import type { KnownKeys } from './known-keys.ts';
import { planReservations } from './planned-reservations.ts';
import { operationOf, type PlannedChange, type PlannedWrite } from './planned-write.ts';

/** The gateway that writes, and what it knows. */
export interface WritingGateway {
  readonly keys: Keys;
  readonly known: KnownKeys;
  readonly table: LeaseTable;
  /** The server identifier, dotted, and the node's name. */
  readonly granter: string;
  readonly node: string;
}

/**
 * Plans a change as a transaction. It compares every key that the change rests on: those of each address with a write, of
 * the client, of the client's binding, and of the clients that lose an address. Then it writes the changed keys, each once;
 * none for an offer. The else branch reads them all, so a conflict brings the present values.
 *
 * @returns undefined: the change would overwrite a value that no version of the gateway has written.
 */
export function planChange(
  author: WritingGateway,
  change: LeaseChange,
  operationId: string,
): PlannedChange | undefined {
  if (change.reservations !== undefined)
    return planReservations(author, change, change.reservations, operationId);
  const { keys, known, table } = author;
  const compare: Compare[] = [];
  const writes: PlannedWrite[] = [];
  const named: string[] = [];
  const losing: string[] = [];
  const withdrawn: Ipv4[] = [];

  compareOnce(compare, keys.ofClient(change.client), known.clients.revisionOf(change.client));
  const binding = table.bindingOf(change.client);
  if (binding !== undefined)
    compareOnce(compare, keys.ofAddress(binding.address), known.revisionAt(binding.address));
  for (const write of change.writes) {
    const { address } = write;
    const key = keys.ofAddress(address);
    compareOnce(compare, key, known.revisionAt(address));
    if (change.kind === 'offer') continue;
    const before = known.entryAt(address);
    const entry = entryAfter(author, change, write, before, operationId);
    if (entry === 'off offer') withdrawn.push(address);
    if (entry === 'same' || entry === 'off offer') continue;
    if (known.foreignAt(address) !== undefined) return undefined;
    if (binds(write) && before?.reserved !== undefined) {
      const reservation = known.reservations.table.at(address);
      if (reservation?.id !== before.reserved) return undefined; // It is not known here yet.
      // The reservation has a key of its own, which another gateway may have changed since.
      compareOnce(compare, keys.ofReservation(reservation.id), known.reservations.revisionOf(reservation.id));
    }
    writes.push(
      entry === undefined
        ? { key, address, entry, text: undefined }
        : { key, address, entry, text: formatEntry(entry) },
    );
    for (const client of clientsOf(before))
      if (known.clients.addressOf(client) === address) losing.push(client);
    for (const client of clientsOf(entry)) {
      if (named.includes(client)) continue;
      named.push(client);
      const pointed = known.clients.addressOf(client);
      if (pointed === address) continue;
      if (pointed !== UNSPECIFIED && isOver(entry, client)) continue; // It has another lease by now.
      compareOnce(compare, keys.ofClient(client), known.clients.revisionOf(client));
      writes.push({ key: keys.ofClient(client), client, pointsTo: address });
    }
  }
  for (const client of losing) {
    const key = keys.ofClient(client);
    if (named.includes(client) || writes.some((write) => write.key === key)) continue;
    compareOnce(compare, key, known.clients.revisionOf(client));
    writes.push({ key, client, pointsTo: UNSPECIFIED });
  }

  const success = writes.map(operationOf);
  const failure = compare.map(({ key }): EtcdOperation => ({ kind: 'get', key }));
  return { transaction: { compare, success, failure }, writes, operationId, withdrawn };
}

/**
 * The entry of an address after a write. undefined: the key is deleted. same, off offer: it does not change. What an older
 * version of the gateway has put on offer stands in the entry, and goes with the first write.
 */
function entryAfter(
  author: WritingGateway,
  change: LeaseChange,
  write: LeaseWrite,
  before: Entry | undefined,
  operationId: string,
): Entry | undefined | 'same' | 'off offer' {
  const effect = author.table.effectOf(change, write);
  if (effect === 'none' || write.next === 'precondition-only') return 'same';
  if (effect === 'offers') throw new Error('an offer is not stored');
  const { offer, record, ...unknown } = before ?? { op: operationId };
  if (effect === 'withdraws' && offer === undefined) return 'off offer';
  if (effect === 'withdraws')
    return record === undefined && before?.reserved === undefined
      ? undefined
      : { ...unknown, ...(record === undefined ? {} : { record }), op: operationId };
  const { seeded: _seeded, ...rest } = unknown; // It belongs to the old record.
  return { ...rest, record: recordAfter(author, write.next, change, record), op: operationId };
}

function binds({ next }: LeaseWrite): boolean {
  return next !== 'precondition-only' && next.state === 'bound';
}

/** Host name, ids and members of a newer version belong to the client: they stay as long as the address names it. */
function recordAfter(
  author: WritingGateway,
  next: LeaseRecord,
  change: LeaseChange,
  before: EtcdRecord | undefined,
): EtcdRecord {
  const granter = next.granter === undefined ? author.granter : ipv4ToText(next.granter);
  const own = before?.client === next.client ? before : undefined;
  const lease = {
    ...{ ...next, updatedAt: change.at, leaseSeconds: next.leaseSeconds ?? 0 },
    hostname: next.hostname ?? textIn(own?.hostname),
    ids: idsAfter(next, own && { client: next.client, ids: idsOf(own) }),
  };
  const written = etcdRecordOf(lease, granter, author.node, historyReason(change));
  return own === undefined ? written : { ...unknownIn(own), ...written };
}

/** True: the entry names the client only as the last holder of a free record. */
function isOver(entry: Entry | undefined, client: string): boolean {
  return entry?.offer?.client !== client && entry?.record?.client === client && entry.record.state === 'free';
}

function clientsOf(entry: Entry | undefined): readonly string[] {
  const clients = [entry?.offer?.client, entry?.record?.client];
  return clients.filter((client) => client !== undefined);
}
