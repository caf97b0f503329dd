import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { certify, sign } from '../support/certificates.ts';
import { EtcdProcesses } from '../support/etcd-process.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem } from '../support/system.ts';

describeSystem('etcd with client certificates and a user of its own', ['etcd', 'etcdctl'], () => {
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
      `vps-gateway: etcd cannot be spoken to: GATEWAY_ETCD_KEY: '${file('other.key')}' (environment GATEWAY_ETCD_KEY): does not belong to the certificate in ${file('own.pem')}; put a certificate and its own key there\n`,
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
  }, 60_000);
});
