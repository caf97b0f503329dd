import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/lease/system-clock.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import type { CertificateFiles } from '../../../../src/store/etcd/client/certificate-files.ts';
import { Certificates } from '../../../../src/store/etcd/client/certificates.ts';
import type { EtcdError, WatchEvent } from '../../../../src/store/etcd/client/etcd.ts';
import { GrpcEtcd } from '../../../../src/store/etcd/client/grpc-etcd.ts';
import { certify } from '../../../support/certificates.ts';
import { EtcdProcesses, hasEtcd } from '../../../support/etcd-process.ts';
import { WithoutWatch } from '../../../support/passing-etcd.ts';
import { at as dotted } from '../../../support/plan.ts';
import { reservationOf } from '../../../support/reservations.ts';
import { beginSegment, openSharedStore } from '../../../support/shared-store.ts';
import { address, bind, client, hardware, reserve } from '../../changes.ts';
import { leaseStoreContract } from '../../lease-store.contract.ts';
import { reservationContract } from '../../reservation.contract.ts';

const why = hasEtcd() ? '' : ' [not here: etcd missing: apt-get install etcd-server]';
const describeEtcd = why === '' ? describe : describe.skip;
const text = (value: string) => Buffer.from(value);

function errorOf(promise: Promise<unknown>): Promise<EtcdError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: EtcdError) => error,
  );
}

