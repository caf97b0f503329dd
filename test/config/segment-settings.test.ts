import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import type { Flags } from '../../src/config/loading/origins.ts';
import { problemToText } from '../../src/config/problem.ts';
import type { Environment } from '../../src/config/settings.ts';
import { ipv4FromText } from '../../src/net/ipv4.ts';

const FILE = '/etc/vps-gateway/settings.yaml';
const A = '- { name: a, interface: br0, pool_end: 10.15.3.99 }';
const B =
  '- { name: b, interface: br1, gateway: 10.16.0.1, pools: [10.16.0.20-10.16.0.29, 10.16.0.40], exclusions: [10.16.0.25] }';

function load(text: string, environment: Environment = {}, flags: Flags = {}) {
  return loadSettings({ settingsFile: FILE, ...flags }, environment, () => ({ ok: true, value: text }));
}

function complaints(text: string, environment: Environment = {}, flags: Flags = {}): readonly string[] {
  const loaded = load(text, environment, flags);
  return [...(loaded.ok ? [] : loaded.problems), ...loaded.warnings]
    .map(problemToText)
    .map((line) => line.replaceAll(FILE, 'F'));
}

describe('a list of segments', () => {
  it('gives each segment what stands in its entry, else what stands above the list, else the default', () => {
    const loaded = load(`dns: [9.9.9.9]\nlease_time: 1h\nleases_dir: /data/\nsegments:\n${A}\n${B}\n`);

    expect(loaded.ok).toBe(true);
    expect(loaded.warnings).toEqual([]);
    expect(
      loaded.segments.map(({ name, settings }) => [name, settings.interface, settings.leasesDir]),
    ).toEqual([
      ['a', 'br0', '/data/a'],
      ['b', 'br1', '/data/b'],
    ]);
    expect(loaded.segments[1]).toMatchObject({
      settings: {
        segment: 'b',
        gateway: ipv4FromText('10.16.0.1'),
        pools: { length: 2 },
        dns: [ipv4FromText('9.9.9.9')],
        leaseTime: 3600,
        domain: 'vps.local',
      },
      origins: { gateway: { name: `${FILE}:6:39` }, dns: { name: `${FILE}:1:6` } },
    });
  });

  it('leaves a directory that an entry names as it is, so that leases need not be moved', () => {
    const { segments } = load(
      'leases_dir: /data\nsegments:\n- { name: a, interface: br0, leases_dir: /data }\n',
    );

    expect(segments.map(({ settings }) => settings.leasesDir)).toEqual(['/data']);
  });

  it('is overridden by flags and variables in all its segments', () => {
    const { segments } = load(
      `segments:\n${A}\n${B.replace('interface', 'domain: b.example, interface')}\n`,
      { GATEWAY_DHCP_DOMAIN: 'all.example', GATEWAY_DHCP_LEASES_DIR: '/elsewhere' },
      { dns: '8.8.8.8' },
    );

    for (const { settings } of segments)
      expect(settings).toMatchObject({ domain: 'all.example', dns: [ipv4FromText('8.8.8.8')] });
    expect(segments.map(({ settings }) => settings.leasesDir)).toEqual(['/elsewhere/a', '/elsewhere/b']);
  });

  it.each<[string, Environment, Flags]>([
    ['GATEWAY_DHCP_LISTEN_IP', { GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' }, {}],
    ['GATEWAY_DHCP_INTERFACE', {}, { interface: 'br7' }],
    ['GATEWAY_DHCP_POOL_END', {}, { poolEnd: '10.15.3.99' }],
    ['GATEWAY_PEERS', { GATEWAY_PEERS: '10.15.3.11' }, {}],
  ])('refuses %s from outside: no two segments have the same', (setting, environment, flags) => {
    expect(complaints(`segments:\n${A}\n${B}\n`, environment, flags)).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^${setting}: .*would be the same in all 2 segments .*; leave it out, and set it in each entry`,
        ),
      ),
    );
  });

  it('with one segment takes every flag, as a file without a list does', () => {
    const { segments } = load(`segments:\n${A}\n`, {}, { listenIp: '10.15.3.12', poolEnd: '10.15.3.50' });

    expect(segments[0]?.settings).toMatchObject({
      listenIp: ipv4FromText('10.15.3.12'),
      poolEnd: ipv4FromText('10.15.3.50'),
    });
  });

  it.each([
    ['segments: here\n', "segments: 'here' (file F:1:11): is no list of segments"],
    ['segments: []\n', "segments: '[]' (file F:1:11): has no segment"],
    ['segments:\n- br0\n', "segments: 'br0' (file F:2:3): is no segment"],
    ['segments:\n- interface: br0\n', 'segments: not set (file F:2:3): has no name'],
    ['segments:\n- name: a b\n  interface: br0\n', "GATEWAY_SEGMENT: 'a b' (file F:2:9): is not a name"],
    [
      'segments:\n- name: leases.sqlite\n  interface: br0\n',
      "GATEWAY_SEGMENT: 'leases.sqlite' (file F:2:9): is the name of a file in the leases directory",
    ],
    [`segments:\n${A}\n- name: c\n`, 'segments: not set (file F:3:3): has neither interface nor listen_ip'],
    [
      `segments:\n${A}\n- { name: a, interface: br1 }\n`,
      "GATEWAY_SEGMENT: 'a' (file F:3:11): is that of another segment, too: file F:2:11",
    ],
    [
      `segments:\n${A}\n- { name: c, interface: br0 }\n`,
      "GATEWAY_DHCP_INTERFACE: 'br0' (file F:3:25): is that of another segment, too: file F:2:25",
    ],
    [
      'segments:\n- { name: a, listen_ip: 10.15.3.10 }\n- { name: c, listen_ip: 10.15.3.10 }\n',
      "GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' (file F:3:25): is that of another segment, too: file F:2:25",
    ],
    [
      `segments:\n${A}\n- { name: c, interface: br1, leases_dir: ${'/var/lib/obiente/vps-gateway/a'}/ }\n`,
      "GATEWAY_DHCP_LEASES_DIR: '/var/lib/obiente/vps-gateway/a/' (file F:3:42): is that of another segment, too",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  poolend: 10.15.3.99\n',
      "poolend: '10.15.3.99' (file F:4:3): no setting has this name; did you mean pool_end?",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  metrics_port: 9092\n',
      "metrics_port: '9092' (file F:4:3): is a setting of the whole process; write it above the list",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  segment: b\n',
      "segment: 'b' (file F:4:3): is no setting of an entry; its name here is name",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  lease_time: [1h]\n',
      "GATEWAY_DHCP_LEASE_TIME: '[1h]' (file F:4:15): is not one value",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  pools: [10.15.3.20-10.15.4.9]\n',
      "GATEWAY_DHCP_POOLS: '10.15.3.20-10.15.4.9' (file F:4:10): 10.15.3.20-10.15.4.9 is outside the subnet 10.15.3.0/24",
    ],
    [
      'segments:\n- name: a\n  interface: br0\n  gateway: 10.99.0.1\n',
      "GATEWAY_DHCP_POOL_START: '10.15.3.20' (default, in the segment a at file F:2:3): the pool crosses the subnet",
    ],
    [
      'segmets:\n- name: a\n',
      "segmets: '- name: a' (file F:1:1): no setting has this name; did you mean segments?",
    ],
  ])('names the place of each fault: %j', (text, complaint) => {
    const found = complaints(text);

    expect(found.filter((line) => line.startsWith(complaint))).toHaveLength(1);
    expect(found.filter((line) => !/F:\d+:\d+/.test(line))).toEqual([]);
  });

  it("refuses the platform's protocol beside several segments, and reservations that are above all of them", () => {
    const guest = 'reservations:\n- { id: web, mac: "52:54:00:00:00:01", address: 10.15.3.30 }\n';
    const secret = { GATEWAY_API_SECRET: 's' };

    expect(complaints(`grpc_port: 1537\nsegments:\n${A}\n${B}\n`, secret)).toEqual([
      expect.stringMatching(/^GATEWAY_GRPC_PORT: '1537' \(file F:1:12\): opens the platform's protocol/),
    ]);
    expect(complaints(`grpc_port: 1537\nsegments:\n${A}\n`, secret)).toEqual([]);
    expect(complaints(`${guest}segments:\n${A}\n`)).toContainEqual(
      expect.stringMatching(/^reservations: not set \(file F:1:1\): are those of no segment here/),
    );
    expect(
      complaints(`segments:\n${A}\n- name: c\n  interface: br2\n  ${guest.replaceAll('\n-', '\n  -')}`),
    ).toEqual([]);
  });

  it('says once what is wrong for all segments', () => {
    expect(complaints(`metrics_port: many\nsegments:\n${A}\n${B}\n`)).toEqual([
      expect.stringContaining("GATEWAY_METRICS_PORT: 'many' (file F:1:15)"),
    ]);
    expect(complaints(`segments:\n${A}\n${B}\n`, { GATEWAY_DHCP_LEASE_TYME: '1h' })).toEqual([
      expect.stringContaining('did you mean GATEWAY_DHCP_LEASE_TIME?'),
    ]);
  });

  it('has options, classes and network boot for all segments, and each that an entry has in place of those above', () => {
    const own = '- name: b\n  interface: br1\n  options: { log_servers: 10.15.3.9 }\n';
    const { segments } = load(
      `options: { ip_forwarding: true }\npxe: { file: http://boot/ }\nsegments:\n${A}\n${own}`,
    );
    const said = segments.map(({ settings }) =>
      settings.policy?.said.map(({ name, place }) => [name, place]),
    );

    expect(said).toEqual([
      [
        ['options.ip_forwarding', expect.stringContaining(':1:')],
        ['pxe.file', expect.stringContaining(':2:')],
      ],
      [
        ['options.log_servers', expect.stringContaining(':7:')],
        ['pxe.file', expect.stringContaining(':2:')],
      ],
    ]);
    expect(segments.map(({ settings }) => [...(settings.policy?.terms.options.keys() ?? [])])).toEqual([
      [19],
      [7],
    ]);
    expect(complaints(`segments:\n${own.replace('10.15.3.9', 'here')}`)).toEqual([
      expect.stringMatching(/F:4:\d+/),
    ]);
  });

  it('with etcd needs no other name than that of its entry', () => {
    const { ok, segments } = load(`etcd_endpoints: 127.0.0.1:2379\nsegments:\n${A}\n${B}\n`);

    expect([ok, segments.map(({ settings }) => settings.segment)]).toEqual([true, ['a', 'b']]);
  });
});
