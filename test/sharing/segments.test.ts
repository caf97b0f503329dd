import { describe, expect, test } from 'vitest';
import { writeClusterReport } from '../../src/cli/cluster-report.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { readClusterReport } from '../../src/sharing/cluster-report.ts';
import { initSegment } from '../../src/sharing/init-segment.ts';
import { seedSegment } from '../../src/sharing/seed-segment.ts';
import { sharedSettings } from '../../src/sharing/shared-settings.ts';
import { Keys } from '../../src/store/etcd/keys/keys.ts';
import { address, bind } from '../store/changes.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { MemoryMirror } from '../support/memory-mirror.ts';
import { at } from '../support/plan.ts';
import { beginSegment, openSharedStore, sharedStore } from '../support/shared-store.ts';

/** What the gateways of 10.15.3.0/24 say of themselves. */
const AGREED = { GATEWAY_DHCP_GATEWAY: '10.15.3.1', GATEWAY_DHCP_SUBNET_MASK: '24' };
/** A node of another network, of a gateway that etcd has not seen. */
const STRANGER = {
  GATEWAY_ETCD_ENDPOINTS: '127.0.0.1:1',
  GATEWAY_SEGMENT: 'tenant-7',
  GATEWAY_NODE_NAME: 'pve9',
  GATEWAY_DHCP_LEASES_DIR: '/nowhere',
  GATEWAY_DHCP_GATEWAY: '10.16.0.1',
  GATEWAY_DHCP_POOL_START: '10.16.0.20',
  GATEWAY_DHCP_POOL_END: '10.16.0.99',
};

function shared(environment: Readonly<Record<string, string>>) {
  const loaded = loadSettings({}, { ...STRANGER, ...environment });
  const found = loaded.ok ? sharedSettings(loaded) : undefined;
  if (found === undefined) throw new Error(JSON.stringify(loaded));
  return found;
}

/** etcd with the segment vpsnet, of pve1 and pve2. */
async function living(clock = new FakeClock()): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect(), 'vpsnet');
  for (const place of [10, 11])
    await openSharedStore({ etcd: cluster.connect(), clock, place, segment: 'vpsnet', mustBeEqual: AGREED });
  return cluster;
}

