import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeReport } from '../../src/cli/check-report.ts';
import { checkSettings } from '../../src/cli/config-check.ts';
import type { RunningLease } from '../../src/diagnosis/plan-doubts.ts';
import { GatewayError } from '../../src/errors.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import type { Link } from '../../src/net/link.ts';
import { refuseDirectory } from '../../src/store/sqlite/disk/directory.ts';

const BRIDGE: Link = {
  name: 'OCvpsnet',
  index: 7,
  mtu: 1450,
  up: true,
  addresses: [{ address: ipv4(0x0a0f030a), prefixLength: 24 }],
};

/** The default one is not of this test's making. */
const anyDirectory = () => undefined;

function textOf(...parameters: Parameters<typeof checkSettings>): string {
  const written: string[] = [];
  const output = { hasColour: false, write: (text: string) => void written.push(text) };
  writeReport(output, checkSettings(...parameters));
  return written.join('');
}

describe('vps-gateway check', () => {
  it('is content on a node that holds its address, with nothing set', () => {
    expect(checkSettings({}, {}, [BRIDGE], anyDirectory)).toMatchObject({
      ok: true,
      listen: { listenIp: '10.15.3.10', interface: 'OCvpsnet', prefixLength: 24, mtu: 1450 },
      warnings: [],
      problems: [],
    });
  });

  it('of a settings file that cannot be read it says that alone: all else would be said of defaults', () => {
    const environment = { GATEWAY_CONFIG: '/nowhere/settings.yaml', GATEWAY_DHCP_MTU: '1400' };
    const refuse = () => {
      throw new GatewayError('store-unusable', 'the default directory is not there');
    };

    expect(textOf({}, environment, [], refuse)).toBe(
      "problem: GATEWAY_CONFIG: '/nowhere/settings.yaml' (environment GATEWAY_CONFIG): there is no such file; name a settings file that this user may read, or leave it out\n",
    );
    expect(checkSettings({}, environment, [BRIDGE], refuse)).toMatchObject({ ok: false, status: 78 });
  });

  it('of a settings file with a wrong value it still shows what it sets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-check-'));
    const file = join(folder, 'settings.yaml');
    writeFileSync(file, 'mtu: 1400\nlease_time: soon\n');

    const text = textOf({}, { GATEWAY_CONFIG: file }, [BRIDGE], anyDirectory);
    rmSync(folder, { recursive: true });

    expect(text).toMatch(/^GATEWAY_DHCP_MTU +1400 +file /m);
    expect(text).toMatch(/^problem: GATEWAY_DHCP_LEASE_TIME: 'soon'/m);
  });

  it('shows every setting, its value and where it came from', () => {
    const text = textOf({ mtu: '1400' }, { GATEWAY_DHCP_DOMAIN: 'example.net' }, [BRIDGE], anyDirectory);

    expect(text).toMatch(/^GATEWAY_DHCP_MTU +1400 +flag --mtu$/m);
    expect(text).toMatch(/^GATEWAY_DHCP_DOMAIN +example\.net +environment$/m);
    expect(text).toMatch(/^GATEWAY_DHCP_GATEWAY +10\.15\.3\.1 +default$/m);
    expect(text).toMatch(/^GATEWAY_DHCP_LISTEN_IP +10\.15\.3\.10 +derived$/m);
    expect(text).toMatch(/^GATEWAY_ETCD_CA +- +default$/m);
    expect(text).toMatch(/^listens on 10\.15\.3\.10\/24 on OCvpsnet, MTU 1450$/m);
    expect(text).toMatch(/^no problems$/m);
  });

  it('fits a terminal of 80 columns whatever is set: only long values take more lines', () => {
    const written: string[] = [];
    const output = { hasColour: false, columns: 80, write: (text: string) => void written.push(text) };
    const endpoints = [1, 2, 3].map((number) => `https://etcd-${number}.example.net:2379`).join();
    const environment = { GATEWAY_ETCD_ENDPOINTS: endpoints, GATEWAY_SEGMENT: 'vps' };
    writeReport(output, checkSettings({ allowSeveralInterfaces: 'on' }, environment, [], anyDirectory));
    const lines = written.join('').split('\n');

    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.startsWith('GATEWAY_ETCD_ENDPOINTS'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('  ')).length).toBeLessThan(12);
  });

  it('never shows the secret', () => {
    const text = textOf({}, { GATEWAY_API_SECRET: 'hunter2' }, [BRIDGE], anyDirectory);

    expect(text).not.toContain('hunter2');
    expect(text).toMatch(/^GATEWAY_API_SECRET +\(set\) +environment$/m);
  });

  it('a file of secrets that serve would refuse is a problem here too', () => {
    const text = textOf({}, { GATEWAY_API_SECRET_FILE: '/nowhere/secrets' }, [BRIDGE], anyDirectory);

    expect(text).toContain('GATEWAY_API_SECRET_FILE /nowhere/secrets: cannot be read (ENOENT)');
  });

  it('takes a listen address that is not there as a problem, which `serve` would wait for', () => {
    expect(checkSettings({ interface: 'eth0' }, {}, [BRIDGE], anyDirectory)).toMatchObject({
      ok: false,
      listen: undefined,
      problems: [expect.stringContaining('interface eth0 does not exist; there are: OCvpsnet')],
    });
  });

  it('tells problems of the settings and of the host at once', () => {
    const { problems } = checkSettings(
      { dns: 'nowhere' },
      { GATEWAY_DHCP_LISTEN_IP: '10.15.3.12' },
      [BRIDGE],
      anyDirectory,
    );

    expect(problems).toEqual([
      "GATEWAY_DHCP_DNS: 'nowhere' (flag --dns): is not an IPv4 address; write four numbers from 0 to 255: 10.15.3.1",
      '10.15.3.12 is on no interface; `ip addr add 10.15.3.12/24 dev <interface>`',
    ]);
  });

  it('does not judge the host by settings that are wrong themselves', () => {
    const { problems } = checkSettings({ listenIp: '10.15.3.1' }, {}, [BRIDGE], anyDirectory);

    expect(problems).toEqual([expect.stringContaining("is the router's address")]);
  });

  it('names what is set and does not fit into 548 octets', () => {
    const domainSearch = Array.from(
      { length: 20 },
      (_, index) => `${'x'.repeat(30)}${index}.example.net`,
    ).join();

    expect(checkSettings({ domainSearch }, {}, [BRIDGE], anyDirectory).warnings).toEqual([
      expect.stringMatching(/no more than 548 octets.*: domainSearch \(option 119\); shorten the lists/),
    ]);
  });

  it("names the leases whose addresses are no guest's by these settings", () => {
    const leases = Array.from({ length: 14 }, (_, index) => ({
      address: ipv4(0x0a0f0396 + index),
      hardware: 0x525400000000 + index,
    }));
    const leasesIn = () => leases as unknown as readonly RunningLease[];
    const warnings = (flags: Parameters<typeof checkSettings>[0]) =>
      checkSettings(flags, {}, [BRIDGE], anyDirectory, { leasesIn }).warnings.filter(
        (line) => !line.includes('segment is'),
      );

    expect(warnings({})).toEqual([]);
    expect(warnings({ poolEnd: '10.15.3.140' })).toEqual([]);
    expect(warnings({ poolEnd: '10.15.3.140', gateway: '10.15.3.150' })).toEqual([
      expect.stringMatching(/no guest's.*: 10\.15\.3\.150 of 52:54:00:00:00:00; set router/),
    ]);
    expect(warnings({ poolEnd: '10.15.3.120', subnetMask: '25' })).toEqual([
      expect.stringMatching(/: 10\.15\.3\.150 of .*, 10\.15\.3\.159 of 52:54:00:00:00:09 and 4 more; set/),
    ]);
  });

  it('goes on where the lease file cannot be read, and says why', () => {
    const leasesIn = () => {
      throw new GatewayError('store-unusable', 'leases.sqlite: is damaged');
    };

    expect(checkSettings({}, {}, [BRIDGE], anyDirectory, { leasesIn })).toMatchObject({
      ok: true,
      warnings: ['the leases could not be looked at: leases.sqlite: is damaged'],
    });
  });

  it('tries the certificates for etcd: what cannot be used is a problem by its setting, what ends soon a warning', () => {
    const flags = { etcdCa: '/pki/ca.crt', etcdCert: '/pki/own.crt' };
    const environment = { GATEWAY_ETCD_KEY: '/pki/own.key' };
    const asked: unknown[] = [];
    const { ok, problems, warnings } = checkSettings(flags, environment, [BRIDGE], anyDirectory, {
      certificateFaults: (files) => {
        asked.push(files);
        return [
          { part: 'key', kind: 'unusable', message: 'is encrypted', remedy: 'store it without' },
          { part: 'cert', kind: 'untimely', message: 'has ended', remedy: 'renew it' },
          { part: 'ca', kind: 'ending', message: 'ends soon', remedy: 'renew it too' },
        ];
      },
    });

    expect(asked).toEqual([{ ca: '/pki/ca.crt', cert: '/pki/own.crt', key: '/pki/own.key' }]);
    expect(ok).toBe(false);
    expect(problems).toEqual([
      "GATEWAY_ETCD_KEY: '/pki/own.key' (environment GATEWAY_ETCD_KEY): is encrypted; store it without",
      "GATEWAY_ETCD_CERT: '/pki/own.crt' (flag --etcd-cert): has ended; renew it",
    ]);
    expect(warnings).toContain("GATEWAY_ETCD_CA: '/pki/ca.crt' (flag --etcd-ca): ends soon; renew it too");
  });

  it('a firewall rule that drops what guests send is a problem with a status of its own: 1', () => {
    const dropsOn = (name: string) => [{ text: `rule 3 on ${name}`, letIn: 'nft insert rule' }];
    const well = checkSettings({}, {}, [BRIDGE], anyDirectory);
    const dropped = checkSettings({}, {}, [BRIDGE], anyDirectory, { dropsOn });
    const wrongToo = checkSettings({ dns: 'x' }, {}, [BRIDGE], anyDirectory, { dropsOn });

    const unread = checkSettings({}, {}, [BRIDGE], anyDirectory, { dropsOn: () => undefined });

    expect(well).toMatchObject({ ok: true, status: 0, notes: [] });
    expect(unread).toMatchObject({
      ok: true,
      status: 0,
      notes: [expect.stringMatching(/could not be looked/)],
    });
    expect(dropped).toMatchObject({ ok: false, status: 1, warnings: [] });
    expect(dropped.problems).toEqual([
      expect.stringMatching(/^the firewall drops .* rule 3 on OCvpsnet; to let it in: nft insert rule$/),
    ]);
    expect(wrongToo).toMatchObject({ ok: false, status: 78 });
    expect(wrongToo.problems).toHaveLength(2);
  });

  it('tells that leases cannot be kept in their directory, and makes none', () => {
    const parent = mkdtempSync(join(tmpdir(), 'vps-gateway-check-'));
    const file = join(parent, 'file');
    writeFileSync(file, '');
    const problemsWith = (leasesDir: string) =>
      checkSettings({ leasesDir }, {}, [BRIDGE], refuseDirectory).problems;

    expect(problemsWith(join(file, 'leases'))).toEqual([expect.stringContaining('not a directory')]);
    expect(problemsWith(join(parent, 'a/b'))).toEqual([]);
    expect(existsSync(join(parent, 'a'))).toBe(false);
    rmSync(parent, { recursive: true });
  });
});
