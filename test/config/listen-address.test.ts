import { describe, expect, it } from 'vitest';
import { findListenAddress } from '../../src/config/listen-address.ts';
import { type Flags, loadSettings } from '../../src/config/load-settings.ts';
import { ipv4FromText } from '../../src/net/ipv4.ts';
import type { Link } from '../../src/net/link.ts';

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

function find(flags: Flags, ...links: readonly Link[]) {
  const loaded = loadSettings(flags, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return findListenAddress(loaded.settings, [LO, UPLINK, ...links]);
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
      remedy: `name one that exists (GATEWAY_DHCP_INTERFACE), or create it: ${ADD} OCvpsnet`,
    });
  });

  it('is waited for while the interface lacks the address, and says where it is instead', () => {
    expect(find(both, link('OCvpsnet', '10.15.3.11/24'))).toEqual({
      kind: 'waiting',
      message: '10.15.3.10 is on no interface',
      remedy: `${ADD} OCvpsnet`,
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
      remedy: 'ip addr add 10.15.3.12/24 dev <interface>',
    });
  });

  it('is a problem on two interfaces, which lists them', () => {
    expect(find({ listenIp: '10.15.3.10' }, BRIDGE, link('eth1', '10.15.3.10/24'))).toEqual({
      kind: 'problem',
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

  it('is a problem with none in the segment, which lists what is there', () => {
    expect(find({ interface: 'vmbr0' })).toEqual({
      kind: 'problem',
      message: 'vmbr0 has no address of its own in 10.15.3.0/24: it has 192.0.2.7/24 on vmbr0',
      remedy: `${ADD} vmbr0`,
    });
  });

  it("is a problem with only the router's, unless this host is the router", () => {
    const router = link('OCvpsnet', '10.15.3.1/24');
    expect(find({ interface: 'OCvpsnet' }, router)).toMatchObject({
      kind: 'problem',
      message: expect.stringContaining('10.15.3.1/24 on OCvpsnet, which is the router'),
    });
    expect(find({ interface: 'OCvpsnet', listenOnRouter: 'on' }, router)).toMatchObject(
      found('OCvpsnet', '10.15.3.1'),
    );
  });

  it('is a problem with several in the segment, which lists them', () => {
    expect(find({ interface: 'br' }, link('br', '10.15.3.10/24', '10.15.3.11/24'))).toEqual({
      kind: 'problem',
      message: 'br has several addresses in 10.15.3.0/24: 10.15.3.10/24 on br, 10.15.3.11/24 on br',
      remedy: 'say which: GATEWAY_DHCP_LISTEN_IP=10.15.3.10',
    });
  });

  it('is waited for while it has no address at all, as when a node boots', () => {
    expect(find({ interface: 'OCvpsnet' }, link('OCvpsnet'))).toEqual({
      kind: 'waiting',
      message: 'OCvpsnet has no address of its own in 10.15.3.0/24: it has none',
      remedy: `${ADD} OCvpsnet`,
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

  it('is a problem with several that could be meant, which lists them', () => {
    expect(find({}, BRIDGE, link('eth1', '10.15.3.11/24'))).toEqual({
      kind: 'problem',
      message: 'several addresses could be the listen IP: 10.15.3.10/24 on OCvpsnet, 10.15.3.11/24 on eth1',
      remedy: 'say which: GATEWAY_DHCP_LISTEN_IP=10.15.3.10',
    });
  });

  it("refuses a guest's address: this host got it by DHCP", () => {
    expect(find({}, link('eth0', '10.15.3.57/24'))).toMatchObject({
      kind: 'problem',
      message: expect.stringContaining('eth0 has 10.15.3.57, which is inside the pool'),
    });
  });

  it('waits where there is none, with the line that mends it', () => {
    expect(find({})).toEqual({
      kind: 'waiting',
      message: 'no interface has an address of its own in 10.15.3.0/24',
      remedy: `${ADD} <interface>`,
    });
  });

  it('follows a plan of other addresses', () => {
    const plan = { gateway: '192.168.7.1', poolStart: '192.168.7.20', poolEnd: '192.168.7.99' };
    expect(find(plan, link('eth1', '192.168.7.10/24'))).toMatchObject(found('eth1', '192.168.7.10'));
  });
});
