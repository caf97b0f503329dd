import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { type ApiAnswer, type ApiQuestion, apiJson, askApi } from '../support/api.ts';
import { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { followEvents } from '../support/follow-events.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { describeSystem } from '../support/system.ts';

interface Listed {
  readonly items: readonly { readonly id: string; readonly address: string; readonly note: string | null }[];
}

const ADA = hardwareOf(1);
const SOON = 15_000;

describeSystem('the API of three gateways that share etcd', ['etcd', 'etcdctl'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open({ settings: { GATEWAY_METRICS_PORT: 'off' } });
    onTestFailed(() => console.log(cluster.story()));
    await cluster.serve();
    await Promise.all([0, 1, 2].map((place) => cluster.until(() => apiJson(nodeAt(place), '/api/v1/info'))));
  });
  afterEach(() => cluster.close());

  const nodeAt = (place: number) => {
    const node = cluster.nodes[place];
    if (node === undefined) throw new Error(`no node ${place}`);
    return node;
  };
  const ask = (place: number, path: string, question: ApiQuestion = {}) =>
    askApi(nodeAt(place), `/api/v1${path}`, question);
  const put = (place: number, id: string, body: object = {}) =>
    ask(place, `/reservations/${id}`, { method: 'PUT', body });
  const listedAt = (place: number) =>
    apiJson<Listed>(nodeAt(place), '/api/v1/reservations?limit=1000').then(({ items }) => items);

  test('a guest that one of them serves has nothing wrong at any of them; those that did not grant its lease name who did', async () => {
    const { yiaddr } = await bootUntilLeased(cluster.client, ADA, SOON);
    const granter = await cluster.until(async () => {
      const rows = await Promise.all([0, 1, 2].map((place) => cluster.mirror(place)));
      const nodes = new Set(rows.map((all) => all.find(({ address }) => address === yiaddr)?.node));
      expect(nodes.size).toBe(1);
      return [...nodes][0] ?? '';
    });

    const told = await Promise.all([0, 1, 2].map((place) => cluster.program(place, 'why', ADA)));

    const wrong = `likeliest cause: nothing is wrong with DHCP: it has ${yiaddr}`;
    const causes = told.map((text) => /^likeliest cause: .*$/m.exec(text)?.[0]);
    expect(causes.toSorted()).toEqual([wrong, ...Array(2).fill(`${wrong} from ${granter}`)]);
  });

  test('a reader of events that was away is told what other gateways did meanwhile, once', async () => {
    const first = await followEvents(nodeAt(2), '?kind=reservation');
    await put(0, 'vps-1');
    const last = await eventually('the first was told', () => first.seen.at(-1));
    expect(last.data).toMatchObject({ id: 'vps-1' });
    first.close();
    await put(0, 'vps-2');
    await put(2, 'vps-3');
    await cluster.until(async () => expect(await listedAt(2)).toHaveLength(3));
    await put(1, 'vps-4');
    await cluster.until(async () => expect(await listedAt(2)).toHaveLength(4));

    const again = await followEvents(nodeAt(2), '?kind=reservation', last.id);
    const fresh = await followEvents(nodeAt(2), '?kind=reservation');
    await put(1, 'vps-5');

    const ids = () => again.seen.map(({ data }) => data['id']);
    await eventually('the newest was told', () => ids().includes('vps-5'));
    expect(ids().toSorted()).toEqual(['vps-2', 'vps-3', 'vps-4', 'vps-5']);
    await eventually('it was told to the other too', () => fresh.seen.length > 0);
    expect(fresh.seen.map(({ data }) => data['id'])).toEqual(['vps-5']);
    again.close();
    fresh.close();
  }, 120_000);

  test('orders while etcd loses its majority: what is answered as done is done, what as not done is not, the rest says that it is not known', async () => {
    const [, second = 0, third = 0] = cluster.etcd.pids;
    const freeze = (signal: 'SIGSTOP' | 'SIGCONT') => {
      for (const pid of [second, third]) process.kill(pid, signal);
    };
    const answers = new Map<string, Promise<ApiAnswer>>();
    const order = (id: string, place: number) => {
      const answer = put(place, id, { note: 'first' });
      answers.set(id, answer);
      return answer;
    };
    for (const place of [0, 1, 2]) await order(`vps-${place}-first`, place);
    const many = Array.from({ length: 36 }, (_, number) => order(`vps-${number % 3}-${number}`, number % 3));
    await Promise.race(many);
    freeze('SIGSTOP');
    for (const place of [0, 1, 2]) void order(`vps-${place}-last`, place);

    const outcomes = new Map<string, string>();
    try {
      for (const [id, answer] of answers) {
        const { status, text } = await answer;
        const { type = '' } = JSON.parse(text) as { type?: string };
        outcomes.set(id, status === 201 ? 'done' : `${status} ${type.split(':').at(-1)}`);
      }
    } finally {
      freeze('SIGCONT');
    }

    const kinds = new Set(outcomes.values());
    expect(
      [...kinds].filter((kind) => !['done', '503 outcome-unknown', '503 cannot-store'].includes(kind)),
    ).toEqual([]);
    expect(kinds).toContain('done');
    expect(kinds.size).toBeGreaterThan(1);
    const done = [...outcomes].filter(([, outcome]) => outcome === 'done').map(([id]) => id);
    const not = [...outcomes].filter(([, outcome]) => outcome === '503 cannot-store').map(([id]) => id);
    await cluster.until(async () => {
      for (const place of [0, 1, 2]) {
        const ids = (await listedAt(place)).map(({ id }) => id);
        expect(ids).toEqual(expect.arrayContaining(done));
        expect(ids.filter((id) => not.includes(id))).toEqual([]);
      }
    });
    // The same order again says what is true, and makes nothing twice.
    for (const id of outcomes.keys())
      await cluster.until(async () => {
        const { status } = await put(1, id, { note: 'first' });
        expect([200, 201]).toContain(status);
      });
    await cluster.until(async () => {
      const all = await listedAt(0);
      expect(all.map(({ id }) => id).toSorted()).toEqual([...outcomes.keys()].toSorted());
      expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
    });
  }, 180_000);
});
