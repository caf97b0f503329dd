import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import type { Flags } from '../../src/config/loading/origins.ts';
import { planOfSettings } from '../../src/config/plan-of-settings.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../src/net/ipv4.ts';
import { ANYBODY, mayHave } from '../../src/subnet/may-have.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { sizeOf } from '../../src/subnet/pool.ts';

function address(text: string): Ipv4 {
  const value = ipv4FromText(text);
  if (value === undefined) throw new Error(text);
  return value;
}

function planFor(flags: Flags, mtu = 1450): Plan {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return planOfSettings(loaded.settings, { listenIp: address('10.15.3.10'), mtu }, []);
}

/** The bytes of an option as hexadecimal text; undefined: it is not sent. */
function option(plan: Plan, code: number): string | undefined {
  const value = plan.subnet.parameters.get(code)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value?.toString(16);
}

describe('planOfSettings', () => {
  it('serves the address plan by default', () => {
    const plan = planFor({});

    expect(plan).toMatchObject({
      serverIdentifier: address('10.15.3.10'),
      identity: 'auto',
      authoritative: true,
      subnetSelection: false,
      rapidCommit: false,
      bootp: false,
      offerSeconds: 30,
      leaseCache: 0,
      probeMilliseconds: 300,
    });
    expect(plan.subnet).toMatchObject({
      prefix: { network: address('10.15.3.0'), length: 24 },
      pools: [{ first: address('10.15.3.20'), last: address('10.15.3.254'), excluded: new Set() }],
      leaseTimes: { default: 43_200, minimum: 120, maximum: 43_200 },
    });
  });

  it('hears no relay unless one is listed', () => {
    const five = address('10.15.3.5');

    expect(planFor({}).relays).toEqual([]);
    expect(planFor({ relays: '10.15.3.5' }).relays).toEqual([{ first: five, last: five }]);
  });

  it('gives the address of a relay that is listed by it to no guest', () => {
    const { subnet } = planFor({ relays: '10.15.3.50,10.15.3.60-10.15.3.70,10.16.0.1' });

    expect(subnet?.pools[0]?.excluded).toEqual(new Set([address('10.15.3.50')]));
    expect(subnet?.excluded.has(address('10.15.3.50'))).toBe(true);
  });

  it('has a lease cache if one is set', () => {
    expect(planFor({ leaseCache: '25' }).leaseCache).toBe(25);
    expect(planFor({ leaseCache: 'off' }).leaseCache).toBe(0);
  });

  it('listens to the gateways of the address plan, to those that are named, or to none', () => {
    const peers = (flags: Flags) => [...planFor(flags).peers].map(ipv4ToText);

    expect(peers({})).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19].map((place) => `10.15.3.${place}`));
    expect(peers({ peers: '10.15.3.5,10.15.3.10' })).toEqual(['10.15.3.5']);
    expect(peers({ peers: 'off' })).toEqual([]);
  });

  it('gives out what is in one of the ranges, and not what is excluded', () => {
    const { subnet } = planFor({
      pools: '10.15.3.20-10.15.3.99,10.15.3.120-10.15.3.254',
      exclusions: '10.15.3.50,10.15.3.95-10.15.3.97,10.15.3.110',
    });
    const may = (text: string) => mayHave(subnet, ANYBODY, address(text));

    expect(['10.15.3.20', '10.15.3.99', '10.15.3.120', '10.15.3.254'].map(may)).toEqual(
      Array(4).fill('lease'),
    );
    expect(['10.15.3.100', '10.15.3.119'].map(may)).toEqual(['keep-until-end', 'keep-until-end']);
    expect(['10.15.3.50', '10.15.3.95', '10.15.3.97', '10.15.3.110'].map(may)).toEqual(
      Array(4).fill('nothing'),
    );
    expect(subnet.pools.map(sizeOf)).toEqual([76, 135]);
  });

  it('with a share gives out nothing else, and listens to nobody', () => {
    const plan = planFor({ share: '10.15.3.20-10.15.3.29,10.15.3.40' });

    expect(plan.subnet.pools).toMatchObject([
      { first: address('10.15.3.20'), last: address('10.15.3.29') },
      { first: address('10.15.3.40'), last: address('10.15.3.40') },
    ]);
    expect(plan.subnet.othersShares).toMatchObject([
      { first: address('10.15.3.30'), last: address('10.15.3.39') },
      { first: address('10.15.3.41'), last: address('10.15.3.254') },
    ]);
    expect(plan.peers.size).toBe(0);
  });

  it.each([
    ['RFC 2132 §3.3: the subnet mask', 1, 'ffffff00'],
    ['RFC 2132 §3.5: the router', 3, '0a0f0301'],
    ['RFC 2132 §3.8: the DNS servers in their order', 6, '0101010101000001'],
    ['RFC 2132 §3.17: the domain name', 15, Buffer.from('vps.local').toString('hex')],
    ['RFC 2132 §5.1: the MTU of the interface', 26, '05aa'],
    ['RFC 2132 §5.3: the broadcast address', 28, '0a0f03ff'],
    ['no NTP server', 42, undefined],
    ['no IPv6-only', 108, undefined],
    ['no search list', 119, undefined],
    ['no classless routes', 121, undefined],
  ])('by default tells clients: %s', (_, code, value) => {
    expect(option(planFor({}), code)).toBe(value);
  });

  it.each<[string, Flags, number, string | undefined]>([
    ['an MTU by number', { mtu: '1400' }, 26, '0578'],
    ['no MTU', { mtu: 'off' }, 26, undefined],
    ['no DNS servers', { dns: 'off' }, 6, undefined],
    ['no domain', { domain: 'off' }, 15, undefined],
    ['RFC 2132 §8.3: NTP servers', { ntp: '10.15.3.2' }, 42, '0a0f0302'],
    ['RFC 8925 §3.1: IPv6-only for half an hour', { ipv6Only: '30m' }, 108, '00000708'],
    [
      'RFC 3397 §2: a search list, the second name compressed',
      { domainSearch: 'a.b,c.b' },
      119,
      '016101620001 63c002'.replace(' ', ''),
    ],
    [
      'RFC 3442: a route, and the default route with it',
      { routes: '10.0.0.0/8=10.15.3.5' },
      121,
      '080a0a0f0305000a0f0301',
    ],
    [
      'the same routes under their older number',
      { routes: '10.0.0.0/8=10.15.3.5' },
      249,
      '080a0a0f0305000a0f0301',
    ],
    ['RFC 3442: a default route of its own', { routes: '0.0.0.0/0=10.15.3.5' }, 121, '000a0f0305'],
  ])('tells clients what is set: %s', (_, flags, code, value) => {
    expect(option(planFor(flags), code)).toBe(value);
  });

  it('cuts an MTU that its option cannot hold', () => {
    expect(option(planFor({}, 65_536), 26)).toBe('ffff');
  });

  it("never gives out a gateway's address, on whichever node it is", () => {
    const loaded = loadSettings({ poolStart: '10.15.3.8' }, {});
    if (!loaded.ok) throw new Error('the pool is refused');

    const plan = planOfSettings(loaded.settings, { listenIp: address('10.15.3.5'), mtu: 1500 }, []);

    const excluded = [...(plan.subnet.pools[0]?.excluded ?? [])].map(ipv4ToText);
    expect(excluded).toEqual(Array.from({ length: 10 }, (_, index) => `10.15.3.${10 + index}`));
  });

  it("never gives out another address of this host's own", () => {
    const loaded = loadSettings({}, {});
    if (!loaded.ok) throw new Error('the defaults are refused');
    const own = [address('10.15.3.60'), address('192.168.1.5')];

    const plan = planOfSettings(loaded.settings, { listenIp: address('10.15.3.10'), mtu: 1500 }, own);

    expect([...(plan.subnet.pools[0]?.excluded ?? [])]).toEqual([address('10.15.3.60')]);
  });

  it('never gives out the router or the listen IP of a router that is its own gateway', () => {
    const loaded = loadSettings({ gateway: '10.15.3.1', listenOnRouter: 'on' }, {});
    if (!loaded.ok) throw new Error('the settings are refused');
    const { settings } = loaded;
    const wide = { ...settings, poolStart: address('10.15.3.0'), poolEnd: address('10.15.3.255') };

    const excluded = planOfSettings(wide, { listenIp: settings.gateway, mtu: 1500 }, []).subnet.pools[0]
      ?.excluded;

    for (const text of ['10.15.3.0', '10.15.3.1', '10.15.3.255'])
      expect(excluded?.has(address(text)), text).toBe(true);
  });

  it.each<[Flags, { minimum: number; maximum: number }]>([
    [{ leaseTime: '60' }, { minimum: 60, maximum: 60 }],
    [{ leaseTime: '1d' }, { minimum: 120, maximum: 86_400 }],
    [
      { leaseTimeMin: '1h', leaseTimeMax: '2d' },
      { minimum: 3_600, maximum: 172_800 },
    ],
  ])('bounds lease times by what is set, else by the lease time: %o', (flags, times) => {
    expect(planFor(flags).subnet.leaseTimes).toMatchObject(times);
  });
});
