import { describe, expect, test } from 'vitest';
import type { OperatorOrder } from '../../../src/engine/operator-order.ts';
import { settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { at } from '../../support/plan.ts';
import { ServerNode, THERE } from '../../support/server-node.ts';
import { embedded, shared } from '../../support/stored-server.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const WHO = { author: 'grace', note: 'ticket 42' };

async function boot(node: ServerNode, guest: Guest): Promise<string> {
  const [offer = ''] = await node.hear(guest.discover());
  const address = /10\.[0-9.]+/.exec(offer)?.[0] ?? '';
  await node.hear(guest.select(address, SERVER));
  return address;
}

async function submit(node: ServerNode, order: OperatorOrder) {
  const result = node.server.submit(order);
  for (let step = 0; step < 5; step += 1) await settle();
  return result;
}

describe.each([
  ['SQLite', embedded],
  ['etcd', shared],
])('orders from outside, with leases in %s', (_where, open) => {
  test('release a lease, and the history tells who ordered it', async () => {
    const { node, store, reasons } = await open();
    await node.server.start();
    const address = await boot(node, ADA);

    const result = await submit(node, { kind: 'release', address: at(address), ...WHO });

    expect(result).toEqual({ outcome: 'committed', reason: 'released-by-operator' });
    expect(store().leases.at(at(address))?.state).toBe('free');
    expect(node.log.at('info')).toContain('order from outside');
    expect((await reasons()).at(-1)).toBe('released-by-operator by grace: ticket 42');
  });

  test('keep an address from everybody, until they put it back', async () => {
    const { node, store, reasons } = await open();
    await node.server.start();
    const address = await boot(node, ADA);
    await submit(node, { kind: 'release', address: at(address), author: 'grace' });

    const kept = await submit(node, { kind: 'quarantine', address: at(address), seconds: 3600, ...WHO });
    const other = await boot(node, ADA);
    const back = await submit(node, { kind: 'restore', address: at(address), author: 'grace' });

    expect([kept, back]).toEqual([
      { outcome: 'committed', reason: 'quarantined-by-operator' },
      { outcome: 'committed', reason: 'restored-by-operator' },
    ]);
    expect(other).not.toBe(address);
    expect(store().leases.at(at(address))?.state).toBe('free');
    expect(await reasons()).toEqual(
      expect.arrayContaining([
        'quarantined-by-operator by grace: ticket 42',
        'restored-by-operator by grace',
      ]),
    );
  });

  test('work while no sockets are open, and what serves afterwards knows of them', async () => {
    const { node, store } = await open();
    await node.server.start();
    const address = await boot(node, ADA);
    node.search = { kind: 'waiting', message: 'no address', remedy: 'wait' };
    for (let second = 0; second < 3; second += 1) {
      await node.clock.pass(1000);
      await settle();
    }

    const released = await submit(node, { kind: 'release', address: at(address), ...WHO });
    const kept = await submit(node, { kind: 'quarantine', address: at(address), seconds: 3600, ...WHO });
    node.search = THERE;
    for (let second = 0; second < 8; second += 1) {
      await node.clock.pass(1000);
      await settle();
    }

    expect(node.server.status.status).toBe('serving');
    expect([released.outcome, kept.outcome]).toEqual(['committed', 'committed']);
    expect(store().leases.at(at(address))?.state).toBe('declined');
    expect(await boot(node, ADA)).not.toBe(address);
  });

  test('are refused with a reason where there is nothing to do', async () => {
    const { node } = await open();
    await node.server.start();
    const address = at(await boot(node, ADA));
    const idle = at('10.15.3.99');
    const refused = async (order: OperatorOrder) => {
      const result = await submit(node, order);
      return result.outcome === 'refused' ? result.why : result.outcome;
    };

    expect(await refused({ kind: 'release', address: idle, ...WHO })).toBe('not-leased');
    expect(await refused({ kind: 'restore', address: idle, ...WHO })).toBe('not-quarantined');
    expect(await refused({ kind: 'quarantine', address, seconds: 60, ...WHO })).toBe('leased');
    expect(await refused({ kind: 'quarantine', address: at('10.15.3.1'), seconds: 60, ...WHO })).toBe(
      'not-a-guest-address',
    );
    expect(await refused({ kind: 'quarantine', address: at('8.8.8.8'), seconds: 60, ...WHO })).toBe(
      'not-a-guest-address',
    );
    await node.server.stop();
    expect(await refused({ kind: 'release', address, ...WHO })).toBe('stopped');
  });
});

describe('orders from outside', () => {
  test('are refused while nothing can be stored', async () => {
    const node = new ServerNode();
    await node.server.start();
    const address = at(await boot(node, ADA));
    if (node.store !== undefined) node.store.table.canPromise = false;

    expect(await submit(node, { kind: 'release', address, ...WHO })).toEqual({
      outcome: 'refused',
      why: 'cannot-promise',
    });
  });

  test('that meet a change of the same lease are decided on what stands then', async () => {
    const node = new ServerNode();
    await node.server.start();
    const address = at(await boot(node, ADA));
    node.store?.script({ fate: 'conflict' });

    expect(await submit(node, { kind: 'release', address, ...WHO })).toMatchObject({ outcome: 'committed' });
  });

  test('say so when nobody knows whether they were stored', async () => {
    const node = new ServerNode();
    await node.server.start();
    const address = at(await boot(node, BOB));
    node.store?.script({ fate: 'unknown' });

    expect(await submit(node, { kind: 'release', address, ...WHO })).toEqual({ outcome: 'unknown' });
  });
});
