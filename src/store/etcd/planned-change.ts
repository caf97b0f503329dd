import type { LeaseRecord } from '../../lease/lease.ts';
import type { LeaseChange, LeaseWrite } from '../../lease/lease-view.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import type { LeaseTable } from '../lease-table.ts';
import { type Claim, type Entry, encodeEntry, type Keys } from './entry.ts';
import type { Compare, Operation, Transaction } from './etcd.ts';
import type { KnownKeys } from './known-keys.ts';

/** A change as a transaction of etcd's. */
export interface PlannedChange {
  readonly transaction: Transaction;
  /** The keys that it writes. */
  readonly keys: ReadonlySet<string>;
  readonly op: string;
}

/** Who writes. */
export interface Author {
  readonly keys: Keys;
  readonly known: KnownKeys;
  readonly table: LeaseTable;
  /** The server identifier, dotted, and the node's name. */
  readonly granter: string;
  readonly node: string;
}

/**
 * Compares every key that a change rests on: of each address that it writes or has seen, of the client, of the client's
 * binding, and of the clients that lose an address by it. Then writes what changes, each key once. The else branch reads
 * them all, so that a conflict tells what is.
 */
export function planChange(author: Author, change: LeaseChange, op: string): PlannedChange {
  const { keys, known, table } = author;
  const compare = new Map<string, number>();
  const writes = new Map<string, Operation>();
  const named = new Set<string>();
  const lost = new Map<string, Ipv4>();

  compare.set(keys.ofClient(change.client), known.revisionOf(change.client));
  const binding = table.bindingOf(change.client);
  if (binding !== undefined) compare.set(keys.ofAddress(binding.address), known.revisionAt(binding.address));
  for (const write of change.writes) {
    const { address } = write;
    compare.set(keys.ofAddress(address), known.revisionAt(address));
    const before = known.entryAt(address);
    const after = entryAfter(author, change, write, before, op);
    if (after === 'same') continue;
    const key = keys.ofAddress(address);
    writes.set(key, after === undefined ? { kind: 'delete', key } : put(key, encodeEntry(after)));
    for (const client of clientsOf(before)) lost.set(client, address);
    for (const client of clientsOf(after)) {
      lost.delete(client);
      if (named.has(client)) continue;
      named.add(client);
      if (known.addressOf(client) === ipv4ToText(address)) continue;
      if (known.addressOf(client) !== '' && isOver(after, client)) continue; // It has another lease by now.
      compare.set(keys.ofClient(client), known.revisionOf(client));
      writes.set(keys.ofClient(client), put(keys.ofClient(client), Buffer.from(ipv4ToText(address))));
    }
  }
  for (const [client, address] of lost) {
    if (named.has(client) || known.addressOf(client) !== ipv4ToText(address)) continue;
    const key = keys.ofClient(client);
    compare.set(key, known.revisionOf(client));
    writes.set(key, { kind: 'delete', key });
  }

  const compared: Compare[] = [...compare].map(([key, modRevision]) => ({ key, modRevision }));
  const failure: Operation[] = [...compare.keys()].map((key) => ({ kind: 'get', key }));
  return {
    transaction: { compare: compared, success: [...writes.values()], failure },
    keys: new Set(writes.keys()),
    op,
  };
}

function put(key: string, value: Uint8Array): Operation {
  return { kind: 'put', key, value };
}

/** What an address's key says after a write; undefined: nothing, and the key goes. */
function entryAfter(
  author: Author,
  change: LeaseChange,
  write: LeaseWrite,
  before: Entry | undefined,
  op: string,
): Entry | undefined | 'same' {
  const effect = author.table.effectOf(change, write);
  if (effect === 'none' || write.next === 'as seen') return 'same';
  const { offer: _offer, record, ...unknown } = before ?? { op };
  const kept = record === undefined ? {} : { record };
  if (effect === 'withdraws') return record === undefined ? undefined : { ...unknown, ...kept, op };
  if (effect === 'offers') {
    return { ...unknown, ...kept, offer: claimOf(author, write.next, change, undefined), op };
  }
  const { seeded: _seeded, ...rest } = unknown; // Of the record that was.
  return { ...rest, record: claimOf(author, write.next, change, record), op };
}

/** A host name belongs to the client, and stays as long as the address names it. */
function claimOf(
  author: Author,
  next: LeaseRecord,
  { at, reason }: LeaseChange,
  before: Claim | undefined,
): Claim {
  const { client, hardware, state, expiresAt } = next;
  const granter = next.granter === undefined ? author.granter : ipv4ToText(next.granter);
  const hostname = next.hostname ?? (before?.client === client ? before.hostname : undefined);
  const node = author.node;
  const claim = { client, mac: hardware, state, expiresAt, updatedAt: at, granter, node, reason };
  return hostname === undefined ? claim : { ...claim, hostname };
}

/** All that an entry has of a client is a record that is free. */
function isOver(entry: Entry | undefined, client: string): boolean {
  return entry?.offer?.client !== client && entry?.record?.client === client && entry.record.state === 'free';
}

function clientsOf(entry: Entry | undefined): readonly string[] {
  const clients = [entry?.offer?.client, entry?.record?.client];
  return clients.filter((client) => client !== undefined);
}
