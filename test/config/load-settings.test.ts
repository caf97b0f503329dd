import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import type { Flags } from '../../src/config/loading/origins.ts';
import { problemToText } from '../../src/config/problem.ts';
import { type Environment, SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';
import { ipv4FromText } from '../../src/net/ipv4.ts';

function load(environment: Environment = {}, flags: Flags = {}) {
  return loadSettings(flags, environment);
}

/** The problems as `variable: message`. */
function problemsOf(environment: Environment, flags: Flags = {}): readonly string[] {
  const loaded = load(environment, flags);
  return loaded.ok ? [] : loaded.problems.map(({ setting, message }) => `${setting}: ${message}`);
}

describe('loadSettings', () => {
  it('gives the address plan when nothing is set', () => {
    expect(load()).toMatchObject({
      ok: true,
      warnings: [],
      settings: {
        gateway: ipv4FromText('10.15.3.1'),
        subnetMask: 24,
        poolStart: ipv4FromText('10.15.3.20'),
        poolEnd: ipv4FromText('10.15.3.254'),
        domain: 'vps.local',
        leaseTime: 43_200,
        mtu: 'interface',
        identity: 'auto',
        authoritative: true,
        rapidCommit: false,
        subnetSelection: false,
        arpProbe: 300,
        metricsPort: 9091,
      },
    });
  });

  it('lets a flag beat the environment, which beats the default, and says which it was', () => {
    const loaded = load(
      { GATEWAY_DHCP_DOMAIN: 'from.environment', GATEWAY_DHCP_MTU: '1400' },
      { domain: 'from.flag' },
    );

    expect(loaded).toMatchObject({ settings: { domain: 'from.flag', mtu: 1400, identity: 'auto' } });
    expect(loaded.origins).toMatchObject({
      domain: { source: 'flag', name: '--domain', text: 'from.flag' },
      mtu: { source: 'environment', name: 'GATEWAY_DHCP_MTU', text: '1400' },
      identity: { source: 'default', text: 'auto' },
    });
  });

  it('takes an empty variable as unset, as compose files write it', () => {
    expect(load({ GATEWAY_DHCP_LISTEN_IP: '', GATEWAY_DHCP_DNS: '  ' })).toEqual(load());
  });

  it('has a default that can be read for each setting that is not open', () => {
    for (const key of SETTING_KEYS) {
      const { kind, default: fallback } = SETTINGS[key];
      expect(fallback === undefined || kind.read(fallback).ok, key).toBe(true);
    }
  });

  it('has one variable and one flag for each setting, and no two the same', () => {
    const variables = SETTING_KEYS.map((key) => SETTINGS[key].variable);
    const flags = SETTING_KEYS.map((key) => SETTINGS[key].flag ?? key);
    expect(new Set(variables).size).toBe(variables.length);
    expect(new Set(flags).size).toBe(flags.length);
  });

  it('reports every problem at once, each with its value, where it came from and a remedy', () => {
    const environment = { GATEWAY_DHCP_SUBNET_MASK: '255.0.255.0', GATEWAY_DHCP_LEASE_TIME: 'long' };

    const loaded = load(environment, { dns: '1.1.1.1,nowhere' });

    expect(loaded.ok).toBe(false);
    expect(!loaded.ok && loaded.problems).toEqual([
      {
        setting: 'GATEWAY_DHCP_SUBNET_MASK',
        value: '255.0.255.0',
        from: 'environment GATEWAY_DHCP_SUBNET_MASK',
        message: 'is not a network mask',
        remedy: 'write 255.255.255.0 or 24',
      },
      expect.objectContaining({ setting: 'GATEWAY_DHCP_DNS', value: '1.1.1.1,nowhere', from: 'flag --dns' }),
      expect.objectContaining({ setting: 'GATEWAY_DHCP_LEASE_TIME', value: 'long' }),
    ]);
  });

  it.each(['vps net', 'vps\tnet', 'vps\u0001net', 'vps\u200bnet'])(
    'says of a name of a segment with a blank or a control character inside, %j, that alone',
    (segment) => {
      const environment = { GATEWAY_ETCD_ENDPOINTS: 'http://192.0.2.11:2379', GATEWAY_SEGMENT: segment };

      expect(problemsOf(environment)).toEqual(['GATEWAY_SEGMENT: is not a name']);
    },
  );

  it('never shows a secret', () => {
    const loaded = load({ GATEWAY_API_SECRET: 'hunter2', GATEWAY_DHCP_MTU: 'x' });

    expect(!loaded.ok && JSON.stringify(loaded.problems)).not.toContain('hunter2');
  });
});

describe('settings that contradict each other', () => {
  it.each([
    [
      'is the router',
      { listenIp: '10.15.3.1' },
      "GATEWAY_DHCP_LISTEN_IP: is the router's address, which two nodes cannot both hold",
    ],
    [
      'is in the pool',
      { listenIp: '10.15.3.20' },
      'GATEWAY_DHCP_LISTEN_IP: is inside the pool 10.15.3.20-10.15.3.254, and could be given to a guest',
    ],
    ['is outside', { listenIp: '10.15.4.10' }, 'GATEWAY_DHCP_LISTEN_IP: is outside the subnet 10.15.3.0/24'],
    [
      'is the network address',
      { listenIp: '10.15.3.0' },
      'GATEWAY_DHCP_LISTEN_IP: is the network address of 10.15.3.0/24',
    ],
    [
      'is the broadcast address',
      { listenIp: '10.15.3.255' },
      'GATEWAY_DHCP_LISTEN_IP: is the broadcast address of 10.15.3.0/24',
    ],
  ])('a listen IP that %s is refused', (_, flags, problem) => {
    expect(problemsOf({}, flags)).toEqual([problem]);
  });

  it.each([
    ['10.15.3.10-10.15.3.30', '10.15.3.10-10.15.3.30 is outside the pool 10.15.3.20-10.15.3.254'],
    ['10.15.3.200-10.15.4.1', '10.15.3.200-10.15.4.1 is outside the pool 10.15.3.20-10.15.3.254'],
    ['10.15.3.90-10.15.3.99,10.15.3.20-10.15.3.90', '10.15.3.90-10.15.3.99 overlaps another of its ranges'],
    ['10.15.3.99-10.15.3.20', 'is a range that ends before it begins'],
    ['10.15.3.0/24', 'is not a range of addresses'],
  ])('a share of %s is refused', (share, why) => {
    expect(problemsOf({}, { share })).toEqual([`GATEWAY_DHCP_SHARE: ${why}`]);
  });

  it('--listen-on-router lets the one gateway of a network listen on the router', () => {
    expect(problemsOf({}, { listenIp: '10.15.3.1', listenOnRouter: 'on' })).toEqual([]);
  });

  it.each([
    [
      'holds the router',
      { poolStart: '10.15.3.1' },
      'GATEWAY_DHCP_POOL_START: the pool up to 10.15.3.254 holds the router 10.15.3.1',
    ],
    [
      'ends outside',
      { poolEnd: '10.15.4.1' },
      'GATEWAY_DHCP_POOL_END: the pool crosses the subnet: it is outside 10.15.3.0/24',
    ],
    [
      'is reversed',
      { poolStart: '10.15.3.200', poolEnd: '10.15.3.100' },
      "GATEWAY_DHCP_POOL_START: is behind the pool's end 10.15.3.100: the pool is reversed",
    ],
    [
      'contains the broadcast address',
      { poolEnd: '10.15.3.255' },
      'GATEWAY_DHCP_POOL_END: the pool contains the broadcast address',
    ],
    [
      'is left with gateways',
      { poolStart: '10.15.3.10', poolEnd: '10.15.3.19' },
      "GATEWAY_DHCP_POOL_END: leaves only gateways' addresses in the pool",
    ],
  ])('a pool that %s is refused', (_, flags, problem) => {
    expect(problemsOf({}, flags)).toEqual([problem]);
  });

  it('a pool that begins before the subnet is refused, as is the router in it', () => {
    expect(problemsOf({}, { poolStart: '10.15.2.20' })).toEqual([
      'GATEWAY_DHCP_POOL_START: the pool crosses the subnet: it is outside 10.15.3.0/24',
      'GATEWAY_DHCP_POOL_START: the pool up to 10.15.3.254 holds the router 10.15.3.1',
    ]);
  });

  it('a pool that begins with the network address is refused, as is the router in it', () => {
    expect(problemsOf({}, { poolStart: '10.15.3.0' })).toEqual([
      'GATEWAY_DHCP_POOL_START: the pool contains the network address',
      'GATEWAY_DHCP_POOL_START: the pool up to 10.15.3.254 holds the router 10.15.3.1',
    ]);
  });

  it('a router that is the network address is refused', () => {
    expect(problemsOf({}, { gateway: '10.15.3.0' })).toEqual([
      'GATEWAY_DHCP_GATEWAY: is the network address of 10.15.3.0/24',
    ]);
  });

  it('another router makes the default pool wrong, and the problem says that it is a default', () => {
    const loaded = load({}, { gateway: '192.168.7.1' });

    expect(!loaded.ok && loaded.problems.map(({ setting, from, remedy }) => [setting, from, remedy])).toEqual(
      [
        ['GATEWAY_DHCP_POOL_START', 'default', 'set GATEWAY_DHCP_POOL_START (--pool-start) to 192.168.7.20'],
        ['GATEWAY_DHCP_POOL_END', 'default', 'set GATEWAY_DHCP_POOL_END (--pool-end) to 192.168.7.254'],
      ],
    );
  });

  it.each([
    ['10.15.3.0', '10.15.3.0 is the network address of 10.15.3.0/24'],
    ['10.15.3.5,10.15.3.255', '10.15.3.255 is the broadcast address of 10.15.3.0/24'],
    ['10.15.3.10', "10.15.3.10 is this gateway's own address"],
    ['10.15.4.1,127.0.0.1', "'127.0.0.1' has addresses of 127.0.0.0/8, which no relay can have"],
  ])('a relay that cannot be one is refused, with what to list: %s', (relays, message) => {
    const loaded = load({ GATEWAY_DHCP_RELAYS: relays, GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' });

    expect(!loaded.ok && loaded.problems).toEqual([
      {
        setting: 'GATEWAY_DHCP_RELAYS',
        value: relays,
        from: 'environment GATEWAY_DHCP_RELAYS',
        message,
        remedy: expect.stringContaining('giaddr'),
      },
    ]);
  });

  it('a network or a range of relays may hold addresses that are none, which are passed over', () => {
    expect(load({ GATEWAY_DHCP_LISTEN_IP: '10.15.3.10' }, { relays: '10.15.3.0/24' })).toMatchObject({
      ok: true,
      settings: { relays: [{ first: ipv4FromText('10.15.3.0'), last: ipv4FromText('10.15.3.255') }] },
    });
  });

  it('a route through a router that guests cannot reach is refused', () => {
    expect(problemsOf({}, { routes: '10.0.0.0/8=10.15.4.5' })).toEqual([
      'GATEWAY_DHCP_ROUTES: the router 10.15.4.5 of 10.0.0.0/8 is outside 10.15.3.0/24',
    ]);
  });

  it.each([
    [{ leaseTime: '1h', leaseTimeMin: '2h' }, ['GATEWAY_DHCP_LEASE_TIME: is less than the minimum']],
    [{ leaseTime: '3h', leaseTimeMax: '2h' }, ['GATEWAY_DHCP_LEASE_TIME: is more than the maximum']],
    [{ leaseTime: '30s' }, []],
    [{ leaseTime: 'infinite' }, []],
  ])('lease times in the wrong order are refused: %o', (flags, problems) => {
    expect(problemsOf({}, flags)).toEqual(problems);
  });
});

describe('GATEWAY_DHCP_SUBNET', () => {
  it.each(['10.15.3.0', '10.15.3.0/24'])('may repeat what router and mask say: %s', (subnet) => {
    expect(load({ GATEWAY_DHCP_SUBNET: subnet })).toMatchObject({ ok: true, warnings: [] });
  });

  it.each(['10.15.4.0', '10.15.3.128', '10.15.3.1'])(
    'is refused when it says another network: %s',
    (subnet) => {
      expect(problemsOf({ GATEWAY_DHCP_SUBNET: subnet })).toEqual([
        'GATEWAY_DHCP_SUBNET: disagrees with router and mask, which say 10.15.3.0/24',
      ]);
    },
  );

  it('may hold the mask, an old habit, with a warning', () => {
    const loaded = load({ GATEWAY_DHCP_SUBNET: '255.255.0.0' });

    expect(loaded).toMatchObject({
      ok: true,
      settings: { subnetMask: 16 },
      origins: { subnetMask: { source: 'environment', name: 'GATEWAY_DHCP_SUBNET' } },
      warnings: [{ setting: 'GATEWAY_DHCP_SUBNET', message: 'is a mask, and is taken as one' }],
    });
  });

  it('is refused when it holds another mask than the mask', () => {
    expect(problemsOf({ GATEWAY_DHCP_SUBNET: '255.255.0.0', GATEWAY_DHCP_SUBNET_MASK: '24' })).toEqual([
      'GATEWAY_DHCP_SUBNET: disagrees with router and mask, which say 10.15.3.0/24',
    ]);
  });
});

describe('what an env file leaves around a value', () => {
  it.each(['vpsnet\r', ' vpsnet', 'vpsnet\t ', '\u00a0vpsnet'])('%j is vpsnet', (text) => {
    const loaded = load({ GATEWAY_SEGMENT: text, GATEWAY_ETCD_ENDPOINTS: 'http://192.0.2.1:2379\r' });

    expect(loaded.settings.segment).toBe('vpsnet');
  });

  it.each(['vps net', 'vps\u0000net', 'vps\rnet', 'vpsnet\u200b'])('inside it, it is refused: %j', (text) => {
    expect(load({ GATEWAY_SEGMENT: text }).ok).toBe(false);
  });
});

describe('warnings', () => {
  it.each([
    ['GATEWAY_DHCP_POOL_STRAT', 'GATEWAY_DHCP_POOL_START'],
    ['GATEWAY_PEER', 'GATEWAY_PEERS'],
    ['GATEWAY_SEGMNT', 'GATEWAY_SEGMENT'],
    ['GATEWAY_LEASE_TIME', 'GATEWAY_DHCP_LEASE_TIME'],
    ['GATEWY_DHCP_DNS', 'GATEWAY_DHCP_DNS'],
    ['DHCP_LISTEN_IP', 'GATEWAY_DHCP_LISTEN_IP'],
    ['GATEWAY_DNS', 'GATEWAY_DHCP_DNS'],
    ['gateway_dhcp_dns', 'GATEWAY_DHCP_DNS'],
    ['Gateway_Listen_Ip', 'GATEWAY_DHCP_LISTEN_IP'],
    ['DHCP_MTUS', 'GATEWAY_DHCP_MTU'],
    ['LOG_LEVL', 'LOG_LEVEL'],
    ['GATEWAY_DHCP_ROUTER', 'GATEWAY_DHCP_GATEWAY'],
    ['GATEWAY_NETMASK', 'GATEWAY_DHCP_SUBNET_MASK'],
  ])('%s, which no setting reads, is named with the nearest that exists', (name, nearest) => {
    expect(load({ [name]: '1' })).toMatchObject({
      ok: true,
      warnings: [{ setting: name, value: '1', remedy: `did you mean ${nearest}?` }],
    });
  });

  it.each(['GATEWAY_FOO', 'GATEWAY_DHCP_VLAN', 'DHCP_KUBERNETES'])(
    '%s, which is like no setting, is named without a guess',
    (name) => {
      expect(load({ [name]: '1' })).toMatchObject({
        warnings: [{ setting: name, remedy: '`vps-gateway check` shows every setting that there is' }],
      });
    },
  );

  it("the older gateway's variables are said to be unneeded, in one line", () => {
    const older = [
      ...['GATEWAY_ALLOCATION_TTL', 'GATEWAY_ALLOCATION_TTL_SECONDS', 'GATEWAY_API_CALL_TIMEOUT'],
      ...['GATEWAY_API_URL', 'GATEWAY_CLIENT_INIT_DELAY', 'GATEWAY_FIND_VPS_TIMEOUT', 'GATEWAY_OUTBOUND_IP'],
      ...['GATEWAY_PUBLIC_IP', 'GATEWAY_RECONCILE_INTERVAL'],
    ];
    expect(load(Object.fromEntries(older.map((name) => [name, '1']))).warnings).toMatchObject([
      { setting: older.join(', '), remedy: 'leave it out, or let it stand' },
    ]);
  });

  it.each([
    [{ GATEWAY_GRPC_PORT: '1537' }, /needs a secret/],
    [{ GATEWAY_GRPC_PORT: '9091', GATEWAY_API_SECRET: 'x' }, /is the port of GATEWAY_METRICS_PORT too/],
  ])("the port of the platform's protocol is refused with %j", (environment, message) => {
    expect(load(environment)).toMatchObject({
      ok: false,
      problems: [{ setting: 'GATEWAY_GRPC_PORT', message: expect.stringMatching(message) }],
    });
  });

  it("the port of the platform's protocol is off, and with a secret it may be on", () => {
    expect(load({})).toMatchObject({ settings: { grpcPort: 'off', grpcListen: '127.0.0.1' } });
    expect(load({ GATEWAY_GRPC_PORT: '1537', GATEWAY_API_SECRET: 'x' })).toMatchObject({
      ok: true,
      warnings: [],
      settings: { grpcPort: 1537 },
    });
  });

  it("other programs' variables are none of ours", () => {
    const others = {
      PATH: '/bin',
      HOME: '/root',
      LANG: 'C',
      LS_COLORS: 'x',
      ETCD_NAME: 'a',
      ETCDCTL_API: '3',
    };

    expect(load(others).warnings).toEqual([]);
  });

  it.each([
    [{ GATEWAY_API_SECRT: 'hidden' }],
    [{ gateway_api_secret: 'hidden' }],
    [{ GATEWAY_ETCD_PASSWORT: 'hidden' }],
    [{ GATEWAY_ETCD_ENDPOINT: 'http://user:hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://a:2379,http://user:hidden@host:2379' }],
    [{ GATEWAY_DHCP_DNS: 'http://user:hidden@host' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'user:hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://a:2379, user:hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://user:hid/hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://user:x@hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://user:x,hidden@host:2379,https://user:hidden@other' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'root:x/hidden@host' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://user:123,hidden@host:2379' }],
    [{ GATEWAY_ETCD_ENDPOINTS: 'https://user:hidden,x@host:2379' }],
  ])('what is wrong with a secret is said without it: %j', (environment) => {
    const loaded = load(environment);
    const said = [...loaded.warnings, ...(loaded.ok ? [] : loaded.problems)].map(problemToText).join('\n');

    expect(said).not.toBe('');
    expect(said).not.toContain('hidden');
  });

  it.each(['"1.1.1.1"', "'1.1.1.1,8.8.8.8'"])(
    'a value in quotation marks, which no shell has taken away, is refused with that: %s',
    (text) => {
      const loaded = load({ GATEWAY_DHCP_DNS: text });

      expect(loaded.ok ? [] : loaded.problems).toMatchObject([{ remedy: 'leave the quotation marks out' }]);
    },
  );

  it('a peer that is not on the segment, and so never heard, is warned of', () => {
    expect(load({ GATEWAY_PEERS: '10.15.3.11,10.16.0.1' }).warnings).toMatchObject([
      { setting: 'GATEWAY_PEERS', message: '10.16.0.1 is outside 10.15.3.0/24, so it is never heard there' },
    ]);
    expect(load({ GATEWAY_PEERS: '10.15.3.11,10.15.3.200' }).warnings).toEqual([]);
  });

  it("a pool that holds gateways' addresses is served without them, and that is said", () => {
    expect(load({}, { poolStart: '10.15.3.10' }).warnings).toMatchObject([
      { setting: 'GATEWAY_DHCP_POOL_START', message: expect.stringContaining('10.15.3.10 to 10.15.3.19') },
    ]);
  });

  it.each([
    ['10.15.3.40-10.15.3.60', 1],
    ['10.15.3.0/24', 1],
    ['10.15.3.50,10.15.3.5-10.15.3.9,10.16.0.0/16', 0],
  ])('a range of relays that guests could be in is warned of: %s', (relays, count) => {
    const { warnings } = load({ GATEWAY_DHCP_RELAYS: relays });

    expect(warnings).toHaveLength(count);
    for (const { message } of warnings) expect(message).toContain('passes for a relay');
  });
});

describe('a pool with holes', () => {
  const range = (first: string, last: string) => ({ first: ipv4FromText(first), last: ipv4FromText(last) });

  it('is several ranges, in whatever order they are written, and its ends are those of the whole', () => {
    const { settings } = load({ GATEWAY_DHCP_POOLS: '10.15.3.120-10.15.3.254, 10.15.3.20-10.15.3.99' });

    expect(settings).toMatchObject({
      pools: [range('10.15.3.20', '10.15.3.99'), range('10.15.3.120', '10.15.3.254')],
      poolStart: ipv4FromText('10.15.3.20'),
      poolEnd: ipv4FromText('10.15.3.254'),
    });
  });

  it('that has none is the same setting as its first and its last address', () => {
    const { settings } = load({ GATEWAY_DHCP_POOLS: '10.15.3.20-10.15.3.99,10.15.3.100-10.15.3.199' });

    expect(settings).toEqual(load({ GATEWAY_DHCP_POOL_END: '10.15.3.199' }).settings);
  });

  it.each([
    ['10.15.3.20-10.15.4.9', '10.15.3.20-10.15.4.9 is outside the subnet 10.15.3.0/24'],
    ['10.15.3.20-10.15.3.99,10.15.3.99', '10.15.3.99 overlaps another of its ranges'],
    ['10.15.3.1-10.15.3.99', '10.15.3.1-10.15.3.99 holds the router 10.15.3.1'],
    ['10.15.3.20-10.15.3.255', '10.15.3.20-10.15.3.255 contains the broadcast address 10.15.3.255'],
    ['10.15.3.99-10.15.3.20', 'is a range that ends before it begins'],
    ['10.15.3.20-here', 'is not a range of addresses'],
  ])('of %s is refused', (pools, why) => {
    expect(problemsOf({ GATEWAY_DHCP_POOLS: pools })).toEqual([
      expect.stringMatching(new RegExp(`^GATEWAY_DHCP_POOLS: ('.*' )?${why}$`)),
    ]);
  });

  it('leaves its holes to the listen IP, and to nothing else', () => {
    const pools = '10.15.3.20-10.15.3.99,10.15.3.120-10.15.3.254';

    expect(problemsOf({ GATEWAY_DHCP_POOLS: pools }, { listenIp: '10.15.3.110' })).toEqual([]);
    expect(problemsOf({ GATEWAY_DHCP_POOLS: pools }, { listenIp: '10.15.3.120' })).toEqual([
      'GATEWAY_DHCP_LISTEN_IP: is inside the pool 10.15.3.20-10.15.3.99, 10.15.3.120-10.15.3.254, and could be given to a guest',
    ]);
    expect(problemsOf({ GATEWAY_DHCP_POOLS: pools }, { share: '10.15.3.90-10.15.3.130' })).toEqual([
      'GATEWAY_DHCP_SHARE: 10.15.3.90-10.15.3.130 is outside the pool 10.15.3.20-10.15.3.99, 10.15.3.120-10.15.3.254',
    ]);
  });

  it('is not said by two settings: which of them is meant nobody knows', () => {
    expect(problemsOf({ GATEWAY_DHCP_POOLS: '10.15.3.20-10.15.3.99' }, { poolEnd: '10.15.3.50' })).toEqual([
      'GATEWAY_DHCP_POOLS: says the pool a second time: so does GATEWAY_DHCP_POOL_END (flag --pool-end)',
    ]);
  });
});

describe('exclusions', () => {
  it.each([
    ['10.15.4.1', '10.15.4.1 is outside the subnet 10.15.3.0/24'],
    ['10.15.3.20-10.15.3.30,10.15.3.25', '10.15.3.25 overlaps another of its ranges'],
    ['10.15.3.2-10.15.3.99,10.15.3.100-10.15.3.254', 'leaves no address of the pool 10.15.3.20-10.15.3.254'],
    ['10.0.0.0-10.0.3.255,10.15.3.1', 'excludes more than 1024 addresses'],
    ['all', 'is not a range of addresses'],
  ])('of %s are refused', (exclusions, why) => {
    expect(problemsOf({ GATEWAY_DHCP_EXCLUDE: exclusions })).toEqual([`GATEWAY_DHCP_EXCLUDE: ${why}`]);
  });
});
