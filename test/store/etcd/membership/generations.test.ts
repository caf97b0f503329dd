import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../../src/config/loading/load-settings.ts';
import { seedSegment } from '../../../../src/sharing/seed-segment.ts';
import type { EtcdStore } from '../../../../src/store/etcd/etcd-store.ts';
import { judge, type KnownGeneration } from '../../../../src/store/etcd/keys/generation.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { MemoryMirror } from '../../../support/memory-mirror.ts';
import { reservationOf } from '../../../support/reservations.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../../support/shared-store.ts';
import { address, at, bind, client, hardware, POOL, reserve } from '../../changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');
const RESERVED = address('10.15.3.25');
const WEB = reservationOf('web', '10.15.3.25');

const GENERATION: KnownGeneration = { id: 'now', at: 0, by: 'pve1', replaces: ['before'], revision: 5 };
const mirrorOf = (generation: string, revision = 10, segment = SEGMENT) => ({
  segment,
  generation,
  revision,
});

test.each([
  ['the generation that the mirror knows', GENERATION, mirrorOf('now'), 'current'],
  ['a node that has never shared', GENERATION, undefined, 'join'],
  ['a mirror of a generation that was merged into this one', GENERATION, mirrorOf('before'), 'merge'],
  ['a mirror of another generation', GENERATION, mirrorOf('elsewhere'), 'refused'],
  ['a mirror that has seen more', GENERATION, mirrorOf('now', 11), 'refused'],
  ['a mirror of another segment', GENERATION, mirrorOf('now', 1, 'other'), 'refused'],
  ['no generation, and a mirror', undefined, mirrorOf('now'), 'refused'],
  ['no generation, and no mirror', undefined, undefined, 'refused'],
])('whether etcd holds the leases that a node knows: %s', (_, generation, mirror, kind) => {
  expect(judge(generation, 10, SEGMENT, mirror).kind).toBe(kind);
});

/** A segment with gateways on one clock. */
class Segment {
  readonly cluster = new MemoryCluster();
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  readonly mirrors = new Map<number, MemoryMirror>();

  async gateway(place = 10): Promise<EtcdStore> {
    const mirror = this.mirrors.get(place) ?? new MemoryMirror();
    this.mirrors.set(place, mirror);
    const { clock, said } = this;
    return openSharedStore({ etcd: this.cluster.connect(), clock, place, mirror, said });
  }

  /** So many seconds, in each of which the stores keep house. */
  async pass(seconds: number, ...stores: readonly EtcdStore[]): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await this.clock.pass(1000);
      for (const store of stores) store.idle();
      for (let turn = 0; turn < 10; turn += 1) await settle();
    }
  }

  /** `cluster seed`, while the gateways keep house; what it printed, or why it was refused. */
  async seed(...stores: readonly EtcdStore[]): Promise<readonly string[]> {
    const loaded = loadSettings({ etcdEndpoints: 'memory', segment: SEGMENT }, {});
    if (!loaded.ok) throw new Error('settings');
    const printed: string[] = [];
    const shared = { ...loaded, segment: SEGMENT, node: 'pve1' };
    let isOver = false;
    const seeding = seedSegment(this.cluster.connect(), shared, (line) => printed.push(line))
      .catch((error: Error) => void printed.push(error.message))
      .finally(() => {
        isOver = true;
      });
    for (let second = 0; second < 100 && !isOver; second += 1) {
      await this.pass(1, ...stores);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await seeding;
    return printed;
  }
}

async function born(): Promise<Segment> {
  const segment = new Segment();
  await beginSegment(segment.cluster.connect());
  return segment;
}

