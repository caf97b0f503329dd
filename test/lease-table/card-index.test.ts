import { describe, expect, test } from 'vitest';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { instant, type Lease, type LeaseState } from '../../src/lease/lease.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { client, hardware } from '../store/changes.ts';
import { SeededRandom } from '../support/random.ts';

const FIRST = 0x0a0f0314;
const STATES = ['free', 'bound', 'bound', 'bound', 'declined', 'peer'] as const;
const at = (number: number) => ipv4(FIRST + number);
const key = (number: number) => `ff00000${number}` as ClientKey;

function lease(
  address: number,
  who: ClientKey,
  card: HardwareAddress,
  state: LeaseState,
  version: number,
): Lease {
  const times = { expiresAt: instant(version), updatedAt: instant(version), leaseSeconds: 60 };
  return {
    address: at(address),
    client: who,
    hardware: card,
    granter: UNSPECIFIED,
    state,
    version,
    ...times,
  };
}

function addressesOf(table: LeaseTable, card: HardwareAddress): number[] {
  return table
    .leasesOf(card)
    .map(({ address }) => address - FIRST)
    .sort((one, other) => one - other);
}

describe('the leases of a network card', () => {
  test('are those that it is bound to, under its own address and under any client identifier', () => {
    const table = new LeaseTable(new Set(), 1);
    table.load(lease(0, client(1), hardware(1), 'bound', 1));
    table.load(lease(1, key(1), hardware(1), 'bound', 2));
    table.load(lease(2, key(2), hardware(1), 'bound', 3));
    table.load(lease(3, key(3), hardware(1), 'free', 4));
    table.load(lease(4, key(4), hardware(2), 'bound', 5));
    table.load(lease(5, key(5), 0 as HardwareAddress, 'bound', 6));

    expect(addressesOf(table, hardware(1))).toEqual([0, 1, 2]);
    expect(addressesOf(table, hardware(2))).toEqual([4]);
    expect(addressesOf(table, hardware(3))).toEqual([]);
    expect(table.leasesOf(hardware(1), client(1)).map(({ client: who }) => who)).toEqual([key(1), key(2)]);
    expect(table.leasesOf(hardware(1), key(2)).map(({ client: who }) => who)).toEqual([client(1), key(1)]);
  });

  test('are found however they come and go, one by one or all at once', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = new SeededRandom(seed);
      const table = new LeaseTable(new Set(), seed);
      const records = new Map<number, Lease>();
      for (let version = 1; version <= 200; version += 1) {
        const card = hardware(1 + random.below(3));
        const next = lease(random.below(12), key(random.below(9)), card, random.pick(STATES), version);
        records.set(next.address - FIRST, next);
        table.load(next);
      }
      const filled = new LeaseTable(new Set(), seed);
      filled.fill(records.values());

      for (const card of [hardware(1), hardware(2), hardware(3)]) {
        const expected = [...records]
          .filter(([, record]) => record.hardware === card && record.state === 'bound')
          .map(([address]) => address)
          .sort((one, other) => one - other);
        expect(addressesOf(table, card)).toEqual(expected);
        expect(addressesOf(filled, card)).toEqual(expected);
      }
    }
  });

  test('of a card with very many, some are enough', () => {
    const table = new LeaseTable(new Set(), 1);
    for (let number = 0; number < 1000; number += 1)
      table.load(
        lease(
          number,
          `ff${number.toString(16).padStart(6, '0')}` as ClientKey,
          hardware(1),
          'bound',
          number + 1,
        ),
      );

    expect(table.leasesOf(hardware(1))).toHaveLength(65);
    for (let number = 0; number < 999; number += 1)
      table.load(
        lease(
          number,
          `ff${number.toString(16).padStart(6, '0')}` as ClientKey,
          hardware(1),
          'free',
          1001 + number,
        ),
      );
    expect(addressesOf(table, hardware(1))).toEqual([999]);
  });
});
