import { describe, expect, test } from 'vitest';
import { findAddress, findUnheld } from '../../src/allocation/candidates.ts';
import { goesFirst } from '../../src/allocation/gateway-rank.ts';
import type { Search } from '../../src/allocation/search.ts';
import { NO_QUIET } from '../../src/exchange/decision-context.ts';
import { instant, type Lease } from '../../src/lease/lease.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { address, at, client, hardware, offer } from '../store/changes.ts';
import { type MemoryStore, memoryStore } from '../support/memory-store.ts';
import { range, segment } from '../support/plan.ts';

const SELF = address('10.15.3.10');
const PEER = address('10.15.3.11');
const POOL = range('10.15.3.20', '10.15.3.39');
const MAXIMUM_SECONDS = 86_400;
const NOW = at(10 * MAXIMUM_SECONDS);
const LONG_AGO = at(0);

/** The order of preference; each row proposes an address of its own, so that the answer says which one spoke. */
const ROWS = [
  ['the address that it waited for, and that nobody answered for', '10.15.3.38'],
  ['its last binding', '10.15.3.37'],
  ['the address that it requests', '10.15.3.36'],
  ['an unused address that this gateway goes first for', '10.15.3.29'],
  ['its own place in the pool', '10.15.3.28'],
  ['the address that has been free longest', '10.15.3.20'],
  ['the oldest unanswered offer', '10.15.3.32'],
  ['an address of a peer that has been silent for a lease', '10.15.3.31'],
] as const;

/** What client 1 is found in a pool of twenty when the first rows have nothing to propose, and all others have. */
async function found(without: number): Promise<string | undefined> {
  const leases: Lease[] = [];
  leases.push(record('10.15.3.31', 'peer', 31, { granter: PEER }));
  if (without < 2) leases.push(record('10.15.3.37', 'free', 1));
  if (without >= 5) leases.push(record('10.15.3.28', 'free', 28)); // Another client's last address.
  const offered = without < 7 ? '10.15.3.32' : undefined;
  if (without >= 6) leases.push(...boundBesides(['10.15.3.31', offered], leases));
  const store = memoryStore({ leases });
  if (offered !== undefined) await offer(store, { client: 32, address: address(offered), at: at(5) });

  return textOf(
    findAddress(
      searchIn(store, {
        answers: new Map(without < 1 ? [[address('10.15.3.38'), undefined]] : []),
        requested: without < 3 ? address('10.15.3.36') : undefined,
        peers: new Map(without < 4 ? [[PEER, LONG_AGO]] : []),
      }),
    ),
  );
}

function searchIn(store: MemoryStore, known: Partial<Search> = {}): Search {
  return {
    client: client(1),
    hardware: hardware(1),
    requested: undefined,
    subnet: segment({
      pools: [POOL],
      leaseTimes: { default: 3600, minimum: 300, maximum: MAXIMUM_SECONDS },
    }),
    leases: store.leases,
    now: NOW,
    reusableBefore: () => NOW,
    trustsClock: true,
    offerReuseAfter: 0,
    self: SELF,
    peers: new Map(),
    isThere: () => true,
    listeningSince: LONG_AGO,
    answers: new Map(),
    quiet: NO_QUIET,
    isOfferedBeside: () => false,
    ...known,
  };
}

function record(text: string, state: Lease['state'], holder: number, more: Partial<Lease> = {}): Lease {
  const lease = { address: address(text), client: client(holder), hardware: hardware(holder), state };
  const expiresAt = state === 'free' ? LONG_AGO : instant(NOW + 3_600_000);
  const times = { expiresAt, updatedAt: LONG_AGO, leaseSeconds: 0 };
  return { ...lease, granter: UNSPECIFIED, ...times, version: 1, ...more };
}

/** Everything that is not named or recorded otherwise is bound; what was free is bound again, to whoever had it. */
function boundBesides(texts: readonly (string | undefined)[], leases: Lease[]): Lease[] {
  const free = leases.filter(({ state }) => state === 'free').map((lease) => ipv4ToText(lease.address));
  leases.splice(0, leases.length, ...leases.filter(({ state }) => state !== 'free'));
  const others = Array.from({ length: 20 }, (_, index) => `10.15.3.${20 + index}`);
  const bound = [...free, ...others].filter((text) => !texts.includes(text));
  return [...new Set(bound)].map((text) => record(text, 'bound', Number(text.split('.')[3])));
}

function textOf(found: Ipv4 | undefined): string | undefined {
  return found === undefined ? undefined : ipv4ToText(found);
}

describe('RFC 2131 §4.3.1: a client that has no binding is given', () => {
  test.each(ROWS.map(([row, proposed], index) => [row, proposed, index] as const))(
    '%s (%s), before all that comes later in the order',
    async (_, proposed, index) => {
      expect(await found(index)).toBe(proposed);
    },
  );

  test('nothing when the pool is full', async () => {
    const leases: Lease[] = [];
    leases.push(...boundBesides([], leases));

    expect(findAddress(searchIn(memoryStore({ leases })))).toBeUndefined();
  });
});