describeEtcd(`a real etcd${why}`, () => {
  let cluster: EtcdProcesses;
  let etcd: GrpcEtcd;

  beforeAll(async () => {
    cluster = await EtcdProcesses.start();
    etcd = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock });
    await cluster.until(() => etcd.range('a', 'b'));
  }, 30_000);
  afterAll(async () => {
    etcd.close();
    await cluster.close();
  });

  test('a transaction writes when all comparisons hold, and else says what is', async () => {
    const put = { kind: 'put', key: 'txn/a', value: text('one') } as const;
    const get = { kind: 'get', key: 'txn/a' } as const;
    const transaction = { compare: [{ key: 'txn/a', modRevision: 0 }], success: [put], failure: [get] };

    const first = await etcd.transact(transaction);
    const second = await etcd.transact(transaction);

    expect(first).toMatchObject({ succeeded: true, results: [{ kind: 'put' }] });
    expect(second).toMatchObject({
      succeeded: false,
      results: [{ kind: 'get', found: { key: 'txn/a', modRevision: first.revision, etcdLease: '0' } }],
    });
    const found = second.results[0]?.kind === 'get' ? second.results[0].found : undefined;
    expect(Buffer.from(found?.value ?? []).toString()).toBe('one');
    expect(
      (await etcd.transact({ ...transaction, compare: [{ key: 'txn/a', value: text('one') }] })).succeeded,
    ).toBe(true);
  });

  test('nested transactions have an outcome each', async () => {
    const nested = (key: string, modRevision: number) =>
      ({
        kind: 'transaction',
        transaction: {
          compare: [{ key, modRevision }],
          success: [{ kind: 'put', key, value: text('x') }],
          failure: [{ kind: 'get', key }],
        },
      }) as const;

    const { results } = await etcd.transact({
      compare: [],
      success: [nested('nested/a', 0), nested('nested/b', 99), nested('nested/c', 0)],
      failure: [],
    });

    const outcomes = results.map((each) => each.kind === 'transaction' && each.result.succeeded);
    expect(outcomes).toEqual([true, false, true]);
  });

  test('a key twice in one transaction is refused, and nothing has happened', async () => {
    const put = { kind: 'put', key: 'twice/a', value: text('x') } as const;

    const error = await errorOf(etcd.transact({ compare: [], success: [put, put], failure: [] }));

    expect(error.fault).toBe('refused');
    expect((await etcd.range('twice/', 'twice0')).found).toEqual([]);
  });

  test('a range is read in pages at one revision; one that is compacted says so', async () => {
    for (const key of ['page/a', 'page/b', 'page/c']) {
      await etcd.transact({ compare: [], success: [{ kind: 'put', key, value: text(key) }], failure: [] });
    }
    const first = await etcd.range('page/', 'page0', { limit: 2 });
    await etcd.transact({ compare: [], success: [{ kind: 'delete', key: 'page/c' }], failure: [] });
    const rest = await etcd.range('page/b\0', 'page0', { revision: first.revision });

    expect([first.more, first.found.map(({ key }) => key)]).toEqual([true, ['page/a', 'page/b']]);
    expect(rest.found.map(({ key }) => key)).toEqual(['page/c']);
    const { revision } = await etcd.range('a', 'b');
    execFileSync('etcdctl', ['--endpoints', cluster.endpoints.join(), 'compact', String(revision)], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
    expect((await errorOf(etcd.range('page/', 'page0', { revision: 2 }))).fault).toBe('compacted');
  });

  test('a watch hears all from a revision on, in order, and a compacted one ends', async () => {
    const { revision } = await etcd.range('a', 'b');
    const heard: WatchEvent[] = [];
    const watch = etcd.watch('watch/', revision + 1, {
      events: (events) => heard.push(...events),
      ended: () => {},
    });
    await etcd.transact({
      compare: [],
      success: [{ kind: 'put', key: 'watch/a', value: text('1') }],
      failure: [],
    });
    await etcd.transact({ compare: [], success: [{ kind: 'delete', key: 'watch/a' }], failure: [] });
    await cluster.until(async () => {
      if (heard.length < 2) throw new Error('nothing heard yet');
    });
    watch.close();
    const ended = new Promise<string>((resolve) => {
      etcd.watch('watch/', 1, { events: () => {}, ended: resolve });
    });

    expect(heard).toMatchObject([
      { kind: 'put', entry: { key: 'watch/a', modRevision: revision + 1 } },
      { kind: 'delete', key: 'watch/a', modRevision: revision + 2 },
    ]);
    expect(await ended).toBe('compacted');
  });

  test('a key with a lease of its own ends with it', async () => {
    const etcdLease = await etcd.grantEtcdLease(10);
    const put = { kind: 'put', key: 'lease/a', value: text('here'), etcdLease } as const;
    await etcd.transact({ compare: [], success: [put], failure: [] });

    const isAlive = await etcd.keepAlive(etcdLease);
    const before = await etcd.range('lease/', 'lease0');
    await etcd.revokeEtcdLease(etcdLease);

    expect(isAlive).toBe(true);
    expect(before.found).toMatchObject([{ key: 'lease/a', etcdLease }]);
    expect((await etcd.range('lease/', 'lease0')).found).toEqual([]);
    expect(await etcd.keepAlive(etcdLease)).toBe(false);
  });

  test('a member says who it is', async () => {
    const status = await etcd.status();

    expect(status).toMatchObject({ endpoint: cluster.endpoints[0], version: expect.stringMatching(/^3\./) });
    expect(status.leader).toBe(status.memberId);
  });

  let segments = 0;
  const open = async (inFlight: ReadonlySet<Ipv4>) => {
    segments += 1;
    const etcd = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock });
    const segment = `contract-${segments}`;
    await beginSegment(etcd, segment);
    return openSharedStore({ etcd, segment, clock: systemClock, random: Math.random, inFlight });
  };
  leaseStoreContract('etcd', open, dotted('10.15.3.10'));
  reservationContract('etcd', open);

  test('of two reservations of one card, by two gateways at one moment that lag, one stands, and the other gateway knows whose it is', async () => {
    const lagging = (place: number) => {
      const own = new WithoutWatch(new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock }));
      return openSharedStore({
        etcd: own,
        segment: 'rivals',
        clock: systemClock,
        random: Math.random,
        place,
      });
    };
    await beginSegment(etcd, 'rivals');
    const stores = [await lagging(10), await lagging(11), await lagging(12)] as const;

    const rounds = [];
    for (let round = 0; round < 10; round += 1) {
      const records = stores.map((_, place) =>
        reservationOf(`r${round}-${place}`, `10.15.3.${20 + 3 * round + place}`, {
          macs: Array.from({ length: 16 }, (_, index) => hardware(100 * round + index)),
        }),
      );
      const outcomes = await Promise.all(
        stores.map((store, place) => reserve(store, records[place] ?? reservationOf('none', '0.0.0.0'))),
      );
      const holders = stores.map(({ reservations }) =>
        [...reservations.all()].map(({ id }) => id).filter((id) => id.startsWith(`r${round}-`)),
      );
      rounds.push({ outcomes: outcomes.toSorted(), holders: new Set(holders.flat()).size });
    }

    for (const round of rounds)
      expect(round).toEqual({ outcomes: ['committed', 'conflict', 'conflict'], holders: 1 });
    for (const store of stores) await store.close();
  });
});

