import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { askHealth, HEALTH_SOCKET } from '../../src/server/status/health.ts';
import { certify, makeAuthority, sign } from '../support/certificates.ts';
import { EtcdProcesses } from '../support/etcd-process.ts';
import { builtProgram, GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { hardwareOf } from '../support/load.ts';
import { bootUntilLeased } from '../support/patient-guest.ts';
import { RawClient } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

const DAY = 86_400_000;

describeSystem('etcd with client certificates and a user of its own', ['etcd', 'etcdctl', 'openssl'], () => {
  test('is reached with what the settings name, and each thing that is missing is said by its name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secure-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    certify(folder);
    const file = (name: string) => join(folder, name);
    const etcd = await EtcdProcesses.start({
      isSecure: true,
      flags: [
        ...['--cert-file', file('own.pem'), '--key-file', file('own.key')],
        ...['--trusted-ca-file', file('ca.pem'), '--client-cert-auth'],
      ],
    });
    onTestFinished(() => etcd.close());
    const [endpoint = ''] = etcd.endpoints;
    const control = (...words: readonly string[]) => {
      const tls = ['--cacert', file('ca.pem'), '--cert', file('own.pem'), '--key', file('own.key')];
      const environment = { ...process.env, ETCDCTL_API: '3' };
      execFileSync('etcdctl', ['--endpoints', `https://${endpoint}`, ...tls, ...words], {
        env: environment,
        stdio: 'ignore',
      });
    };
    await etcd.until(async () => control('user', 'add', 'root:secret'));
    control('user', 'grant-role', 'root', 'root');
    control('auth', 'enable');
    const settings = {
      PATH: process.env['PATH'],
      GATEWAY_DHCP_LEASES_DIR: folder,
      GATEWAY_SEGMENT: 'tenant-1',
      GATEWAY_ETCD_ENDPOINTS: `https://${endpoint}`,
      GATEWAY_ETCD_CA: file('ca.pem'),
      GATEWAY_ETCD_CERT: file('own.pem'),
      GATEWAY_ETCD_KEY: file('own.key'),
      GATEWAY_ETCD_USER: 'root',
      GATEWAY_ETCD_PASSWORD: 'secret',
    };
    const program = (changes: Readonly<Record<string, string>>, ...words: readonly string[]) =>
      run(undefined, [process.execPath, builtProgram(), 'cluster', ...words], { ...settings, ...changes });

    const begun = await program({}, 'init');
    const seen = await program({}, 'status');
    const strange = await program({ GATEWAY_ETCD_PASSWORD: 'guess' }, 'init');
    const unread = await program({ GATEWAY_ETCD_KEY: file('nothing.key') }, 'status');
    const half = await program({ GATEWAY_ETCD_KEY: '' }, 'status');
    sign(folder, 'other');
    const strangeKey = await program({ GATEWAY_ETCD_KEY: file('other.key') }, 'init');
    const bare = await program({ GATEWAY_ETCD_CERT: '', GATEWAY_ETCD_KEY: '' }, 'init');
    const checked = await run(
      undefined,
      [process.execPath, builtProgram(), 'check', '--etcd-key', file('other.key')],
      settings,
    );

    expect([begun.status, begun.output]).toEqual([0, expect.stringContaining('segment tenant-1 has begun')]);
    expect(begun.errors).toBe('');
    expect([seen.status, seen.output]).toEqual([0, expect.stringContaining('leader')]);
    expect([strange.status, strange.errors]).toEqual([69, expect.stringContaining('authentication failed')]);
    expect([unread.status, unread.errors]).toEqual([78, expect.stringContaining('GATEWAY_ETCD_KEY')]);
    expect([half.status, half.errors]).toEqual([78, expect.stringContaining('GATEWAY_ETCD_KEY')]);
    expect([strangeKey.status, strangeKey.errors]).toEqual([
      78,
      `vps-gateway: no connection to etcd is possible: GATEWAY_ETCD_KEY: '${file('other.key')}' (environment GATEWAY_ETCD_KEY): does not belong to the certificate in ${file('own.pem')}; put a certificate and its own key there\n`,
    ]);
    expect([bare.status, bare.errors]).toEqual([
      69,
      expect.stringContaining('etcd wants a client certificate, and none is set: set GATEWAY_ETCD_CERT'),
    ]);
    expect([checked.status, checked.output]).toEqual([
      78,
      expect.stringContaining(
        `problem: GATEWAY_ETCD_KEY: '${file('other.key')}' (flag --etcd-key): does not belong to`,
      ),
    ]);
  }, 120_000);
});