describe('what a row does not propose', () => {
  test('an address that somebody else answered for; its own answer is no obstacle', () => {
    const waitedFor = (holder: HardwareAddress) =>
      textOf(findAddress(searchIn(memoryStore(), { answers: new Map([[address('10.15.3.38'), holder]]) })));

    expect(waitedFor(hardware(2))).toBe('10.15.3.28');
    expect(waitedFor(hardware(1))).toBe('10.15.3.38');
  });

  test('RFC 2131 §4.3.1: a last binding or a requested address that another client has by now', () => {
    const leases = [record('10.15.3.36', 'bound', 2)];
    const store = memoryStore({ leases });

    expect(textOf(findAddress(searchIn(store, { requested: address('10.15.3.36') })))).toBe('10.15.3.28');
  });

  test('RFC 2131 §4.3.1: a requested address outside the pool', () => {
    const requested = address('10.15.3.40');

    expect(textOf(findAddress(searchIn(memoryStore(), { requested })))).toBe('10.15.3.28');
  });

  test('an offer that is younger than the patience with its client; at that age it gives way', async () => {
    const leases = [record('10.15.3.31', 'peer', 31, { granter: PEER })];
    leases.push(...boundBesides(['10.15.3.31', '10.15.3.32'], leases));
    const store = memoryStore({ leases });
    await offer(store, { client: 32, address: address('10.15.3.32'), at: instant(NOW - 5000) });

    const waiting = (offerPatience: number) =>
      textOf(findAddress(searchIn(store, { offerReuseAfter: offerPatience })));

    expect(waiting(5001)).toBe('10.15.3.31');
    expect(waiting(5000)).toBe('10.15.3.32');
  });

  test('an address of a peer that was heard within a longest lease; after that it does', () => {
    const leases = [record('10.15.3.31', 'peer', 31, { granter: PEER })];
    leases.push(...boundBesides(['10.15.3.31'], leases));
    const store = memoryStore({ leases });
    const heard = (ago: number) =>
      textOf(findAddress(searchIn(store, { peers: new Map([[PEER, instant(NOW - ago)]]) })));

    expect(heard(MAXIMUM_SECONDS * 1000 - 1)).toBeUndefined();
    expect(heard(MAXIMUM_SECONDS * 1000)).toBe('10.15.3.31');
  });

  test('an address of a peer that was noted under a clock that is put back now, by when the peer was heard', () => {
    const times = { granter: PEER, updatedAt: instant(NOW + 5 * 86_400_000) };
    const leases = [record('10.15.3.31', 'peer', 31, times)];
    leases.push(...boundBesides(['10.15.3.31'], leases));
    const store = memoryStore({ leases });
    const heard = (ago: number) =>
      textOf(findAddress(searchIn(store, { peers: new Map([[PEER, instant(NOW - ago)]]) })));

    expect(heard(MAXIMUM_SECONDS * 1000 - 1)).toBeUndefined();
    expect(heard(MAXIMUM_SECONDS * 1000)).toBe('10.15.3.31');
  });

  test('an address of a silent peer, while nobody knows how long it has been silent: the clock is in doubt', () => {
    const leases = [record('10.15.3.31', 'peer', 31, { granter: PEER })];
    leases.push(...boundBesides(['10.15.3.31'], leases));
    const store = memoryStore({ leases });

    const found = (trustsClock: boolean) => textOf(findAddress(searchIn(store, { trustsClock })));

    expect([found(true), found(false)]).toEqual(['10.15.3.31', undefined]);
  });

  test('what another client was offered lately, without being held, as long as anything else is free', () => {
    const store = memoryStore();
    const others = new Set<Ipv4>();
    const find = [findAddress, findUnheld].map((choose) => () => {
      const found = choose({ ...searchIn(store), isOfferedBeside: (address) => others.has(address) });
      return found ?? UNSPECIFIED;
    });
    for (const choose of find) {
      others.clear();
      const free = Array.from({ length: 20 }, () => {
        const found = choose();
        others.add(found);
        return found;
      });

      expect(new Set(free).size).toBeGreaterThan(10);
      expect(others.has(choose())).toBe(true);
    }
  });

  test('while another gateway is heard, what that one goes first for, only because its own was offered lately', () => {
    const store = memoryStore();
    const peers = new Map([[PEER, LONG_AGO]]);
    const own = new Set<Ipv4>();
    for (const choose of [findAddress, findUnheld]) {
      own.clear();
      for (let count = 0; count < 40; count += 1) {
        const search = {
          ...searchIn(store, { peers }),
          isOfferedBeside: (address: Ipv4) => own.has(address),
        };
        own.add(choose(search) ?? UNSPECIFIED);
      }

      expect([...own].filter((address) => !goesFirst(SELF, address, peers.keys()))).toEqual([]);
      expect(own.size).toBeGreaterThan(5);
    }
  });

  test('to be offered without being held: an address on offer, or another client’s last one while others are free', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `10.15.3.${20 + index}`);
    const leases = texts.slice(0, 18).map((text) => record(text, 'free', Number(text.split('.')[3])));
    const store = memoryStore({ leases });
    await offer(store, { client: 32, address: address('10.15.3.38'), at: at(5) });
    const others = new Set(
      [60, 61, 62, 63].map((number) => {
        return textOf(findUnheld({ ...searchIn(store), client: client(number) }));
      }),
    );

    expect(others).toEqual(new Set(['10.15.3.39']));
  });
});
