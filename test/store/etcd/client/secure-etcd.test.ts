import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../../src/lease/system-clock.ts';
import type { CertificateFiles } from '../../../../src/store/etcd/client/certificate-files.ts';
import { Certificates } from '../../../../src/store/etcd/client/certificates.ts';
import type { EtcdError } from '../../../../src/store/etcd/client/etcd.ts';
import { GrpcEtcd } from '../../../../src/store/etcd/client/grpc-etcd.ts';
import { certify, makeAuthority, sign } from '../../../support/certificates.ts';
import { EtcdProcesses } from '../../../support/etcd-process.ts';
import { missingOf } from '../../../support/system.ts';

const missing = missingOf(['etcd', 'etcdctl', 'openssl']);
const why = missing === undefined ? '' : ` [not here: ${missing}]`;
const describeEtcd = why === '' ? describe : describe.skip;
const HOUR = 3_600_000;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-tls-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Etcd that shows own.pem, and wants a certificate of ca.pem. */
function secureEtcd(folder: string): Promise<EtcdProcesses> {
  const file = (name: string) => join(folder, name);
  return EtcdProcesses.start({
    isSecure: true,
    flags: [
      ...['--cert-file', file('own.pem'), '--key-file', file('own.key')],
      ...['--trusted-ca-file', file('ca.pem'), '--client-cert-auth'],
    ],
  });
}

function connect(endpoints: readonly string[], files: CertificateFiles | undefined): GrpcEtcd {
  const etcd = new GrpcEtcd({
    endpoints,
    clock: systemClock,
    ...(files === undefined ? {} : { tls: new Certificates(files, systemClock, () => {}) }),
  });
  onTestFinished(() => etcd.close());
  return etcd;
}