describeSystem('a gateway and a secured etcd, while it serves', ['etcd', 'etcdctl', 'openssl'], () => {
  const SOON = 10_000;

  test('its guests are served after a change of users, with new certificates, and beside a key without its certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secure-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = (name: string) => join(folder, name);
    const certifyNode = () => {
      makeAuthority(folder, 'ca', 90);
      sign(folder, 'own', { names: 'IP:10.15.3.10', end: Date.now() + 6 * DAY });
    };
    certifyNode();
    execFileSync('openssl', ['genrsa', '-out', file('jwt.key'), '2048'], { stdio: 'ignore' });
    execFileSync('openssl', ['rsa', '-in', file('jwt.key'), '-pubout', '-out', file('jwt.pub')], {
      stdio: 'ignore',
    });
    const segment = await LabSegment.open();
    onTestFinished(() => segment.close());
    const host = await segment.attach('node', { address: '10.15.3.10/24' });
    const client = new RawClient(await segment.attach('guests'));
    onTestFinished(() => client.close());
    const etcd = await EtcdProcesses.start({
      isSecure: true,
      sites: [{ host, address: '10.15.3.10' }],
      flags: [
        ...['--cert-file', file('own.pem'), '--key-file', file('own.key')],
        ...['--trusted-ca-file', file('ca.pem'), '--client-cert-auth', '--auth-token'],
        `jwt,pub-key=${file('jwt.pub')},priv-key=${file('jwt.key')},sign-method=RS256,ttl=600s`,
      ],
    });
    onTestFinished(() => etcd.close());
    const control = async (...words: readonly string[]) => {
      const tls = ['--cacert', file('ca.pem'), '--cert', file('own.pem'), '--key', file('own.key')];
      const environment = { ...process.env, ETCDCTL_API: '3' };
      const ran = await run(
        host,
        ['etcdctl', '--endpoints', 'https://10.15.3.10:2379', ...tls, ...words],
        environment,
      );
      if (ran.status !== 0) throw new Error(ran.errors);
    };
    await etcd.until(() => control('user', 'add', 'root:secret'));
    await control('user', 'grant-role', 'root', 'root');
    await control('auth', 'enable');
    const settings = {
      GATEWAY_SEGMENT: 'tenant-1',
      GATEWAY_ETCD_ENDPOINTS: 'https://10.15.3.10:2379',
      GATEWAY_ETCD_CA: file('ca.pem'),
      GATEWAY_ETCD_CERT: file('own.pem'),
      GATEWAY_ETCD_KEY: file('own.key'),
      GATEWAY_ETCD_USER: 'root',
      GATEWAY_ETCD_PASSWORD: 'secret',
    };
    const environment = gatewayEnvironment(folder, settings);
    await run(host, [process.execPath, builtProgram(), 'cluster', 'init'], environment);
    const gateway = await GatewayProcess.start(host, { directory: folder, settings });
    onTestFinished(async () => void (await gateway.end('SIGKILL')));
    await bootUntilLeased(client, hardwareOf(1), SOON);

    await control('--user', 'root:secret', 'user', 'add', 'other:secret');
    const afterUsers = await bootUntilLeased(client, hardwareOf(2), SOON);
    certifyNode();
    await etcd.kill(0);
    etcd.revive(0);
    const afterCertificates = await bootUntilLeased(client, hardwareOf(3), 2 * SOON);
    writeFileSync(file('own.pem'), readFileSync(file('own.pem')).subarray(0, 300));
    const withHalf = await bootUntilLeased(client, hardwareOf(4), SOON);
    const { verdict, problems } = await askHealth(join(folder, HEALTH_SOCKET), 1000);

    expect([afterUsers.type, afterCertificates.type, withHalf.type]).toEqual([5, 5, 5]);
    expect(verdict).toBe('served');
    expect(problems).toContainEqual({
      name: 'certificates',
      message: expect.stringMatching(
        /^GATEWAY_ETCD_CERT '.*own.pem' (ends on .*, in less than 7 days|holds no)/,
      ),
      remedy: expect.stringMatching(/\w/),
      stopsNewGuests: false,
    });
    expect(gateway.log.map(({ msg }) => msg)).toContain('see to the certificates for etcd');
    expect(gateway.words).toEqual([]);
  }, 120_000);
});
