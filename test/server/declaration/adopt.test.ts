import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Flags } from '../../../src/config/loading/origins.ts';
import type { Plan } from '../../../src/subnet/plan.ts';
import { settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { at, planOf, range, segment } from '../../support/plan.ts';
import { ServerNode, type ServerNodeOptions, THERE } from '../../support/server-node.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const NEW_POOL = segment({ pools: [range('10.15.3.200', '10.15.3.254')] });

function declared(overrides: Partial<Plan>) {
  return {
    planOf: (listen: { listenIp: Plan['serverIdentifier'] }) =>
      planOf({ serverIdentifier: listen.listenIp, ...overrides }),
  };
}

function settingsFrom(flags: Flags) {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

async function serving(options: ServerNodeOptions = {}): Promise<ServerNode> {
  const node = new ServerNode(options);
  await node.server.start();
  return node;
}

async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  const [ack = ''] = await node.hear(guest.select(address, SERVER));
  return ack.startsWith('DHCPACK') ? address : '';
}

/** The end of what was begun, while the clock goes on. */
async function ended<Result>(node: ServerNode, begun: Promise<Result>): Promise<Result> {
  let isOver = false;
  void begun.finally(() => (isOver = true));
  while (!isOver) {
    await settle();
    await node.clock.pass(1);
  }
  return begun;
}

function adopt(node: ServerNode, next: Parameters<ServerNode['server']['adopt']>[0]) {
  return ended(node, node.server.adopt(next));
}

describe('another plan, while the server runs', () => {
  test('new guests get addresses of the new pool, and a lease outside it is renewed to its end', async () => {
    const node = await serving();
    const before = await boot(node, ADA);
    await node.clock.pass(3_600_000);

    expect(await adopt(node, declared({ subnet: NEW_POOL }))).toEqual({ kind: 'adopted' });
    const [ack = ''] = await node.hear(ADA.extend(before));
    const next = await boot(node, BOB);

    expect(ack).toMatch(new RegExp(`^DHCPACK ${before}`));
    expect(node.store?.leases.at(at(before))?.expiresAt).toBe(
      (node.store?.leases.at(at(before))?.updatedAt ?? 0) + 39_599_000,
    );
    expect(Number(next.split('.')[3])).toBeGreaterThanOrEqual(200);
  });

  test('all that hangs on the plan follows: peers, the longest lease, the use of the pool, what is warned of, what is shown', async () => {
    const node = await serving();
    await boot(node, ADA);
    const shown = [{ setting: 'GATEWAY_DHCP_POOL_START', value: '10.15.3.200', from: 'flag --pool-start' }];
    const taken = segment({
      pools: [range('10.15.3.200', '10.15.3.254')],
      excluded: new Set([
        ...segment().excluded,
        ...segment().pools.flatMap(({ first }) =>
          Array.from({ length: 180 }, (_, index) => (first + index) as typeof first),
        ),
      ]),
    });

    await adopt(node, {
      ...declared({ subnet: taken, peers: new Set([at('10.15.3.11')]) }),
      settings: shown,
    });
    await node.hear(BOB.select('10.15.3.230', '10.15.3.11'));
    await adopt(node, declared({ subnet: taken, peers: new Set([at('10.15.3.11')]) }));

    expect(node.server.status.pool?.ranges).toEqual(['10.15.3.200-10.15.3.254']);
    expect(node.server.status.pool?.peers).toBe(1);
    expect(
      node.log.at('warn').some((line) => line.startsWith("leases run of addresses that are no guest's")),
    ).toBe(true);
  });

  test.each([
    ['identity', { identity: 'mac' } as const, 'GATEWAY_DHCP_IDENTITY', 'auto', 'mac'],
    ['listen IP', { serverIdentifier: at('10.15.3.11') }, 'GATEWAY_DHCP_LISTEN_IP', SERVER, '10.15.3.11'],
    [
      'network',
      { subnet: segment({ prefix: { network: at('10.15.3.0'), length: 25 } as Plan['subnet']['prefix'] }) },
      'GATEWAY_DHCP_SUBNET_MASK',
      '10.15.3.0/24',
      '10.15.3.0/25',
    ],
  ])(
    'another %s is refused by name, and nothing else of the plan is taken up',
    async (_what, change, setting, from, to) => {
      const node = await serving();

      const adoption = await adopt(node, declared({ subnet: NEW_POOL, ...change }));

      expect(adoption).toMatchObject({
        kind: 'refused',
        refusals: [{ setting, from, to, why: expect.stringMatching(/./) }],
      });
      expect(Number((await boot(node, ADA)).split('.')[3])).toBeLessThan(255);
      expect(node.server.status.pool?.ranges).toEqual(['10.15.3.20-10.15.3.254']);
    },
  );

  test('a setting that is read at the start only is refused by name, with why', async () => {
    const node = await serving({ values: settingsFrom({}) });

    const adoption = await adopt(node, {
      ...declared({}),
      values: settingsFrom({ leasesDir: '/elsewhere', dns: '9.9.9.9' }),
    });

    expect(adoption).toEqual({
      kind: 'refused',
      refusals: [
        {
          setting: 'GATEWAY_DHCP_LEASES_DIR',
          from: '/var/lib/obiente/vps-gateway',
          to: '/elsewhere',
          why: 'the store of the leases is opened with it',
        },
      ],
    });
  });

  test('where sockets are opened later, they serve by the plan that was adopted meanwhile', async () => {
    const node = new ServerNode();
    node.search = { kind: 'waiting', message: 'no address', remedy: 'wait' };
    await node.server.start();

    await adopt(node, declared({ subnet: NEW_POOL }));
    node.search = THERE;
    await node.clock.pass(2000);
    await settle();

    expect(Number((await boot(node, ADA)).split('.')[3])).toBeGreaterThanOrEqual(200);
  });

  test('no datagram is lost while guests boot and plans change between their messages', async () => {
    const node = await serving();
    const small = segment({ pools: [range('10.15.3.100', '10.15.3.254')] });
    const adoptions: Promise<unknown>[] = [];
    const answers: number[] = [];
    const addresses: string[] = [];
    for (let number = 1; number <= 60; number += 1) {
      const guest = new Guest(`52:54:00:00:01:${number.toString(16).padStart(2, '0')}`);
      adoptions.push(node.server.adopt(declared({ subnet: number % 2 === 0 ? small : segment() })));
      const offers = await node.hear(guest.discover());
      await node.clock.pass(1);
      const address = /10\.[0-9.]+/.exec(offers[0] ?? '')?.[0] ?? '';
      const acks = await node.hear(guest.select(address, SERVER));
      answers.push(offers.length, acks.length);
      // A pool that has moved on since the offer is said to the client, never kept from it.
      addresses.push(/^(DHCPACK|DHCPNAK)/.exec(acks[0] ?? '')?.[0] === undefined ? 'lost' : address);
    }
    await ended(node, Promise.all(adoptions));

    expect(new Set(answers)).toEqual(new Set([1]));
    expect(addresses).not.toContain('lost');
  });
});