describeEtcd(`three members of etcd${why}`, () => {
  test('kill -9 of the member that is spoken to loses no lease, and the next one is asked', async () => {
    const cluster = await EtcdProcesses.start({ members: 3 });
    const etcd = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock });
    await cluster.until(() => etcd.range('a', 'b'));
    await beginSegment(etcd);
    const store = await openSharedStore({ etcd, clock: systemClock, random: Math.random });
    try {
      expect(await bind(store, { client: 1, address: address('10.15.3.20') })).toBe('committed');
      await cluster.kill(0);

      const outcome = await cluster.until(async () => {
        const wish = { client: 2, address: address('10.15.3.21') };
        const said = await bind(store, wish);
        const isHeld = store.leases.at(wish.address)?.client === client(2);
        if (said !== 'committed' && !isHeld) throw new Error(said);
        return said;
      });

      expect(['committed', 'conflict']).toContain(outcome);
      expect(store.leases.at(address('10.15.3.20'))?.client).toBe(client(1));
      expect(store.leases.at(address('10.15.3.21'))?.client).toBe(client(2));
    } finally {
      await store.close();
      await cluster.close();
    }
  }, 60_000);
});

describeEtcd(`etcd with TLS and a password${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-tls-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is spoken to with a client certificate, and refused without; a user needs the password', async () => {
    certify(folder);
    const file = (name: string) => join(folder, name);
    const cluster = await EtcdProcesses.start({
      isSecure: true,
      flags: [
        '--cert-file',
        file('own.pem'),
        '--key-file',
        file('own.key'),
        '--trusted-ca-file',
        file('ca.pem'),
        '--client-cert-auth',
      ],
    });
    const [ca, cert, key] = [file('ca.pem'), file('own.pem'), file('own.key')];
    const { endpoints } = cluster;
    const connect = (files: CertificateFiles, user?: { name: string; password: string }) =>
      new GrpcEtcd({
        endpoints,
        clock: systemClock,
        tls: new Certificates(files, systemClock, () => {}),
        ...(user === undefined ? {} : { user }),
      });
    const known = connect({ ca, cert, key });
    const stranger = connect({ ca });
    try {
      await cluster.until(() => known.range('a', 'b'));
      expect((await errorOf(stranger.range('a', 'b'))).fault).toBe('unknown');

      const control = (...words: readonly string[]) => {
        const tls = ['--cacert', file('ca.pem'), '--cert', file('own.pem'), '--key', file('own.key')];
        execFileSync('etcdctl', ['--endpoints', `https://${endpoints[0]}`, ...tls, ...words], {
          env: { ...process.env, ETCDCTL_API: '3' },
          stdio: 'ignore',
        });
      };
      control('user', 'add', 'root:secret');
      control('user', 'grant-role', 'root', 'root');
      control('auth', 'enable');
      const user = { name: 'root', password: 'secret' };
      const right = connect({ ca, cert, key }, user);
      const wrong = connect({ ca, cert, key }, { ...user, password: 'guess' });

      expect((await right.range('a', 'b')).found).toEqual([]);
      expect((await errorOf(wrong.range('a', 'b'))).fault).toBe('refused');
      right.close();
      wrong.close();
    } finally {
      known.close();
      stranger.close();
      await cluster.close();
    }
  }, 60_000);
});
