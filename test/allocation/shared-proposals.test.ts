import { describe, expect, test } from 'vitest';
import { findAddress } from '../../src/allocation/candidates.ts';
import { goesFirst } from '../../src/allocation/gateway-rank.ts';
import type { QuietView } from '../../src/allocation/quiet-view.ts';
import type { Search } from '../../src/allocation/search.ts';
import { firstGatewayFor } from '../../src/allocation/shared-proposals.ts';
import { QuietAddresses } from '../../src/detection/quiet-addresses.ts';
import { NO_QUIET } from '../../src/exchange/decision-context.ts';
import type { Lease } from '../../src/lease/lease.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { at, client, hardware } from '../store/changes.ts';
import { memoryStore } from '../support/memory-store.ts';
import { at as dotted, range, segment } from '../support/plan.ts';
import { SeededRandom } from '../support/random.ts';

const GATEWAYS = ['10.15.3.10', '10.15.3.11', '10.15.3.12'].map(dotted);
const POOLS = [range('10.15.3.20', '10.15.3.99'), range('10.15.3.120', '10.15.3.159')];
const NOW = at(1_000_000);

function othersThan(self: Ipv4): ReadonlySet<Ipv4> {
  return new Set(GATEWAYS.filter((other) => other !== self));
}

/** What a gateway looks for when client `number` asks it. */
function searchOf(self: Ipv4, number: number, leases: readonly Lease[], quiet: QuietView = NO_QUIET): Search {
  return {
    client: client(number),
    hardware: hardware(number),
    requested: undefined,
    subnet: segment({ pools: POOLS }),
    leases: memoryStore({ leases }).leases,
    now: NOW,
    reusableBefore: () => NOW,
    trustsClock: true,
    offerReuseAfter: 0,
    self,
    peers: new Map(),
    isThere: () => true,
    listeningSince: at(0),
    clusterPeers: othersThan(self),
    answers: new Map(),
    quiet,
    isOfferedBeside: () => false,
  };
}

/** So many in a hundred are leased, and so many have been: to clients from 1000 on. */
function leasesOf(random: SeededRandom, bound: number, used: number): readonly Lease[] {
  return POOLS.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => ipv4(first + index)),
  ).flatMap((address, index): Lease[] => {
    const dice = random.below(100);
    if (dice >= bound + used) return [];
    const state = dice < bound ? 'bound' : 'free';
    const expiresAt = state === 'bound' ? at(2_000_000) : at(500_000 + index);
    const who = { client: client(1000 + index), hardware: hardware(1000 + index), granter: UNSPECIFIED };
    return [{ address, ...who, state, expiresAt, updatedAt: at(0), leaseSeconds: 3600, version: index + 1 }];
  });
}

/** All that is free and that the gateway goes first for is quiet. */
function quietAt(self: Ipv4, leases: readonly Lease[]): QuietView {
  const taken = new Map(leases.map((lease) => [lease.address, lease]));
  const addresses = new QuietAddresses(POOLS, {
    versionAt: (address) => taken.get(address)?.version ?? 0,
    freeSince: (address) =>
      taken.get(address)?.state === 'bound' ? undefined : (taken.get(address)?.version ?? 0),
    isWanted: (address) => goesFirst(self, address, othersThan(self)),
  });
  for (let slot = 0; slot < addresses.slots; slot += 1) addresses.visit(slot, 0, 10_000);
  while (addresses.takeSecond(300) !== undefined);
  return {
    isQuiet: (address, asker) => addresses.isQuiet(address, asker, 1000),
    find: (hash, asker, limit, isFit) => addresses.find(hash, asker, limit, 1000, isFit),
  };
}

describe('which gateway answers a client first', () => {
  test('is the same to all of them, and each is it for about a third', () => {
    const counts = new Map<Ipv4, number>();
    for (let number = 1; number <= 300; number += 1) {
      const firsts = GATEWAYS.map((self) => firstGatewayFor(searchOf(self, number, [])));
      expect(new Set(firsts).size).toBe(1);
      const [first = UNSPECIFIED] = firsts;
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }

    for (const self of GATEWAYS) expect(counts.get(self)).toBeGreaterThan(60);
  });

  test('is the one at its own host, where that is known: all choose among the addresses of that one', () => {
    for (const hostGateway of GATEWAYS) {
      for (let number = 1; number <= 30; number += 1) {
        const searches = GATEWAYS.map((self) => ({ ...searchOf(self, number, []), hostGateway }));
        const found = searches.map((search) => findAddress(search) ?? UNSPECIFIED);

        expect(searches.map(firstGatewayFor)).toEqual(GATEWAYS.map(() => hostGateway));
        expect(new Set(found).size).toBe(1);
        expect(goesFirst(hostGateway, found[0] ?? UNSPECIFIED, othersThan(hostGateway))).toBe(true);
      }
    }
  });

  test('changes only for the clients of a gateway that goes', () => {
    for (let number = 1; number <= 100; number += 1) {
      const search = searchOf(GATEWAYS[0] ?? UNSPECIFIED, number, []);
      const before = firstGatewayFor(search);
      const after = firstGatewayFor({ ...search, clusterPeers: new Set(GATEWAYS.slice(1, 2)) });
      if (before !== GATEWAYS[2]) expect(after).toBe(before);
    }
  });
});

describe('what a client is offered that nobody knows', () => {
  const pools = [
    ['an empty pool', 0, 0],
    ['a pool that is half leased', 50, 0],
    ['a pool of which a part was leased', 30, 30],
    ['a pool in which every address was leased once', 40, 60],
  ] as const;

  test.each(pools)(
    'from %s is the same at each gateway, whichever addresses are quiet there',
    (_, bound, used) => {
      const leases = leasesOf(new SeededRandom(bound + used), bound, used);
      const quiets = new Map(GATEWAYS.map((self) => [self, quietAt(self, leases)]));
      for (let number = 1; number <= 80; number += 1) {
        const offers = GATEWAYS.flatMap((self) => [
          findAddress(searchOf(self, number, leases, quiets.get(self))),
          findAddress(searchOf(self, number, leases)),
        ]);

        expect(offers[0]).toBeDefined();
        expect(new Set(offers).size).toBe(1);
      }
    },
  );

  test.each(pools)('from %s differs for clients of different gateways', (_, bound, used) => {
    const leases = leasesOf(new SeededRandom(bound + used), bound, used);
    const firstOf = new Map<Ipv4, Ipv4>();
    for (let number = 1; number <= 80; number += 1) {
      const search = searchOf(GATEWAYS[0] ?? UNSPECIFIED, number, leases);
      const address = findAddress(search) ?? UNSPECIFIED;
      const first = firstGatewayFor(search);
      expect(firstOf.get(address) ?? first).toBe(first);
      firstOf.set(address, first);
    }
  });

  test('comes from the others’ addresses when its own gateway has none left', () => {
    const number = 1;
    const first = firstGatewayFor(searchOf(GATEWAYS[0] ?? UNSPECIFIED, number, []));
    const all = leasesOf(new SeededRandom(1), 100, 0);
    const own = all.filter(({ address }) => goesFirst(first, address, othersThan(first)));

    for (const self of GATEWAYS) {
      const found = findAddress(searchOf(self, number, own));
      expect(found).toBeDefined();
      expect(own.map(({ address }) => address)).not.toContain(found);
      expect(findAddress(searchOf(self, number, all))).toBeUndefined();
    }
  });
});
