import { describe, expect, it } from 'vitest';
import { type ClientKey, keyOfClone } from '../../src/lease/client-key.ts';
import type { Lease, LeaseState } from '../../src/lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { LeaseTable } from '../../src/store/lease-table.ts';
import { seededHash } from '../../src/store/seeded-hash.ts';
import { SeededRandom } from '../support/random.ts';
import { address, at, hardware } from './changes.ts';
import { NaiveTable } from './naive-table.ts';

const SEED = 0x1234_5678_9abc;
const FIRST = address('10.15.0.0');
const RECORDS = 14_000;
const STATES: readonly LeaseState[] = ['bound', 'bound', 'bound', 'free', 'declined', 'peer'];

describe('the lease table while it grows', () => {
  it.each([1, 2])('finds what a naive list finds, through adds, moves and replacements: %i', (seed) => {
    const random = new SeededRandom(seed);
    const table = new LeaseTable(new Set(), SEED);
    const naive = new NaiveTable(new Set());
    const last = new Map<Ipv4, Lease>();
    const clients = [...collidingClients(40), ...strangeClients(), ...ordinaryClients(6000)];
    let version = 0;
    const put = (where: Ipv4, client: ClientKey) => {
      version += 1;
      const state = STATES[random.below(STATES.length)] ?? 'bound';
      const lease = { address: where, client, hardware: hardware(version), granter: UNSPECIFIED, state };
      last.set(where, { ...lease, expiresAt: at(version), updatedAt: at(version), version });
      table.load({ ...lease, expiresAt: at(version), updatedAt: at(version), version });
    };

    for (let count = 0; count < RECORDS; count += 1) {
      const client = clients[random.below(clients.length)] ?? clientOf('01');
      put((FIRST + count) as Ipv4, count % 3 === 0 ? client : clientOf(`ff${count.toString(16)}`));
      // An address that another client had, who then has none, another or an older one.
      if (count % 2 === 0) put((FIRST + random.below(count + 1)) as Ipv4, client);
      const probe = (FIRST + random.below(count + 1)) as Ipv4;
      expect(table.recordAt(probe)).toEqual(last.get(probe));
    }

    naive.records.push(...last.values());
    expect(table.size).toBe(RECORDS);
    for (const [where, lease] of last) expect(table.recordAt(where)).toEqual(lease);
    const newest = newestOf(naive.records);
    for (const client of clients) expect(table.bindingOf(client)).toEqual(newest.get(client));
    for (const client of clients.slice(0, 100))
      expect(table.bindingOf(client)).toEqual(naive.bindingOf(client));
    for (let count = 0; count < RECORDS; count += 1) {
      const client = clientOf(`ff${count.toString(16)}`);
      expect(table.bindingOf(client)).toEqual(newest.get(client));
    }
    for (const state of STATES)
      expect(table.countByState()[state]).toBe(
        naive.records.filter((record) => record.state === state).length,
      );
  });
});

function clientOf(text: string): ClientKey {
  return text as ClientKey;
}

function ordinaryClients(count: number): readonly ClientKey[] {
  return Array.from({ length: count }, (_, number) => clientOf(`01${hardware(number).toString(16)}`));
}

/** Of all lengths, and clones of one identifier. */
function strangeClients(): readonly ClientKey[] {
  const lengths = Array.from({ length: 64 }, (_, length) => clientOf('0f'.repeat(length + 1)));
  const odd = Array.from({ length: 8 }, (_, length) => clientOf('abc'.repeat(2 * length + 1)));
  const clones = Array.from({ length: 40 }, (_, number) => keyOfClone(clientOf('ff00'), hardware(number)));
  return [...lengths, ...odd, ...clones];
}

/** Their hashes begin with the same 8 bits and end with the same 6: one table, and one place in it while it is small. */
function collidingClients(count: number): readonly ClientKey[] {
  const found: ClientKey[] = [];
  for (let number = 0; found.length < count; number += 1) {
    const client = clientOf(`00${hardware(number).toString(16)}`);
    if ((seededHash(client, SEED) & 0xff00003f) === 0x2a000015) found.push(client);
  }
  return found;
}

/** As the naive table's `bindingOf`, for all clients at once. */
function newestOf(records: readonly Lease[]): ReadonlyMap<ClientKey, Lease> {
  const newest = new Map<ClientKey, Lease>();
  for (const record of records) {
    const known = newest.get(record.client);
    const isBetter =
      known === undefined ||
      (isLive(record) === isLive(known) ? record.version > known.version : isLive(record));
    if (isBetter) newest.set(record.client, record);
  }
  return newest;
}

function isLive({ state }: Lease): boolean {
  return state === 'bound' || state === 'peer';
}