describe('an etcd without a generation', () => {
  test('grants nothing, says what to do once, and serves as soon as it is begun', async () => {
    const segment = new Segment();
    const store = await segment.gateway();
    const outcome = await bind(store, { client: 1, address: A });
    await segment.pass(10, store);
    const { said } = segment;

    expect([outcome, store.leases.canPromise]).toEqual(['failed', false]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('vps-gateway cluster init');
    expect(segment.cluster.keys.has(`/vps-gateway/${SEGMENT}/ip/10.15.3.20`)).toBe(false);
    await beginSegment(segment.cluster.connect());
    await segment.pass(2, store);
    expect(await bind(store, { client: 1, address: A })).toBe('committed');
  });
});

describe('an etcd that was emptied under a running gateway', () => {
  test('takes no lease, not even by the first transaction after it', async () => {
    const segment = await born();
    const store = await segment.gateway();
    await bind(store, { client: 1, address: A });
    segment.cluster.empty();

    expect(await bind(store, { client: 2, address: B })).toBe('failed');
    expect([...segment.cluster.keys.keys()].filter((key) => key.includes('/ip/'))).toEqual([]);
    expect(store.leases.at(A)?.state).toBe('bound');
    await segment.pass(10, store);
    expect(store.failure).toContain('vps-gateway cluster seed');
  });

  test('is no better when it is begun anew: the old leases are not forgotten', async () => {
    const segment = await born();
    const store = await segment.gateway();
    await bind(store, { client: 1, address: A });
    segment.cluster.empty();
    await beginSegment(segment.cluster.connect(), SEGMENT, 'second generation');
    await segment.pass(5, store);

    expect(await bind(store, { client: 2, address: B })).toBe('failed');
    expect(store.failure).toContain('holds another generation');
  });

  test.each(['a', 'z'])(
    'is seeded with reservations whose cards have changed hands: each has those that it had last; the other one is named %s',
    async (id) => {
      const segment = await born();
      const [first, second] = [await segment.gateway(), await segment.gateway(11)];
      await reserve(first, { ...WEB, macs: [hardware(1)] });
      await segment.pass(4, first, second);
      segment.cluster.isWatchStalled = true; // What comes now only the second one has.
      await reserve(second, { ...WEB, macs: [hardware(2)] });
      await reserve(second, reservationOf(id, '10.15.3.26', { macs: [hardware(1)] }));
      segment.cluster.empty();
      segment.cluster.isWatchStalled = false;
      await segment.pass(8, first, second);

      await segment.seed(first, second);
      await segment.pass(3, first, second);

      for (const { reservations } of [first, second]) {
        expect([1, 2].map((card) => reservations.ofHardware(hardware(card))?.id)).toEqual([id, 'web']);
        expect(reservations.rivalries()).toEqual([]);
      }
      const keyed = [...segment.cluster.keys.values()].filter(({ key }) => key.includes('/rid/mac/'));
      expect(keyed.map(({ value }) => Buffer.from(value).toString()).toSorted()).toEqual(
        [id, 'web'].toSorted(),
      );
      expect(await reserve(first, { removed: id })).toBe('committed');
      expect(await reserve(first, { ...WEB, macs: [hardware(1)] })).toBe('committed');
    },
  );

  test('is seeded from all mirrors: the newest record of each address, and then it is served from', async () => {
    const segment = await born();
    const [first, second] = [await segment.gateway(), await segment.gateway(11)];
    await bind(first, { client: 1, address: A });
    await bind(first, { client: 2, address: B });
    await reserve(first, WEB);
    await segment.pass(4, first, second);
    segment.cluster.isWatchStalled = true; // What comes now only the second one has.
    await reserve(second, { ...WEB, note: 'newer' });
    await bind(second, { client: 2, address: B, state: 'free', at: at(20), reason: 'released' });
    await bind(second, { client: 3, address: B, at: at(21) });
    await bind(second, { client: 4, address: C, at: at(22) });
    segment.cluster.empty();
    segment.cluster.isWatchStalled = false;
    await segment.pass(8, first, second);

    const printed = await segment.seed(first, second);
    await segment.pass(3, first, second);

    expect(printed.filter((line) => line.startsWith('pve'))).toHaveLength(2);
    expect(printed.join('\n')).toContain('has a new generation');
    for (const store of [first, second]) {
      expect(store.leases.canPromise).toBe(true);
      const holders = [A, B, C].map((each) => store.leases.at(each)?.client);
      expect(holders).toEqual([client(1), client(3), client(4)]);
      expect(store.leases.bindingOf(client(2))).toBeUndefined();
    }
    expect([...first.reservations.all()].map(({ id, note }) => `${id} ${note}`)).toEqual(['web newer']);
    expect([...second.reservations.all()]).toEqual([...first.reservations.all()]);
    expect(first.leases.longestFree(POOL)).not.toBe(RESERVED);
    expect(await bind(first, { client: 1, address: A, at: at(30) })).toBe('committed');
    expect(await bind(second, { client: 5, address: address('10.15.3.23'), at: at(31) })).toBe('committed');
    expect(await bind(second, { client: 6, address: A, at: at(32), expectedVersion: 0 })).toBe('conflict');
  });

  test('a node that was away brings up what it has kept when it comes back, and takes nothing back', async () => {
    const segment = await born();
    const [first, late] = [await segment.gateway(), await segment.gateway(11)];
    await bind(first, { client: 1, address: A });
    await segment.pass(4, first, late);
    segment.cluster.isWatchStalled = true;
    await bind(late, { client: 2, address: B, at: at(5) });
    await bind(late, { client: 3, address: C, at: at(6) });
    await late.close();
    segment.cluster.empty();
    segment.cluster.isWatchStalled = false;
    await segment.pass(8, first);
    await segment.seed(first);
    await segment.pass(3, first);
    await bind(first, { client: 9, address: C, at: at(40) }); // Nobody who was there knew of the third one's.

    const back = await segment.gateway(11);

    expect(back.leases.canPromise).toBe(true);
    expect(first.leases.at(B)?.client).toBe(client(2));
    expect(back.leases.at(C)?.client).toBe(client(9));
    expect(segment.said.filter((line) => line.includes('could not be merged'))).toHaveLength(1);
  });
});

describe('an etcd that was put back from a backup', () => {
  test('grants nothing until it is seeded; then it has what came after the backup too', async () => {
    const segment = await born();
    const store = await segment.gateway();
    await bind(store, { client: 1, address: A });
    const putBack = segment.cluster.snapshot();
    await bind(store, { client: 2, address: B, at: at(5) });
    await bind(store, { client: 1, address: A, state: 'free', at: at(6), reason: 'released' });
    await segment.pass(4, store);
    putBack();
    const early = await bind(store, { client: 3, address: C, at: at(7) });
    await segment.pass(8, store);
    const refused = store.failure;

    await segment.pass(4, store);
    const printed = await segment.seed(store);
    await segment.pass(3, store);

    expect(printed.join('\n')).toContain('has a new generation');
    expect(early).not.toBe('committed');
    expect(refused).toContain('was restored from a backup');
    expect(store.leases.canPromise).toBe(true);
    expect(store.leases.at(B)?.client).toBe(client(2));
    expect(store.leases.at(A)?.state).toBe('free');
  });

  test('a gateway that starts beside it refuses it too', async () => {
    const segment = await born();
    const store = await segment.gateway();
    const putBack = segment.cluster.snapshot();
    await bind(store, { client: 1, address: A });
    await store.close();
    putBack();

    const again = await segment.gateway();
    await segment.pass(20, again); // Its heartbeats count the revision up.

    expect(again.leases.canPromise).toBe(false);
    expect(again.failure).toContain('was restored from a backup');
    expect(again.leases.at(A)?.client).toBe(client(1));
  });
});

test('a segment that has lost nothing is not seeded', async () => {
  const segment = await born();
  const store = await segment.gateway();
  await segment.pass(4, store);

  expect(await segment.seed(store)).toEqual([expect.stringContaining('has lost nothing')]);
});