describe('a segment that etcd does not know', () => {
  test.each([
    ['whose node is a gateway of another', { GATEWAY_NODE_NAME: 'pve2' }, 'where pve2 is a gateway'],
    [
      'whose listen IP is a gateway of another',
      {
        GATEWAY_DHCP_LISTEN_IP: '10.15.3.11',
        GATEWAY_DHCP_GATEWAY: '10.15.0.1',
        GATEWAY_DHCP_SUBNET_MASK: '16',
        GATEWAY_DHCP_POOL_START: '10.15.9.20',
        GATEWAY_DHCP_POOL_END: '10.15.9.99',
      },
      'where 10.15.3.11 is a gateway',
    ],
    [
      'whose network is that of another',
      {
        GATEWAY_DHCP_GATEWAY: '10.15.3.1',
        GATEWAY_DHCP_POOL_START: '10.15.3.20',
        GATEWAY_DHCP_POOL_END: '10.15.3.99',
      },
      'in the same network 10.15.3.0/24',
    ],
    ['whose name is nearly that of another', { GATEWAY_SEGMENT: 'VPSnte' }, 'nearly the same name'],
    ['on the node that has begun another', { GATEWAY_NODE_NAME: 'test' }, 'begun by this node'],
  ])('%s is not begun before that is confirmed', async (_, environment, likeness) => {
    const cluster = await living();
    const lines: string[] = [];
    const settings = shared(environment);
    const begin = (isNew: boolean) =>
      initSegment(cluster.connect(), settings, (line) => lines.push(line), isNew);

    await expect(begin(false)).rejects.toThrow(`vpsnet (2 gateways alive) is, ${likeness}`);
    await expect(begin(false)).rejects.toThrow('cluster init --new-segment');
    expect(cluster.keys.has(new Keys(settings.segment).generation)).toBe(false);
    await begin(true);
    expect(lines.join()).toContain(`segment ${settings.segment} has begun`);
  });

  test('and is like no other is begun at once, whoever else is there', async () => {
    const cluster = await living();
    const lines: string[] = [];

    await initSegment(cluster.connect(), shared({}), (line) => lines.push(line), false);

    expect(lines.join()).toContain('segment tenant-7 has begun');
  });

  test('is said together with those that etcd has, once', async () => {
    const clock = new FakeClock();
    const cluster = await living(clock);
    await beginSegment(cluster.connect(), 'old');
    const said: string[] = [];
    const lost = sharedStore({ etcd: cluster.connect(), clock, place: 12, segment: 'vpsnte', said });
    await lost.serveAs(at('10.15.3.12'), { mustBeEqual: {}, shouldBeEqual: {} });
    for (let second = 0; second < 5; second += 1) {
      await clock.pass(1000);
      lost.idle();
      await settle();
    }

    expect(lost.failure).toContain(
      'etcd knows no segment vpsnte, but old (no gateway alive), vpsnet (2 gateways alive): mend GATEWAY_SEGMENT',
    );
    expect(said.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });
});

describe('a node that was of another segment', () => {
  /** Its gateway was one of vpsnet, and is now started with a mistyped name, beside another one that has no leases. */
  async function mistyped() {
    const clock = new FakeClock();
    const cluster = await living(clock);
    const mirror = new MemoryMirror();
    const before = await openSharedStore({
      ...{ etcd: cluster.connect(), clock, mirror, place: 12, segment: 'vpsnet', mustBeEqual: AGREED },
    });
    await bind(before, { client: 1, address: address('10.15.3.20') });
    await before.close();
    const store = sharedStore({ etcd: cluster.connect(), clock, mirror, place: 12, segment: 'vpsnte' });
    await store.serveAs(at('10.15.3.12'), { mustBeEqual: AGREED, shouldBeEqual: {} });
    return { cluster, clock, store };
  }

  test('says so, and is not taken for one that knows the segment that is asked for', async () => {
    const { cluster, store } = await mistyped();
    const seed = seedSegment(cluster.connect(), shared({ GATEWAY_SEGMENT: 'vpsnte' }), () => {});

    expect(store.failure).toContain('the lease file is of segment vpsnet, not vpsnte: mend GATEWAY_SEGMENT');
    await expect(seed).rejects.toThrow(
      'no gateway is alive that knows segment vpsnte, but etcd has vpsnet (2 gateways alive)',
    );
  });

  test('brings none of its leases up into the mistyped one', async () => {
    const { cluster, clock, store } = await mistyped();
    const keys = new Keys('vpsnte');
    const seeding = { id: 'new', replaces: ['first generation'] };
    const value = Buffer.from(JSON.stringify(seeding));
    cluster.transact({ compare: [], success: [{ kind: 'put', key: keys.seeding, value }], failure: [] });
    for (let second = 0; second < 5; second += 1) {
      await clock.pass(1000);
      store.idle();
      await settle();
    }

    expect(cluster.keys.has(keys.ofAddress(address('10.15.3.20')))).toBe(false);
    expect(cluster.keys.has(keys.ofSeeded('pve3'))).toBe(false);
  });
});

describe('cluster status without a majority of etcd', () => {
  test('does not know who is alive, and says so', async () => {
    const report = await readClusterReport(shared({}));
    const written: string[] = [];
    writeClusterReport({ write: (text) => void written.push(text), hasColour: false }, report);
    const text = written.join('');

    expect(report.gateways).toBeUndefined();
    expect(text).toContain('which gateways are alive is not known: no majority of etcd answers');
    expect(text).not.toContain('no gateway is alive');
  });
});
