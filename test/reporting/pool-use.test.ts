import { describe, expect, test } from 'vitest';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { instant, type Lease, type LeaseState } from '../../src/lease/lease.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { type PoolUseInput, poolProblem, poolUseOf, poolUseToText } from '../../src/reporting/pool-use.ts';
import { at, planOf, range, segment } from '../support/plan.ts';

const NOW = instant(1_800_000_000_000);
const DAY = 86_400_000;
const PEER = at('10.15.3.11');

type AddressUse = readonly [
  address: string,
  state: LeaseState,
  granter?: Ipv4 | undefined,
  age?: number | undefined,
];

/** A pool of ten addresses, 10.15.3.20 to .29, one of them the listen IP of a gateway. */
function question(standings: readonly AddressUse[], more: Partial<PoolUseInput> = {}): PoolUseInput {
  const leases = new LeaseTable(new Set(), 1);
  for (const [index, [address, state, granter = UNSPECIFIED, age = 0]] of standings.entries()) {
    const lease: Lease = {
      address: at(address),
      client: `ff${address}` as ClientKey,
      hardware: NO_HARDWARE,
      granter,
      state,
      expiresAt: instant(NOW + DAY),
      updatedAt: instant(NOW - age),
      leaseSeconds: 3600,
      version: index + 1,
    };
    if (state === 'offered') leases.loadOffer(lease);
    else leases.load(lease);
  }
  return {
    plan: planOf({ subnet: segment({ pools: [range('10.15.3.20', '10.15.3.29', ['10.15.3.22'])] }) }),
    leases,
    now: NOW,
    trustsClock: true,
    peers: new Map(),
    isThere: () => true,
    listeningSince: instant(NOW - 2 * DAY),
    clusterPeers: new Set(),
    ...more,
  };
}

const ALL = [20, 21, 23, 24, 25, 26, 27, 28, 29].map((last) => `10.15.3.${last}`);
const full = (state: LeaseState, granter?: Ipv4, age?: number) =>
  ALL.map((address): AddressUse => [address, state, granter, age]);

describe('how the pool is used', () => {
  test('each address counts once, excluded ones never, and what is free counts as left', () => {
    const use = poolUseOf(
      question([
        ['10.15.3.20', 'bound'],
        ['10.15.3.21', 'declined'],
        ['10.15.3.23', 'free'],
        ['10.15.3.24', 'peer', PEER],
        ['10.15.3.25', 'offered'],
        ['10.15.3.99', 'bound'],
      ]),
    );

    expect(use).toEqual({
      ranges: ['10.15.3.20-10.15.3.29'],
      size: 9,
      leased: 1,
      peers: 1,
      reserved: 0,
      declined: 1,
      offered: 1,
      left: 5,
      hasRoom: true,
    });
    expect(poolUseToText(use)).toBe(
      '1 of 9 leased, 1 of other gateways, 1 declined, 1 on offer, 5 left (10.15.3.20-10.15.3.29)',
    );
  });

  test('an address that a gateway of the same leases listens on is not left for a guest', () => {
    const { size, left } = poolUseOf(
      question([], { clusterPeers: new Set([at('10.15.3.20'), at('10.15.3.99')]) }),
    );

    expect([size, left]).toEqual([8, 8]);
  });

  test.each<[what: string, standings: readonly AddressUse[], hasRoom: boolean]>([
    ['every address is leased', full('bound'), false],
    ['every address is in quarantine', full('declined'), false],
    ["every address is a living gateway's", full('peer', PEER, 3600_000), false],
    [
      "every address is a gateway's that has been silent for the longest lease",
      full('peer', PEER, DAY),
      true,
    ],
    ['an offer may give way', [...full('bound').slice(1), ['10.15.3.20', 'offered']], true],
    ['a lease of its own has run out while others are heard', full('peer', UNSPECIFIED), true],
  ])('%s: room is %s', (_what, standings, hasRoom) => {
    const use = poolUseOf(question(standings, { peers: new Map([[PEER, instant(NOW - DAY)]]) }));

    expect(use.hasRoom).toBe(hasRoom);
    expect(poolProblem(use, true)?.stopsNewGuests ?? false).toBe(!hasRoom);
  });

  test('a full pool is a problem, and so, without stopping a guest, is one from 90 % on', () => {
    const problems = [7, 8, 9].map((count) =>
      poolProblem(poolUseOf(question([...full('bound').slice(0, count - 1), ['10.15.3.29', 'bound']])), true),
    );
    const tenth = poolProblem({ ...poolUseOf(question([])), size: 10, leased: 9, left: 1 }, true);

    expect(problems.map((problem) => problem?.name)).toEqual([undefined, undefined, 'pool-full']);
    expect(tenth).toMatchObject({ name: 'pool-nearly-full', stopsNewGuests: false });
    expect(tenth?.message).toBe(
      '90 % of the pool are in use: 1 of 10 addresses free, 9 leased, 0 reserved or retired, and not in use, 0 in quarantine',
    );
  });

  test('a full pool says what all of its addresses are used for, and first how to see what most of them are', () => {
    const input = question([
      ['10.15.3.20', 'bound'],
      ['10.15.3.21', 'bound'],
      ['10.15.3.23', 'declined'],
      ['10.15.3.24', 'peer', PEER],
    ]);
    const table = input.leases as LeaseTable;
    // One of them is leased to its guest: it counts as that.
    for (const last of [20, 25, 26, 27, 28, 29]) table.reserve(at(`10.15.3.${last}`));
    const use = poolUseOf(input);
    const problem = poolProblem(use, true);

    expect(use).toMatchObject({ leased: 2, reserved: 5, declined: 1, peers: 1, left: 0, hasRoom: false });
    expect(problem?.message).toBe(
      'the pool is full: 0 of 9 addresses free, 2 leased, 5 reserved or retired, and not in use, 1 in quarantine, 1 of other gateways',
    );
    const commands = [...(problem?.remedy ?? '').matchAll(/`(.*?)`/g)].map(([, command]) => command);
    expect(commands).toEqual([
      'vps-gateway reservations list --state reserved-idle --retired',
      'vps-gateway leases',
      'vps-gateway leases list --state declined',
      'vps-gateway addresses restore',
    ]);
    expect(poolUseToText(use)).toContain(
      '2 of 9 leased, 5 reserved or retired, and not in use, 1 of other gateways',
    );
  });

  test('while the clock is in doubt, what has run out is not left, and a full pool is the clock’s problem', () => {
    const use = poolUseOf(question(full('peer', UNSPECIFIED), { trustsClock: false }));

    expect([use.left, use.leased, use.hasRoom]).toEqual([0, 9, false]);
    expect(poolProblem(use, false)).toBeUndefined();
  });
});
