import { describe, expect, test } from 'vitest';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { Guest } from '../../support/guest.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { PluggedCards } from '../../support/plugged.ts';
import { cards } from '../../support/reservations.ts';
import { boot, put, reconcile } from '../../support/reserving.ts';
import { ServerNode, type ServerNodeOptions } from '../../support/server-node.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';

const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const PLACE = '10.15.3.77';
const AT_PORT = { port: 'tap104i0', address: PLACE };

async function plugged(options: ServerNodeOptions = {}) {
  const ports = new PluggedCards();
  const node = new ServerNode(options);
  node.ports = ports;
  await node.server.start();
  return { node, ports };
}

function macsOf(node: ServerNode, id = '104') {
  return node.server.reservations.current?.get(id as OutsideId)?.macs;
}

async function bootAndLearn(node: ServerNode, guest: Guest): Promise<string> {
  const address = await boot(node, guest);
  for (let step = 0; step < 5; step += 1) await settle();
  return address;
}

describe('a reservation by the port of the bridge alone', () => {
  test('has the card of its guest from its first lease on, with why in the log of orders', async () => {
    const { node, ports } = await plugged();
    await put(node, '104', AT_PORT);
    ports.plug(ADA.mac, 'fwpr104p0');

    expect(await bootAndLearn(node, ADA)).toBe(PLACE);

    expect(macsOf(node)).toEqual(cards(ADA.mac));
    expect(
      node.log.lines.filter(({ message }) => message === 'order about a reservation').at(-1),
    ).toMatchObject({
      fields: { order: 'learn', author: 'gateway', note: 'seen at fwpr104p0', outcome: 'committed' },
    });
  });

  test('is its guest’s at a gateway too that does not see its port', async () => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const clock = new FakeClock();
    const share = (place: number): ServerNodeOptions => ({
      clock,
      openStore: (inFlight) => openSharedStore({ etcd: cluster.connect(), clock, inFlight, place }),
    });
    const { node: first, ports } = await plugged(share(10));
    const { node: second } = await plugged(share(11));
    await put(first, '104', AT_PORT);
    ports.plug(ADA.mac, 'tap104i0');
    await bootAndLearn(first, ADA);

    expect(macsOf(second)).toEqual(cards(ADA.mac));
    expect(await second.hear(ADA.extend(PLACE))).toEqual([expect.stringContaining('DHCPACK')]);
  });

  test('keeps the card when it is put again, or reconciled, without one; with another port it has none', async () => {
    const { node, ports } = await plugged();
    await put(node, '104', AT_PORT);
    ports.plug(ADA.mac, 'tap104i0');
    await bootAndLearn(node, ADA);
    const entries = [{ id: '104', ...AT_PORT }];

    await reconcile(node, { entries });
    expect(await reconcile(node, { entries })).toMatchObject({ unchanged: [{ id: '104' }], changed: [] });
    expect(macsOf(node)).toEqual(cards(ADA.mac));
    await put(node, '104', { ...AT_PORT, port: 'tap105i0' });
    expect(macsOf(node)).toEqual([]);
  });

  test('learns one card only, whatever its guest sends from, and none that another reservation names', async () => {
    const { node, ports } = await plugged();
    await put(node, '104', AT_PORT);
    await put(node, 'bob', { mac: [BOB.mac], address: '10.15.3.78' });
    for (const guest of [BOB, ADA]) ports.plug(guest.mac, 'tap104i0');

    expect(await bootAndLearn(node, BOB)).toBe('10.15.3.78');
    expect(macsOf(node)).toEqual([]);
    expect(await bootAndLearn(node, ADA)).toBe(PLACE);
    const other = new Guest('52:54:00:00:00:03');
    ports.plug(other.mac, 'tap104i0');
    await bootAndLearn(node, other);

    expect(macsOf(node)).toEqual(cards(ADA.mac));
  });

  test('that names a card learns none', async () => {
    const { node, ports } = await plugged();
    await put(node, '104', { ...AT_PORT, mac: [BOB.mac] });
    ports.plug(ADA.mac, 'tap104i0');

    await bootAndLearn(node, ADA);

    expect(macsOf(node)).toEqual(cards(BOB.mac));
  });
});
