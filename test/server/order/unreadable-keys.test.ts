import { describe, expect, test } from 'vitest';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { orderProblem } from '../../../src/management/routes/order-problem.ts';
import { reservationProblem } from '../../../src/management/routes/reservation-problem.ts';
import { Keys } from '../../../src/store/etcd/keys/keys.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { at } from '../../support/plan.ts';
import { put, remove, settled, started, told, WHO } from '../../support/reserving.ts';
import type { ServerNode } from '../../support/server-node.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../support/shared-store.ts';

const ADA = new Guest('52:54:00:00:00:01');
const KEYS = new Keys(SEGMENT);
const idOf = (text: string) => text as OutsideId;

/** A gateway on an etcd, after `web` was reserved for Ada, and then something put by hand. */
async function gateway(write: (cluster: MemoryCluster) => void): Promise<[ServerNode, MemoryCluster]> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const clock = new FakeClock();
  const node = await started({
    clock,
    openStore: (inFlight) => openSharedStore({ etcd: cluster.connect(), clock, inFlight, place: 10 }),
  });
  await put(node, 'web', { mac: [ADA.mac], address: '10.15.3.77' });
  write(cluster);
  await settle();
  return [node, cluster];
}

function write(cluster: MemoryCluster, key: string, text: string): void {
  cluster.transact({
    compare: [],
    success: [{ kind: 'put', key, value: Buffer.from(text) }],
    failure: [],
  });
}

/** Runs what a remedy says that puts something right. */
function obey(cluster: MemoryCluster, remedy: string): void {
  const [, key = '', quoted] = /etcdctl (?:put|del) '([^']*)'(?: '(.*)')?$/.exec(remedy) ?? [];
  if (quoted !== undefined) write(cluster, key, quoted.replaceAll("'\\''", "'"));
  else cluster.transact({ compare: [], success: [{ kind: 'delete', key }], failure: [] });
}

describe('an order that rests on a key in etcd which cannot be read says which one, and what to do', () => {
  const RESERVATION = KEYS.ofReservation(idOf('web'));

  test('a reservation’s own key: it is changed when the key was put back', async () => {
    const [node, cluster] = await gateway((etcd) => write(etcd, RESERVATION, 'by hand'));

    const refused = await put(node, 'web', { mac: [ADA.mac], address: '10.15.3.78' });

    expect(told(refused)).toContain(
      `the key ${RESERVATION} in etcd holds text that this version cannot read`,
    );
    const tried = await put(node, 'web', { mac: [ADA.mac], address: '10.15.3.78' }, { isDryRun: true });
    expect(tried).toEqual(refused);
    expect(told(refused)).toContain(`puts back what this node knows of it: etcdctl put '${RESERVATION}' '{`);
    obey(cluster, told(refused));
    await settle();
    expect(told(await put(node, 'web', { mac: [ADA.mac], address: '10.15.3.78' }))).toBe(
      'committed 10.15.3.78',
    );
  });

  test('the reservation behind a card’s key, which this gateway never knew: the card is free when its key is gone', async () => {
    const strange = KEYS.ofReservation(idOf('strange'));
    const [node, cluster] = await gateway((etcd) => {
      write(etcd, strange, '{"of":"a newer version"}');
      write(etcd, KEYS.ofIdentity('mac 52:54:00:00:00:02'), 'strange');
    });

    const refused = await put(node, 'new', { mac: ['52:54:00:00:00:02'], address: '10.15.3.79' });

    expect(told(refused)).toContain(`the key ${strange} in etcd holds text`);
    expect(told(refused)).toContain(`this removes it: etcdctl del '${strange}'`);
    obey(cluster, told(refused));
    await settle();
    expect(told(await put(node, 'new', { mac: ['52:54:00:00:00:02'], address: '10.15.3.79' }))).toBe(
      'committed 10.15.3.79',
    );
  });

  test('the key of an address, for a reservation and for an order about the address', async () => {
    const address = KEYS.ofAddress(at('10.15.3.90'));
    const [node, cluster] = await gateway((etcd) => write(etcd, address, 'the printer'));

    const refused = await put(node, 'new', { mac: ['52:54:00:00:00:02'], address: '10.15.3.90' });
    const order = await settled(
      node,
      node.server.submit({ kind: 'restore', address: at('10.15.3.90'), ...WHO }),
    );

    expect(told(refused)).toContain(`the key ${address} in etcd holds text`);
    expect(order).toMatchObject({ outcome: 'unreadable-key', detail: expect.stringContaining(address) });
    obey(cluster, told(refused));
    await settle();
    expect(told(await put(node, 'new', { mac: ['52:54:00:00:00:02'], address: '10.15.3.90' }))).toBe(
      'committed 10.15.3.90',
    );
  });

  test('the answer has it, with a word that programs know', async () => {
    const [node] = await gateway((etcd) => write(etcd, RESERVATION, 'by hand'));
    const refused = await remove(node, 'web');
    if (refused.outcome !== 'refused') throw new Error(refused.outcome);

    const { parts } = reservationProblem(refused);
    const other = orderProblem(
      at('10.15.3.90'),
      { outcome: 'unreadable-key', detail: 'd' },
      node.server.figures,
    );

    expect(parts).toMatchObject({ status: 409, word: 'unreadable-key' });
    expect(parts.errors?.[0]?.detail).toContain(RESERVATION);
    expect(other.parts).toMatchObject({ status: 409, word: 'unreadable-key', detail: 'd' });
  });
});
