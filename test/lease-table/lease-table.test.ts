import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientKey } from '../../src/lease/client-key.ts';
import type { LeaseState } from '../../src/lease/lease.ts';
import type { AddressRange } from '../../src/lease/lease-view.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, at, changeOf, client, hardware } from '../store/changes.ts';
import { NaiveTable } from './naive-table.ts';

const FIRST = address('10.15.3.250');
const LOW: AddressRange = {
  first: FIRST,
  last: address('10.15.3.255'),
  excluded: new Set([(FIRST + 1) as Ipv4]),
};
const HIGH: AddressRange = { first: address('10.15.4.0'), last: address('10.15.4.3'), excluded: new Set() };
const ADDRESSES = Array.from({ length: 11 }, (_, index) => (FIRST + index) as Ipv4);
const CLIENTS = [1, 2, 3, 4, 5, 6];

const anAddress = fc.constantFrom(...ADDRESSES);
const aClient = fc.constantFrom(...CLIENTS);
const aState = fc.constantFrom<LeaseState>('bound', 'bound', 'free', 'free', 'declined', 'peer');
const seconds = fc.integer({ min: 0, max: 50 });
const aStep = fc.oneof(
  fc.record({
    does: fc.constant('record'),
    client: aClient,
    address: anAddress,
    state: aState,
    lasts: seconds,
  }),
  fc.record({ does: fc.constant('offer'), client: aClient, address: anAddress, lasts: seconds }),
  fc.record({ does: fc.constant('withdraw'), client: aClient, address: anAddress }),
  fc.record({ does: fc.constant('move'), client: aClient, address: anAddress, from: anAddress }),
  fc.record({ does: fc.constant('flight'), address: anAddress }),
  fc.record({ does: fc.constant('sweep') }),
);

