import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { type ApiQuestion, apiJson, askApi } from '../support/api.ts';
import { Cluster } from '../support/cluster.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

type Json = Readonly<Record<string, unknown>>;

const [ADA, BOB] = [hardwareOf(1), hardwareOf(2)];
const SOON = 15_000;
const NAK = 6;

describeSystem('reservations at three gateways that share etcd', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open({ settings: { GATEWAY_METRICS_PORT: 'off' } });
    onTestFailed(() => console.log(cluster.story()));
    await cluster.serve();
  });
  afterEach(() => cluster.close());

  const nodeAt = (place: number) => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error(`no node ${place}`);
    return node;
  };
  const ask = (place: number, path: string, question: ApiQuestion = {}) =>
    cluster.until(() => askApi(nodeAt(place), `/api/v1${path}`, question));
  const setAt = (place: number, id: string, ...words: readonly string[]) =>
    cluster.program(place, 'reservations', 'set', id, ...words);
  /** By id, as a gateway lists them. */
  const placesAt = async (place: number) => {
    const { items } = await cluster.until(() =>
      apiJson<{ items: readonly Json[] }>(nodeAt(place), '/api/v1/reservations'),
    );
    return Object.fromEntries(items.map(({ id, address }) => [id, address]));
  };
  const reconcileAt = (place: number, entries: readonly object[]) => {
    const file = join(nodeAt(place).directory, 'entries.json');
    writeFileSync(file, JSON.stringify(entries));
    const words = [
      'reservations',
      'reconcile',
      file,
      '--scope',
      'rack=1',
      '--reason',
      'a new plan',
      '--json',
    ];
    return cluster.program(place, ...words).then((text) => JSON.parse(text) as Json);
  };
  const boot = (mac: string) => bootUntilLeased(cluster.client, mac, SOON);
  /** A guest that goes on until its lease is where it is to be. */
  const move = async (mac: string, from: Awaited<ReturnType<typeof boot>>) => {
    const answer = await rebind(cluster.client, from);
    cluster.client.holds.delete(from.yiaddr);
    return { answer, ack: answer.type === NAK ? await boot(mac) : answer };
  };

  test('made at one it is honoured by the others’ next message; changed, reconciled and removed at others too, while one is away and when that returns', async () => {
    const before = await boot(ADA);
    await setAt(0, 'ada', '--mac', ADA, '--address', '10.15.3.77', '--label', 'rack=1');
    await setAt(0, 'old', '--address', '10.15.3.79', '--unknown-guest', '--label', 'rack=1');
    await cluster.kill(0);
    const moved = await move(ADA, before);
    expect([moved.answer.type, moved.ack.yiaddr]).toEqual([NAK, '10.15.3.77']);

    const patched = await ask(1, '/reservations/ada', {
      method: 'PATCH',
      body: { note: 'seen', hostname: 'ada' },
    });
    expect(patched.status).toBe(200);
    await setAt(2, 'bob', '--mac', BOB, '--address', '10.15.3.78', '--label', 'rack=1');
    const bobs = await boot(BOB);
    expect(bobs.yiaddr).toBe('10.15.3.78');
    const done = await reconcileAt(1, [
      { id: 'ada', mac: [ADA], address: '10.15.3.78' },
      { id: 'bob', mac: [BOB], address: '10.15.3.77' },
    ]);
    expect(done).toMatchObject({ changed: [{ id: 'ada' }, { id: 'bob' }], removed: ['old'], refused: [] });
    const taken = { ada: '10.15.3.78', bob: '10.15.3.77' };
    expect(await placesAt(2)).toEqual(taken);

    await cluster.start(0);
    await cluster.until(async () => expect(await placesAt(0)).toEqual(taken));
    await cluster.kill(1);
    await cluster.kill(2);
    cluster.client.holds.clear();
    const [adas, bobsNow] = [await rebind(cluster.client, moved.ack), await rebind(cluster.client, bobs)];
    const acks = [];
    for (const mac of [ADA, BOB, ADA, BOB]) acks.push((await boot(mac)).yiaddr);

    // Each keeps what it has while the other one has what it is to have; what it gets instead is its own in the end.
    expect([adas.type, bobsNow.type].every((type) => type === 5 || type === NAK)).toBe(true);
    expect(acks.slice(2)).toEqual(['10.15.3.78', '10.15.3.77']);
    const history = await cluster.program(0, 'leases', 'history', '10.15.3.79', '--json');
    expect(JSON.parse(history)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          event: 'unreserved',
          reason: expect.stringMatching(/removed by cli:.*: a new plan/),
        }),
      ]),
    );
  }, 180_000);

  test('of orders for one card that come to all gateways at one moment one is carried out, and the others are refused and name it', async () => {
    for (const place of [0, 1, 2]) await placesAt(place);
    const answers = [];
    for (let round = 0; round < 20; round += 1) {
      const asked = cluster.nodes.map((_, place) => {
        const body = { mac: [hardwareOf(100 + round)], address: `10.15.3.${100 + 3 * round + place}` };
        return askApi(nodeAt(place), `/api/v1/reservations/r${round}-${place}`, { method: 'PUT', body });
      });
      answers.push(await Promise.all(asked));
    }

    const placesNow = Object.keys(await placesAt(0));
    for (const [round, all] of answers.entries()) {
      expect(all.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
      const winner = `r${round}-${all.findIndex(({ status }) => status === 201)}`;
      expect(placesNow.filter((id) => id.startsWith(`r${round}-`))).toEqual([winner]);
      for (const { status, text } of all)
        if (status === 409) expect(text).toContain(`belongs to the reservation ${winner}`);
    }
    const { items } = await apiJson<{ items: readonly Json[] }>(nodeAt(1), '/api/v1/warnings');
    expect(items.map(({ name }) => name)).not.toContain('rival-reservations');
  }, 120_000);

  test('one that is removed while a gateway is away does not stop that one when it returns, and is known there', async () => {
    await setAt(0, 'ada', '--mac', ADA, '--address', '10.15.3.77');
    await cluster.until(async () => expect(await placesAt(2)).toEqual({ ada: '10.15.3.77' }));
    await cluster.kill(2);
    const gone = await ask(1, '/reservations/ada?address=10.15.3.77', { method: 'DELETE' });
    expect(gone.status).toBe(200);

    await cluster.start(2);

    expect(await placesAt(2)).toEqual({});
    await cluster.kill(0);
    await cluster.kill(1);
    expect((await boot(ADA)).yiaddr).not.toBe('10.15.3.77');
    expect(
      (await ask(2, '/reservations/eve', { method: 'PUT', body: { address: '10.15.3.77' } })).status,
    ).toBe(409);
    expect((await ask(2, '/reservations/ada', { method: 'PUT', body: {} })).status).toBe(201);
  }, 120_000);
});