describeEtcd(`a handshake with etcd that fails says why${why}`, () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  const pair = (name: string) => ({ cert: file(`${name}.pem`), key: file(`${name}.key`) });
  let secure: EtcdProcesses;
  let plain: EtcdProcesses;
  let misnamed: EtcdProcesses;

  beforeAll(async () => {
    certify(folder);
    makeAuthority(folder, 'other');
    sign(folder, 'stranger', { authority: 'other' });
    sign(folder, 'ended', { end: Date.now() - HOUR });
    sign(folder, 'early', { begin: Date.now() + HOUR });
    sign(folder, 'server', { purpose: 'serverAuth' });
    sign(folder, 'named', { names: 'DNS:etcd.example' });
    secure = await secureEtcd(folder);
    plain = await EtcdProcesses.start();
    misnamed = await EtcdProcesses.start({
      isSecure: true,
      flags: ['--cert-file', file('named.pem'), '--key-file', file('named.key')],
    });
    const etcd = new GrpcEtcd({
      endpoints: secure.endpoints,
      clock: systemClock,
      tls: new Certificates({ ca: file('ca.pem'), ...pair('own') }, systemClock, () => {}),
    });
    await secure.until(() => etcd.range('a', 'b'));
    etcd.close();
    const open = new GrpcEtcd({ endpoints: plain.endpoints, clock: systemClock });
    await plain.until(() => open.range('a', 'b'));
    open.close();
  }, 30_000);
  afterAll(async () => {
    for (const cluster of [secure, plain, misnamed]) await cluster.close();
  });

  const ca = file('ca.pem');
  test.each<[string, CertificateFiles | undefined, () => EtcdProcesses, RegExp]>([
    [
      'no certificate is set, and etcd wants one',
      { ca },
      () => secure,
      /etcd wants a client certificate, and none is set: set GATEWAY_ETCD_CERT and GATEWAY_ETCD_KEY/,
    ],
    [
      'the certificate has ended',
      { ca, ...pair('ended') },
      () => secure,
      /GATEWAY_ETCD_CERT '.*ended.pem' has ended on \d{4}-\d\d-\d\d/,
    ],
    [
      'the certificate has not begun',
      { ca, ...pair('early') },
      () => secure,
      /GATEWAY_ETCD_CERT '.*early.pem' begins on .*clock/,
    ],
    [
      'the certificate is of another authority',
      { ca, ...pair('stranger') },
      () => secure,
      /etcd does not take the certificate in GATEWAY_ETCD_CERT '.*stranger.pem'.*--trusted-ca-file/,
    ],
    [
      'the certificate is not for clients',
      { ca, ...pair('server') },
      () => secure,
      /GATEWAY_ETCD_CERT '.*server.pem'.*extendedKeyUsage has no clientAuth/,
    ],
    [
      "etcd's authority is another than the file's",
      { ca: file('other.pem'), ...pair('own') },
      () => secure,
      /unknown authority \(none of those in '.*other.pem'.*set GATEWAY_ETCD_CA/,
    ],
    [
      'no authority is set',
      pair('own'),
      () => secure,
      /unknown authority \(none of those that this system trusts.*set GATEWAY_ETCD_CA/,
    ],
    [
      "etcd's certificate has other names",
      { ca },
      () => misnamed,
      /etcd's certificate is not for 127.0.0.1, but for DNS:etcd.example: .*GATEWAY_ETCD_ENDPOINTS/,
    ],
    ['etcd speaks no TLS', { ca }, () => plain, /does not speak TLS: write http:\/\//],
    ['etcd speaks TLS alone', undefined, () => secure, /write https:\/\//],
  ])('%s', async (_title, files, cluster, words) => {
    const { endpoints } = cluster();
    const etcd = connect(endpoints, files);

    const error = await etcd.range('a', 'b').then(
      () => {
        throw new Error('it did not fail');
      },
      (refused: EtcdError) => refused,
    );

    expect(error.message).toMatch(words);
    expect(error.message).toContain(`etcd at ${endpoints[0]}`);
    expect(error.message).not.toContain('deps/openssl');
    expect(error.fault).toBe('unknown');
  });

  test('whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const etcd = connect(secure.endpoints, { ca: file('other.pem'), ...pair('own') });

    await expect(etcd.range('a', 'b')).rejects.toThrow('unknown authority');
  });

  test('http_proxy and its like are not asked', async () => {
    const names = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
    for (const name of names) process.env[name] = 'http://127.0.0.1:9';
    onTestFinished(() => {
      for (const name of names) delete process.env[name];
    });

    expect((await connect(plain.endpoints, undefined).range('a', 'b')).found).toEqual([]);
    const etcd = connect(secure.endpoints, { ca, ...pair('own') });
    expect((await etcd.range('a', 'b')).found).toEqual([]);
  });
});

describeEtcd(`certificates that are replaced${why}`, () => {
  /** The member is restarted: each connection ends, and the next one shows what is in the files now. */
  async function restart(cluster: EtcdProcesses): Promise<void> {
    await cluster.kill(0);
    cluster.revive(0);
  }

  test('are used for the next connection, without a restart: another authority, certificate and key', async () => {
    const folder = temporaryFolder();
    certify(folder);
    const cluster = await secureEtcd(folder);
    onTestFinished(() => cluster.close());
    const file = (name: string) => join(folder, name);
    const etcd = connect(cluster.endpoints, {
      ca: file('ca.pem'),
      cert: file('own.pem'),
      key: file('own.key'),
    });
    await cluster.until(() => etcd.range('a', 'b'));

    certify(folder);
    await restart(cluster);

    expect((await cluster.until(() => etcd.range('a', 'b'))).found).toEqual([]);
  }, 30_000);

  test('and not yet whole, are left alone: what fitted last is used until the new ones fit', async () => {
    const folder = temporaryFolder();
    certify(folder);
    const cluster = await secureEtcd(folder);
    onTestFinished(() => cluster.close());
    const file = (name: string) => join(folder, name);
    for (const name of ['own.pem', 'own.key']) copyFileSync(file(name), file(name.replace('own', 'mine')));
    const files = { ca: file('ca.pem'), cert: file('mine.pem'), key: file('mine.key') };
    const certificates = new Certificates(files, systemClock, () => {});
    const etcd = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock, tls: certificates });
    onTestFinished(() => etcd.close());
    await cluster.until(() => etcd.range('a', 'b'));
    const before = certificates.current.cert;
    sign(folder, 'next', { end: Date.now() + 5 * HOUR });

    copyFileSync(file('next.key'), file('mine.key')); // Its certificate is still on its way.
    await restart(cluster);
    await cluster.until(() => etcd.range('a', 'b'));
    const between = certificates.current.cert;
    writeFileSync(file('ca.pem'), ''); // And somebody writes the authorities anew.
    await restart(cluster).catch(() => undefined);
    await certificates.look();
    const authorities = certificates.current.ca?.byteLength;
    copyFileSync(file('next.pem'), file('mine.pem'));
    await certificates.look();

    expect(between).toEqual(before);
    expect(authorities).toBeGreaterThan(0);
    expect(certificates.current.cert).toEqual(readFileSync(file('next.pem')));
  }, 30_000);
});