describe('the lease table', () => {
  it('writes no record where the end of an offer leaves a record as free as it was', () => {
    const table = new LeaseTable(new Set(), 1);
    const effect = (state: LeaseState) => {
      table.load({
        ...{ client: client(1), hardware: hardware(1), granter: UNSPECIFIED, address: FIRST },
        ...{ state, version: table.revision + 1, expiresAt: at(60), updatedAt: at(0), leaseSeconds: 60 },
      });
      table.apply(changeOf(table, { kind: 'offer', client: 1, address: FIRST, state: 'offered' }));
      const change = changeOf(table, { client: 1, address: FIRST, state: 'free' });
      return change.writes.map((write) => table.effectOf(change, write));
    };

    expect(effect('free')).toEqual(['withdraws']);
    expect(effect('bound')).toEqual(['records']);
  });

  // A guest that takes and releases address after address is the last holder of all of them.
  it('remembers as a client’s own its newest sixteen records, and no more', () => {
    const table = new LeaseTable(new Set(), 1);
    const record = (number: number, who: number, version: number) =>
      table.load({
        ...{ client: client(who), hardware: hardware(who), granter: UNSPECIFIED, state: 'free' },
        ...{ address: (FIRST + number) as Ipv4, version },
        ...{ expiresAt: at(0), updatedAt: at(0), leaseSeconds: 0 },
      });
    for (let number = 0; number < 20; number += 1) record(number, 1, number + 1);

    const own: (number | undefined)[] = [];
    for (let number = 19; number >= 0; number -= 1) {
      own.push(table.bindingOf(client(1))?.version);
      record(number, 2, 100 - number); // Another client has it now.
    }

    expect(own).toEqual([
      20,
      19,
      18,
      17,
      16,
      15,
      14,
      13,
      12,
      11,
      10,
      9,
      8,
      7,
      6,
      5,
      ...Array(4).fill(undefined),
    ]);
  });

  it('finds clients of every kind of key, and gives each back as it was', () => {
    const kinds: readonly (readonly [key: string, hardware: number])[] = [
      ['01525400000001', 0x525400000001],
      ['01525400000002', 0x525400000001],
      ['01525400000003', 0],
      ['01000000000000', 0],
      ['ff000000010004aabb', 0x525400000001],
      ['01525400000001/525400000004', 0x525400000004],
      ['06525400000005', 0x525400000005],
      ['01525400000006', 0x525400000006],
    ];
    const records = kinds.map(([key, mac], index) => ({
      ...{ client: key as ClientKey, hardware: mac as HardwareAddress, granter: UNSPECIFIED },
      ...{ address: (FIRST + index) as Ipv4, state: 'bound' as const, version: index + 1 },
      ...{ expiresAt: at(60), updatedAt: at(0), leaseSeconds: 0 },
    }));
    const filled = new LeaseTable(new Set(), 1);
    filled.fill(records);
    const loaded = new LeaseTable(new Set(), 1);
    for (const record of records) loaded.load(record);

    for (const table of [filled, loaded]) {
      for (const record of [...records, ...records.toReversed()]) {
        expect(table.at(record.address)).toEqual(record);
        expect(table.bindingOf(record.client)).toEqual(record);
      }
      expect(table.bindingOf('01525400000004' as ClientKey)).toBeUndefined();
    }
  });

  it('a client may come with another hardware address, and again with its own', () => {
    const table = new LeaseTable(new Set(), 1);
    const record = {
      ...{ client: client(1), granter: UNSPECIFIED, address: FIRST, state: 'bound' as const },
      ...{ expiresAt: at(60), updatedAt: at(0), leaseSeconds: 0 },
    };
    for (const [index, mac] of [1, 2, 1, 2].entries()) {
      const next = { ...record, hardware: hardware(mac), version: index + 1 };
      table.load(next);

      expect(table.bindingOf(client(1))).toEqual(next);
      expect(table.bindingOf(client(2))).toBeUndefined();
      expect(table.size).toBe(1);
    }
  });

  it('a client that had more records than are remembered keeps its live one when others take the rest', () => {
    const table = new LeaseTable(new Set(), 0);
    const base = {
      client: client(1),
      hardware: hardware(1),
      granter: UNSPECIFIED,
      expiresAt: at(60),
      updatedAt: at(0),
      leaseSeconds: 0,
    };
    const addresses = Array.from({ length: 19 }, (_, index) => (FIRST + index) as Ipv4);
    const last = addresses.pop();
    if (last === undefined) throw new Error('no address');
    for (const [index, each] of addresses.entries()) {
      table.load({ ...base, address: each, state: 'free', version: index + 1 });
    }
    table.load({ ...base, address: last, state: 'bound', version: 100 });

    for (const [index, each] of addresses.reverse().entries()) {
      const other = { client: client(50 + index), hardware: hardware(50 + index) };
      table.load({ ...base, ...other, address: each, state: 'bound', version: 101 + index });
      expect(table.bindingOf(client(1))?.address).toBe(last);
    }
  });

  it('answers every question as a naive list of leases does', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(aStep, { maxLength: 60 }), (askedFirst, steps) => {
        const inFlight = new Set<Ipv4>();
        const table = new LeaseTable(inFlight, 0);
        const naive = new NaiveTable(inFlight);
        if (askedFirst) for (const range of [LOW, HIGH]) table.longestFree(range);

        steps.forEach((step, index) => {
          const now = at(index * 10);
          if (step.does === 'flight' && 'address' in step) {
            if (!inFlight.delete(step.address)) inFlight.add(step.address);
          } else if (step.does === 'sweep') {
            const expected = naive.sweep(now).map((lease) => lease.address);
            expect([...table.sweep(now, 64)].map((lease) => lease.address).sort()).toEqual(expected.sort());
          } else if ('client' in step) {
            const change = changeOfStep(table, step, index);
            expect(table.conflicts(change)).toBe(false);
            table.apply(change);
            naive.apply(change);
          }
          if (askedFirst) expect(ordersOf(table)).toEqual(ordersOf(naive));
        });

        expect(table.revision).toBe(naive.revision);
        for (const where of ADDRESSES) {
          expect(table.at(where)).toEqual(naive.at(where));
          expect(table.recordAt(where)).toEqual(naive.recordAt(where));
        }
        for (const who of CLIENTS.map(client)) {
          expect(table.bindingOf(who)).toEqual(naive.bindingOf(who));
          expect(table.offerTo(who)).toEqual(naive.offerTo(who));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('orders a range by when its addresses became free, if it is first asked after they did', () => {
    const table = new LeaseTable(new Set(), 0);
    for (const [index, where] of [8, 6, 9, 7].entries()) {
      const lease = {
        address: ADDRESSES[where] ?? FIRST,
        client: client(index),
        hardware: hardware(index),
        granter: UNSPECIFIED,
      };
      table.load({
        ...lease,
        state: 'free',
        expiresAt: at(0),
        updatedAt: at(0),
        leaseSeconds: 0,
        version: 10 + index,
      });
    }

    const order: (Ipv4 | undefined)[] = [];
    for (let next = table.longestFree(HIGH); next !== undefined; next = table.longestFree(HIGH)) {
      order.push(next);
      table.apply(changeOf(table, { client: 9, address: next }));
    }

    expect(order).toEqual([8, 6, 9, 7].map((where) => ADDRESSES[where]));
  });

  it('forgets the order of a range when an overlapping one is asked about, and finds it again', () => {
    const table = new LeaseTable(new Set(), 0);
    const whole: AddressRange = { first: FIRST, last: HIGH.last, excluded: new Set() };

    expect(table.longestFree(LOW)).toBe(FIRST);
    table.apply(changeOf(table, { client: 1, address: FIRST }));
    expect(table.longestFree(whole)).toBe(FIRST + 1);
    table.apply(changeOf(table, { client: 2, address: (FIRST + 2) as Ipv4 }));

    expect(table.longestFree(LOW)).toBe(FIRST + 3);
  });
});

type Step = { does: string; client: number; address: Ipv4; state?: LeaseState; lasts?: number; from?: Ipv4 };

function changeOfStep(table: LeaseTable, step: Step, index: number) {
  const wish = { client: step.client, address: step.address, at: at(index * 10) };
  const expiresAt = at(index * 10 + (step.lasts ?? 0));
  if (step.does === 'offer') return changeOf(table, { ...wish, kind: 'offer', state: 'offered', expiresAt });
  if (step.does === 'withdraw') return changeOf(table, { ...wish, kind: 'offer', state: 'free' });
  if (step.from !== undefined && step.from !== step.address) {
    return changeOf(table, wish, { ...wish, address: step.from, state: 'free' });
  }
  return changeOf(table, { ...wish, state: step.state ?? 'bound', expiresAt });
}

function ordersOf(table: LeaseTable | NaiveTable) {
  return [LOW, HIGH].map((range) => [table.longestFree(range), table.oldestOffer(range)]);
}
