import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Flags } from '../../../src/config/loading/origins.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import type { Link } from '../../../src/net/link.ts';
import { findListenAddress } from '../../../src/server/listen/find-listen-address.ts';

/** An interface with addresses as `10.15.3.10/24`. */
function link(name: string, ...addresses: readonly string[]): Link {
  return {
    name,
    index: name.length,
    mtu: 1450,
    up: true,
    addresses: addresses.map((text) => {
      const [address = '', length] = text.split('/');
      const value = ipv4FromText(address);
      if (value === undefined) throw new Error(text);
      return { address: value, prefixLength: Number(length) };
    }),
  };
}

const LO = link('lo', '127.0.0.1/8');
const UPLINK = link('vmbr0', '192.0.2.7/24');

function settingsOf(flags: Flags) {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

function find(flags: Flags, ...links: readonly Link[]) {
  return findListenAddress(settingsOf(flags), [LO, UPLINK, ...links]);
}

/** What is found now by a gateway that began to serve when the interfaces were others. */
function findLater(flags: Flags, before: readonly Link[], now: readonly Link[]) {
  const served = find(flags, ...before);
  if (served.kind !== 'found') throw new Error(served.message);
  return findListenAddress(settingsOf(flags), [LO, UPLINK, ...now], served);
}

function found(interfaceName: string, listenIp: string) {
  return { kind: 'found', interfaceName, listenIp: ipv4FromText(listenIp), mtu: 1450, warning: undefined };
}

const BRIDGE = link('OCvpsnet', '10.15.3.10/24');
const ADD = 'ip addr add 10.15.3.10/24 dev';

describe('both set', () => {
  const both = { listenIp: '10.15.3.10', interface: 'OCvpsnet' };

  it('is found when the interface holds the address', () => {
    expect(find(both, BRIDGE)).toMatchObject(found('OCvpsnet', '10.15.3.10'));
  });

  it('is waited for while the interface does not exist', () => {
    expect(find(both)).toEqual({
      kind: 'waiting',
      message: 'interface OCvpsnet does not exist; there are: lo, vmbr0',
      remedy: `name one that exists (GATEWAY_DHCP_INTERFACE), or create it: \`${ADD} OCvpsnet\``,
    });
  });

  it('is waited for with the name that is meant, where more is given of what `ip link` prints', () => {
    expect(find({ ...both, interface: 'OCvpsnet@if5' })).toMatchObject({
      kind: 'waiting',
      remedy: expect.stringMatching(/^set GATEWAY_DHCP_INTERFACE=OCvpsnet: .* ends before `@`/),
    });
  });

  it('is waited for while the interface lacks the address, and says where it is instead', () => {
    expect(find(both, link('OCvpsnet', '10.15.3.11/24'))).toEqual({
      kind: 'waiting',
      message: '10.15.3.10 is on no interface',
      remedy: `\`${ADD} OCvpsnet\``,
    });
    expect(find(both, link('OCvpsnet'), link('eth1', '10.15.3.10/24'))).toMatchObject({
      kind: 'waiting',
      message: '10.15.3.10 is on eth1, not on OCvpsnet',
    });
  });
});

describe('the listen IP alone', () => {
  it('finds its interface', () => {
    expect(find({ listenIp: '10.15.3.10' }, BRIDGE)).toMatchObject(found('OCvpsnet', '10.15.3.10'));
  });

  it('is waited for, with the line that adds it', () => {
    expect(find({ listenIp: '10.15.3.12' })).toEqual({
      kind: 'waiting',
      message: '10.15.3.12 is on no interface',
      remedy: '`ip addr add 10.15.3.12/24 dev <interface>`',
    });
  });

  it('is waited for on two interfaces until it is on one, and both are listed', () => {
    expect(find({ listenIp: '10.15.3.10' }, BRIDGE, link('eth1', '10.15.3.10/24'))).toEqual({
      kind: 'waiting',
      message: '10.15.3.10 is on several interfaces: 10.15.3.10/24 on OCvpsnet, 10.15.3.10/24 on eth1',
      remedy: 'say which: GATEWAY_DHCP_INTERFACE=OCvpsnet',
    });
  });

  it('warns of another mask than that of the segment', () => {
    expect(find({ listenIp: '10.15.3.10' }, link('eth1', '10.15.3.10/16'))).toMatchObject({
      kind: 'found',
      warning: 'eth1 has 10.15.3.10/16, but the segment is /24',
    });
  });

  it.each([
    ['first', ['10.15.3.10/32', '10.15.3.10/24']],
    ['last', ['10.15.3.10/24', '10.15.3.10/32']],
  ])('is one address on an interface that has it with two prefixes, a narrow one %s', (_, addresses) => {
    expect(find({ listenIp: '10.15.3.10' }, link('eth1', ...addresses))).toMatchObject({
      ...found('eth1', '10.15.3.10'),
      prefixLength: 24,
    });
  });

  it('is that of the interface whose prefix holds the segment, where a second has it as a host address', () => {
    const host = link('dummy0', '10.15.3.10/32');

    expect(find({ listenIp: '10.15.3.10' }, host, BRIDGE)).toMatchObject(found('OCvpsnet', '10.15.3.10'));
  });
});

describe('the interface alone', () => {
  it('gives its address inside the segment', () => {
    const mixed = link('vmbr1', '192.0.2.9/24', '10.15.3.11/24');
    expect(find({ interface: 'vmbr1' }, mixed)).toMatchObject(found('vmbr1', '10.15.3.11'));
  });

  it("is not taken by the router's address beside its own", () => {
    const routing = link('vmbr1', '10.15.3.1/24', '10.15.3.11/24');
    expect(find({ interface: 'vmbr1' }, routing)).toMatchObject(found('vmbr1', '10.15.3.11'));
  });

  it('is waited for while it has only others, which are listed', () => {
    expect(find({ interface: 'vmbr0' })).toEqual({
      kind: 'waiting',
      message: 'vmbr0 has no address of its own in 10.15.3.0/24: it has 192.0.2.7/24 on vmbr0',
      remedy: `\`${ADD} vmbr0\``,
    });
  });

  it("waits for another beside the router's, unless this host is the router", () => {
    const router = link('OCvpsnet', '10.15.3.1/24');
    expect(find({ interface: 'OCvpsnet' }, router)).toMatchObject({
      kind: 'waiting',
      message: expect.stringContaining('10.15.3.1/24 on OCvpsnet, which is the router'),
    });
    expect(find({ interface: 'OCvpsnet', listenOnRouter: 'on' }, router)).toMatchObject(
      found('OCvpsnet', '10.15.3.1'),
    );
  });

  it.each([
    ["an address that is no gateway's in the plan", '10.15.3.5/24'],
    ["a guest's", '10.15.3.57/24'],
    ['a virtual address without a prefix', '10.15.3.11/32'],
    ['a link-local one', '169.254.7.7/16'],
  ])("takes the plan's address beside %s, whichever came first", (_, other) => {
    const own = '10.15.3.10/24';

    expect(find({ interface: 'br' }, link('br', own, other))).toMatchObject(found('br', '10.15.3.10'));
    expect(find({ interface: 'br' }, link('br', other, own))).toMatchObject(found('br', '10.15.3.10'));
    expect(find({}, link('br', other, own))).toMatchObject(found('br', '10.15.3.10'));
  });

  it.each(['10.15.3.10/32', '10.15.3.10/28', '10.15.3.10/25'])(
    'is waited for while it has %s: the router or the pool is outside that prefix',
    (address) => {
      const waiting = {
        kind: 'waiting',
        message: `br has ${address}, a prefix that does not hold the router and the pool`,
        remedy: `\`${ADD} br\`; or say that it is meant: GATEWAY_DHCP_LISTEN_IP=10.15.3.10`,
      };

      expect(find({ interface: 'br' }, link('br', address))).toEqual(waiting);
      expect(find({}, link('br', address))).toEqual(waiting);
    },
  );

  it('waits while it has only a link-local address, as before a node is set up', () => {
    expect(find({ interface: 'br' }, link('br', '169.254.7.7/16'))).toEqual({
      kind: 'waiting',
      message: 'br has no address of its own in 10.15.3.0/24: it has 169.254.7.7/16 on br',
      remedy: `\`${ADD} br\``,
    });
  });

  it('waits with several that the plan gives to gateways, and lists them', () => {
    expect(find({ interface: 'br' }, link('br', '10.15.3.10/24', '10.15.3.11/24'))).toEqual({
      kind: 'waiting',
      message: 'br has several addresses in 10.15.3.0/24: 10.15.3.10/24 on br, 10.15.3.11/24 on br',
      remedy: 'say which: GATEWAY_DHCP_LISTEN_IP=10.15.3.10',
    });
  });

  it('is waited for while it has no address at all, as when a node boots', () => {
    expect(find({ interface: 'OCvpsnet' }, link('OCvpsnet'))).toEqual({
      kind: 'waiting',
      message: 'OCvpsnet has no address of its own in 10.15.3.0/24: it has none',
      remedy: `\`${ADD} OCvpsnet\``,
    });
  });
});

describe('neither set', () => {
  it("takes the one interface with a gateway's address, and none of the others of the segment", () => {
    expect(find({}, link('eth1', '10.15.3.5/24'), link('eth22', '10.15.3.12/24'))).toMatchObject(
      found('eth22', '10.15.3.12'),
    );
  });

  it('takes the one in the segment where there is no such', () => {
    expect(find({}, link('eth1', '10.15.3.5/24'))).toMatchObject(found('eth1', '10.15.3.5'));
  });

  it('waits with several that could be meant, and lists them', () => {
    expect(find({}, BRIDGE, link('eth1', '10.15.3.11/24'))).toEqual({
      kind: 'waiting',
      message: 'several addresses could be the listen IP: 10.15.3.10/24 on OCvpsnet, 10.15.3.11/24 on eth1',
      remedy: 'say which: GATEWAY_DHCP_LISTEN_IP=10.15.3.10',
    });
  });

  it("does not take a guest's address, which this host got by DHCP", () => {
    expect(find({}, link('eth0', '10.15.3.57/24'))).toMatchObject({
      kind: 'waiting',
      message: expect.stringContaining('eth0 has 10.15.3.57, which is inside the pool'),
    });
  });

  it('waits where there is none, with the line that mends it', () => {
    expect(find({})).toEqual({
      kind: 'waiting',
      message: 'no interface has an address of its own in 10.15.3.0/24',
      remedy: `\`${ADD} <interface>\``,
    });
  });

  it('follows a plan of other addresses', () => {
    const plan = { gateway: '192.168.7.1', poolStart: '192.168.7.20', poolEnd: '192.168.7.99' };
    expect(find(plan, link('eth1', '192.168.7.10/24'))).toMatchObject(found('eth1', '192.168.7.10'));
  });
});

describe('where it serves already', () => {
  const own = '10.15.3.10/24';
  const before = [link('br', own)];
  const WAYS: readonly (readonly [string, Flags])[] = [
    ['the interface is set', { interface: 'br' }],
    ['nothing is set', {}],
    ['the listen IP is set', { listenIp: '10.15.3.10' }],
  ];

  describe.each(WAYS)('and %s', (_, flags) => {
    it.each([
      ['a second address', ['10.15.3.5/24']],
      ["another gateway's address", ['10.15.3.11/24']],
      ['a guest address', ['10.15.3.57/24']],
      ["the router's address", ['10.15.3.1/24']],
      ['the same address with another prefix', ['10.15.3.10/32']],
    ])('%s beside its own changes nothing, before it or behind it', (_name, others) => {
      const there = { ...found('br', '10.15.3.10'), prefixLength: 24 };

      expect(findLater(flags, before, [link('br', own, ...others)])).toMatchObject(there);
      expect(findLater(flags, before, [link('br', ...others, own)])).toMatchObject(there);
    });

    it('its address with another prefix alone is served on, with a warning', () => {
      expect(findLater(flags, before, [link('br', '10.15.3.10/32')])).toMatchObject({
        ...found('br', '10.15.3.10'),
        warning: 'br has 10.15.3.10/32, but the segment is /24',
      });
    });
  });

  it("another interface with a gateway's address changes nothing", () => {
    const other = link('eth17', '10.15.3.11/24');

    expect(findLater({}, before, [other, ...before])).toMatchObject(found('br', '10.15.3.10'));
  });

  it('a listen IP that comes to a second interface stays where it was', () => {
    const other = link('eth17', own);

    expect(findLater({ listenIp: '10.15.3.10' }, before, [other, ...before])).toMatchObject(
      found('br', '10.15.3.10'),
    );
  });

  it('a listen IP that moves to another interface is served there, unless the interface is set', () => {
    const moved = [link('br'), link('eth17', own)];

    expect(findLater({}, before, moved)).toMatchObject(found('eth17', '10.15.3.10'));
    expect(findLater({ interface: 'br' }, before, moved)).toMatchObject({ kind: 'waiting' });
  });

  it('an interface that is renamed is followed by its index, unless its name is set', () => {
    const renamed = [{ ...link('lan0', own), index: 2 }];

    expect(findLater({}, before, renamed)).toMatchObject(found('lan0', '10.15.3.10'));
    expect(findLater({ interface: 'br' }, before, renamed)).toMatchObject({ kind: 'waiting' });
  });

  it('an interface that is made anew is served with its new index', () => {
    const anew = [{ ...link('br', own), index: 77 }];

    expect(findLater({}, before, anew)).toMatchObject({
      ...found('br', '10.15.3.10'),
      interfaceIndex: 77,
    });
  });

  it('an address that is replaced by another is found anew', () => {
    expect(findLater({}, before, [link('br', '10.15.3.12/24')])).toMatchObject(found('br', '10.15.3.12'));
  });
});