describeEtcd(`etcd with authentication${why}`, () => {
  const USER = { name: 'root', password: 'secret' };

  async function authenticated(flags: readonly string[]) {
    const cluster = await EtcdProcesses.start({ flags });
    onTestFinished(() => cluster.close());
    const control = (...words: readonly string[]) =>
      execFileSync('etcdctl', ['--endpoints', cluster.endpoints.join(), ...words], {
        env: { ...process.env, ETCDCTL_API: '3' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    const asRoot = (...words: readonly string[]) => control('--user', 'root:secret', ...words);
    await cluster.until(async () => control('user', 'add', 'root:secret'));
    control('user', 'grant-role', 'root', 'root');
    control('auth', 'enable');
    const connectAs = (user: typeof USER) => {
      const etcd = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock, user });
      onTestFinished(() => etcd.close());
      return etcd;
    };
    return { cluster, asRoot, control, connectAs };
  }

  function jwtFlags(seconds = 600): readonly string[] {
    const folder = temporaryFolder();
    execFileSync('openssl', ['genrsa', '-out', join(folder, 'jwt.key'), '2048'], { stdio: 'ignore' });
    execFileSync(
      'openssl',
      ['rsa', '-in', join(folder, 'jwt.key'), '-pubout', '-out', join(folder, 'jwt.pub')],
      { stdio: 'ignore' },
    );
    const keys = `pub-key=${join(folder, 'jwt.pub')},priv-key=${join(folder, 'jwt.key')}`;
    return ['--auth-token', `jwt,${keys},sign-method=RS256,ttl=${seconds}s`];
  }

  describe.each([
    ['simple tokens', () => []],
    ['JWT', () => jwtFlags()],
  ])('%s', (_name, flags) => {
    test('a change of users or roles, or a restart of the member, is no matter for who is logged in', async () => {
      const { cluster, asRoot, connectAs } = await authenticated(flags());
      const etcd = connectAs(USER);
      await etcd.range('a', 'b');

      asRoot('user', 'add', 'other:secret');
      await cluster.until(() => etcd.range('a', 'b'), 3000);
      asRoot('role', 'add', 'reader');
      await cluster.until(() => etcd.range('a', 'b'), 5000);
      await cluster.kill(0);
      cluster.revive(0);

      expect((await cluster.until(() => etcd.range('a', 'b'))).found).toEqual([]);
    }, 60_000);

    test('a role that a user is given helps within seconds, and one that is missing is said', async () => {
      const { cluster, asRoot, connectAs } = await authenticated(flags());
      asRoot('user', 'add', 'gateway:secret');
      asRoot('role', 'add', 'leases');
      asRoot('role', 'grant-permission', 'leases', 'readwrite', '--prefix=true', 'leases/');
      const etcd = connectAs({ name: 'gateway', password: 'secret' });
      const put = { kind: 'put', key: 'leases/a', value: Buffer.from('x') } as const;
      const write = () => etcd.transact({ compare: [], success: [put], failure: [] });

      await expect(write()).rejects.toThrow('etcdserver: permission denied');
      asRoot('user', 'grant-role', 'gateway', 'leases');

      expect((await cluster.until(write, 8000)).succeeded).toBe(true);
    }, 60_000);
  });

  test.each([
    ['simple tokens', () => ['--auth-token-ttl', '3']],
    ['JWT', () => jwtFlags(3)],
  ])(
    '%s that run out after three seconds are followed by new ones, and no call fails',
    async (_name, flags) => {
      const { cluster, connectAs } = await authenticated(flags());
      const etcd = connectAs(USER);
      await cluster.until(() => etcd.range('a', 'b'));

      // The last pauses are longer than a token lasts, also a simple one, which each use prolongs.
      for (const pause of [500, 1500, 2500, 3500, 4500, 0]) {
        expect((await etcd.range('a', 'b')).found).toEqual([]);
        await delay(pause);
      }
    },
    60_000,
  );

  test('that is turned off is no matter, nor when it is turned on again', async () => {
    const { cluster, asRoot, control, connectAs } = await authenticated([]);
    const etcd = connectAs(USER);
    await etcd.range('a', 'b');

    asRoot('auth', 'disable');
    await cluster.until(() => etcd.range('a', 'b'), 3000);
    const later = connectAs(USER);
    await later.range('a', 'b');
    control('auth', 'enable');

    expect((await cluster.until(() => etcd.range('a', 'b'), 8000)).found).toEqual([]);
    expect((await cluster.until(() => later.range('a', 'b'), 8000)).found).toEqual([]);
  }, 60_000);

  test('names the settings of the user where none is set', async () => {
    const { cluster } = await authenticated([]);
    const etcd = connect(cluster.endpoints, undefined);

    await expect(etcd.range('a', 'b')).rejects.toThrow('set GATEWAY_ETCD_USER and GATEWAY_ETCD_PASSWORD');
  }, 60_000);

  test('says that the password is wrong, and takes the right one within seconds', async () => {
    const { cluster, asRoot, connectAs } = await authenticated([]);
    const etcd = connectAs({ name: 'root', password: 'other' });

    await expect(etcd.range('a', 'b')).rejects.toThrow('authentication failed, invalid user ID or password');
    execFileSync(
      'sh',
      [
        '-c',
        'echo other | ETCDCTL_API=3 etcdctl --endpoints "$0" --user root:secret user passwd root --interactive=false',
        cluster.endpoints.join(),
      ],
      { stdio: 'ignore' },
    );

    expect((await cluster.until(() => etcd.range('a', 'b'), 8000)).found).toEqual([]);
    expect(() => asRoot('user', 'list')).toThrow();
  }, 60_000);
});
