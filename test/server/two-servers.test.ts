import { expect, test } from 'vitest';
import { prefixOf } from '../../src/net/prefix.ts';
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { Guest } from '../support/guest.ts';
import { at, planOf, range, segment } from '../support/plan.ts';
import { ServerNode, THERE } from '../support/server-node.ts';

/** A server on a segment of its own: 10.15.3.0/24 or 10.15.4.0/24, with four addresses, and a lease directory of its own. */
function serverOn(third: 3 | 4, directory = temporaryDirectory()) {
  const dotted = (last: number) => `10.15.${third}.${last}`;
  const subnet = segment({
    prefix: prefixOf(at(dotted(0)), 24),
    pools: [range(dotted(20), dotted(23))],
    excluded: new Set([0, 1, 10, 255].map((last) => at(dotted(last)))),
  });
  let store: SqliteStore | undefined;
  const node = new ServerNode({
    openStore: (inFlight) => (store = openIn(directory, { inFlight })),
    findListenAddress: () => ({ ...THERE, interfaceName: `eth${third}`, listenIp: at(dotted(10)) }),
    planOf: ({ listenIp }) => planOf({ serverIdentifier: listenIp, subnet }),
  });
  return {
    node,
    directory,
    server: dotted(10),
    dotted,
    lease: (address: string) => store?.leases.at(at(address)),
  };
}

type Served = ReturnType<typeof serverOn>;

async function boot({ node, server }: Served, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  const [ack = ''] = await node.hear(guest.select(address, server));
  return ack.startsWith('DHCPACK') ? address : '';
}

function guests(count: number): Guest[] {
  return Array.from({ length: count }, (_, number) => new Guest(`52:54:00:00:00:0${number + 1}`));
}

test('two servers in one process, each with a lease directory of its own, know nothing of each other', async () => {
  const [one, other] = [serverOn(3), serverOn(4)];
  await Promise.all([one.node.server.start(), other.node.server.start()]);

  // The same guests on both segments, by turns: each server fills its own pool, and refuses the fifth of its own.
  const addresses: string[][] = [[], []];
  for (const guest of guests(5)) {
    addresses[0]?.push(await boot(one, guest));
    addresses[1]?.push(await boot(other, guest));
  }

  for (const [index, served] of [one, other].entries()) {
    expect(addresses[index]?.toSorted()).toEqual(['', ...[20, 21, 22, 23].map(served.dotted)]);
    expect(served.node.server.status.pool).toMatchObject({ size: 4, leased: 4, left: 0 });
    expect(served.node.server.status.listenIp).toBe(served.server);
  }
});

test('what one of two servers does and meets leaves the other as it is: an order, and its stop', async () => {
  const [one, other] = [serverOn(3), serverOn(4)];
  await Promise.all([one.node.server.start(), other.node.server.start()]);
  const [ada = new Guest('52:54:00:00:00:01'), bob = ada] = guests(2);
  const [here, there] = [await boot(one, ada), await boot(other, ada)];

  const released = one.node.server.submit({ kind: 'release', address: at(here), author: 'grace' });
  expect(await released).toMatchObject({ outcome: 'committed' });
  expect(await other.node.server.submit({ kind: 'release', address: at(here), author: 'grace' })).toEqual({
    outcome: 'refused',
    why: 'not-leased',
  });
  await one.node.server.stop();

  expect(other.lease(there)).toMatchObject({ state: 'bound' });
  expect(await other.node.hear(ada.extend(there))).toEqual([expect.stringContaining(`DHCPACK ${there}`)]);
  expect(await boot(other, bob)).toMatch(/^10\.15\.4\./);
});

test('a server that is started again in the same process finds its own leases', async () => {
  const [one, other] = [serverOn(3), serverOn(4)];
  await Promise.all([one.node.server.start(), other.node.server.start()]);
  const [ada = new Guest('52:54:00:00:00:01')] = guests(1);
  const [here, there] = [await boot(one, ada), await boot(other, ada)];
  await one.node.server.stop();

  const again = serverOn(3, one.directory);
  await again.node.server.start();

  expect(again.lease(here)).toMatchObject({ state: 'bound' });
  expect(again.lease(there)).toBeUndefined();
  expect(await boot(again, ada)).toBe(here);
});
