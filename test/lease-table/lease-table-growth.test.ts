import { describe, expect, it } from 'vitest';
import { type ClientKey, keyOfClone } from '../../src/lease/client-key.ts';
import type { Lease, LeaseState } from '../../src/lease/lease.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { seededHash } from '../../src/lease-table/seeded-hash.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, at, hardware } from '../store/changes.ts';
import { SeededRandom } from '../support/random.ts';
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
      last.set(where, {
        ...lease,
        expiresAt: at(version),
        updatedAt: at(version),
        leaseSeconds: version,
        version,
      });
      table.load({
        ...lease,
        expiresAt: at(version),
        updatedAt: at(version),
        leaseSeconds: version,
        version,
      });
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

describe('a lease table that is filled at once', () => {
  it.each([0, 1, 17, 9000])('is as one that had its %i records one by one, then and later', (count) => {
    const random = new SeededRandom(count);
    const clients = [...collidingClients(40), ...strangeClients(), ...sameHash(), ...ordinaryClients(200)];
    const leases = Array.from({ length: count }, (_, number): Lease => {
      // Nearly each second record is of a client that has several, more than are remembered among them.
      const several = clients[random.below(random.below(clients.length) + 1)];
      return {
        address: (FIRST + number) as Ipv4,
        client: (number % 2 === 0 ? several : undefined) ?? clientOf(`ff${number.toString(16)}`),
        hardware: hardware(number),
        granter: random.below(3) === 0 ? (FIRST as Ipv4) : UNSPECIFIED,
        state: STATES[random.below(STATES.length)] ?? 'bound',
        expiresAt: at(number),
        updatedAt: at(random.below(1000)),
        leaseSeconds: number,
        version: ((number * 7919) % 100_003) + 1,
      };
    });
    const filled = new LeaseTable(new Set(), SEED);
    const loaded = new LeaseTable(new Set(), SEED);
    filled.fill(leases);
    for (const lease of leases) loaded.load(lease);

    const all = [...clients, ...leases.map(({ client }) => client)];
    const compare = () => {
      expect([filled.size, filled.revision]).toEqual([loaded.size, loaded.revision]);
      expect(filled.countByState()).toEqual(loaded.countByState());
      for (const client of all) expect(filled.bindingOf(client)).toEqual(loaded.bindingOf(client));
      for (let where = FIRST - 1; where < FIRST + count + 300; where += 1)
        expect(filled.recordAt(where as Ipv4)).toEqual(loaded.recordAt(where as Ipv4));
      const range = { first: FIRST, last: (FIRST + count) as Ipv4, excluded: new Set<Ipv4>() };
      expect(filled.room(range)).toEqual(loaded.room(range));
      expect(filled.occupancy(range)).toEqual(loaded.occupancy(range));
      expect(filled.longestFree(range)).toEqual(loaded.longestFree(range));
    };
    compare();

    for (let step = 0; step < 1000; step += 1) {
      const client = all[random.below(all.length)] ?? clientOf('01');
      const lease = { client, hardware: hardware(step), granter: UNSPECIFIED, state: 'free' } as const;
      const where = (FIRST + random.below(count + 200)) as Ipv4;
      const version = 200_000 + step;
      for (const table of [filled, loaded])
        table.load({
          ...lease,
          address: where,
          expiresAt: at(step),
          updatedAt: at(step),
          leaseSeconds: 0,
          version,
        });
    }
    compare();
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

/** Two clients whose whole hash is the same. */
function sameHash(): readonly ClientKey[] {
  const known = new Map<number, ClientKey>();
  for (let number = 0; ; number += 1) {
    const client = clientOf(`07${hardware(number).toString(16)}`);
    const hash = seededHash(client, SEED);
    const other = known.get(hash);
    if (other !== undefined) return [other, client];
    known.set(hash, client);
  }
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
