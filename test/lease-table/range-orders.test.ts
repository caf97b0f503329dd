import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lease, LeaseState } from '../../src/lease/lease.ts';
import type { AddressRange } from '../../src/lease/lease-view.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, at, changeOf, client, hardware } from '../store/changes.ts';

const FIRST = address('10.15.3.0');
/** More than a step of the building looks at. */
const SIZE = 5000;

function rangeOf(first: number, last: number, ...excluded: readonly number[]): AddressRange {
  const nth = (index: number) => (FIRST + index) as Ipv4;
  return { first: nth(first), last: nth(last), excluded: new Set(excluded.map(nth)) };
}

function load(table: LeaseTable, index: number, state: LeaseState, version = table.revision + 1): void {
  table.load({
    ...{ address: (FIRST + index) as Ipv4, client: client(index), hardware: hardware(index), state, version },
    ...{ granter: index % 2 === 0 ? UNSPECIFIED : address('10.15.3.11') },
    ...{ expiresAt: at(60), updatedAt: at(0), leaseSeconds: 60 },
  });
}

function offer(table: LeaseTable, index: number): void {
  table.apply(
    changeOf(table, { kind: 'offer', client: index, address: (FIRST + index) as Ipv4, state: 'offered' }),
  );
}

/** The first ones in the orders of a range, in their order, by numbers from the first address. */
function contentOf(table: LeaseTable, inFlight: Set<Ipv4>, range: AddressRange) {
  const take = (next: () => Ipv4 | undefined): number[] => {
    const taken: Ipv4[] = [];
    for (let found = next(); found !== undefined && taken.length < 200; found = next()) {
      taken.push(found);
      inFlight.add(found);
    }
    for (const each of taken) inFlight.delete(each);
    return taken.map((each) => each - FIRST);
  };
  const peers: number[] = [];
  const note = (lease: Lease) => {
    peers.push(lease.address - FIRST);
    return false;
  };
  table.oldestPeer(range, note);
  return {
    free: take(() => table.longestFree(range)),
    offered: take(() => table.oldestOffer(range)?.address),
    peers,
    counts: table.occupancy(range),
  };
}

function newTable() {
  const inFlight = new Set<Ipv4>();
  return { inFlight, table: new LeaseTable(inFlight, 1) };
}

describe('the orders of free addresses', () => {
  it('are those of a range by its value: another object of the same value finds what the first one knew', () => {
    const { table } = newTable();
    for (const index of [3, 1, 2]) load(table, index, 'free');
    const excluded = [0, 4, 5, 6, 7, 8, 9];

    expect(table.longestFree(rangeOf(0, 9, ...excluded))).toBe(FIRST + 3);
    load(table, 3, 'bound');
    expect(table.longestFree(rangeOf(0, 9, ...excluded.toReversed()))).toBe(FIRST + 1);
  });

  it('follow exclusions that come and go', () => {
    const { table, inFlight } = newTable();
    load(table, 1, 'bound');
    load(table, 2, 'free');
    load(table, 3, 'free');

    expect(contentOf(table, inFlight, rangeOf(0, 4)).free).toEqual([0, 4, 2, 3]);
    expect(contentOf(table, inFlight, rangeOf(0, 4, 0, 1, 2))).toMatchObject({
      free: [4, 3],
      counts: { unused: 1, free: 1, taken: 0 },
    });
    expect(contentOf(table, inFlight, rangeOf(0, 4, 4))).toMatchObject({
      free: [0, 3, 2],
      counts: { unused: 1, free: 2, taken: 1 },
    });
  });

  it('hold nothing that is reserved, and count it apart until it is leased, here or by another gateway', () => {
    const { table, inFlight } = newTable();
    const range = rangeOf(0, 4);
    load(table, 1, 'free');
    load(table, 2, 'peer');
    load(table, 3, 'peer');
    offer(table, 4);
    for (const index of [0, 1, 2, 3, 4]) table.reserve((FIRST + index) as Ipv4);

    expect(contentOf(table, inFlight, range)).toMatchObject({ free: [], offered: [], peers: [] });
    expect(table.occupancy(range)).toMatchObject({ unused: 0, free: 0, offered: 0, taken: 0 });
    expect(table.occupancy(range)).toMatchObject({ reserved: 4, peer: 1 });
    load(table, 1, 'bound');
    expect(table.occupancy(range)).toMatchObject({ reserved: 3, taken: 1, peer: 1 });
    load(table, 1, 'free');
    for (const index of [0, 1, 2, 3, 4]) table.unreserve((FIRST + index) as Ipv4);
    expect(contentOf(table, inFlight, range)).toMatchObject({ free: [0, 1], offered: [4], peers: [2, 3] });
  });

  it('pass over what is excepted', () => {
    const { table } = newTable();
    const except = new Set([FIRST, (FIRST + 1) as Ipv4]);
    offer(table, 3);
    load(table, 1, 'free');
    load(table, 2, 'free');

    expect(table.longestFree(rangeOf(0, 2), except)).toBe(FIRST + 2);
    expect(table.oldestOffer(rangeOf(3, 3), new Set([(FIRST + 3) as Ipv4]))).toBeUndefined();
  });

  it('that are prepared in steps while leases change are what they would be if asked for at the end', () => {
    const index = fc.integer({ min: 0, max: SIZE - 1 });
    const aChange = fc.oneof(
      fc.record({ does: fc.constantFrom('free', 'bound', 'peer', 'declined', 'offered'), index }),
      fc.record({ does: fc.constant('reserve'), index }),
    );
    fc.assert(
      fc.property(
        fc.array(aChange, { minLength: 1, maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 60, maxLength: 60 }),
        fc.integer(),
        (changes, steps, seed) => {
          const { table, inFlight } = newTable();
          const states = ['free', 'bound', 'peer', 'declined'] as const;
          for (let each = 0; each < SIZE; each += 1) {
            const mixed = Math.imul(each ^ seed, 0x9e3779b1) >>> 0;
            // Versions that fall and rise over the slots, so that the sort has something to do.
            if (mixed % 8 < 6) load(table, each, states[mixed % 4] ?? 'free', (mixed % 100_000) + 1);
          }
          const before = rangeOf(SIZE / 2, SIZE - 1);
          table.longestFree(before); // It is in force meanwhile, and overlaps the one that is prepared.
          const range = rangeOf(0, SIZE - 1, 7);
          for (const [at_, change] of changes.entries()) {
            for (let step = 0; step < (steps[at_] ?? 0); step += 1) table.prepare([range]);
            const { does } = change;
            if (does === 'reserve') table.reserve((FIRST + change.index) as Ipv4);
            else if (does === 'offered') offer(table, change.index);
            else load(table, change.index, does as LeaseState);
            table.longestFree(before);
          }
          while (!table.prepare([range]));

          const prepared = contentOf(table, inFlight, range);
          table.longestFree(rangeOf(SIZE, SIZE + 1));
          table.longestFree(rangeOf(1, SIZE - 1)); // Overlaps it: it is forgotten, and made at once.
          expect(prepared).toEqual(contentOf(table, inFlight, range));
        },
      ),
      { numRuns: 20 },
    );
  });
});
