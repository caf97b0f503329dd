import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import {
  fromNetlink,
  fromNode,
  type Interface,
  readInterfaces,
} from '../../../src/transport/linux/interfaces.ts';
import { dumpRequest, netlinkMessages, RTM_GETADDR } from '../../../src/transport/linux/netlink.ts';
import { interfaceEvents, interfaceEventText } from '../../../src/transport/linux/watch-interface.ts';
import { at } from '../../support/plan.ts';

const BRIDGE: Interface = {
  name: 'vmbr0',
  index: 7,
  mtu: 1450,
  up: true,
  carrier: true,
  loopback: false,
  hardware: hardwareFromText('52:54:00:00:00:01') ?? NO_HARDWARE,
  addresses: [{ address: at('10.15.3.10'), prefixLength: 24 }],
};

describe('the interfaces of this host', () => {
  it('are those that Node lists, with the same addresses', () => {
    const read = readInterfaces();
    const listed = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ family }) => family === 'IPv4')
        .map(({ address, cidr }) => `${name.split(':')[0]} ${at(address)}/${cidr?.split('/')[1]}`),
    );

    const found = new Set(
      read.flatMap(({ name, addresses }) =>
        addresses.map(({ address, prefixLength }) => `${name} ${address}/${prefixLength}`),
      ),
    );

    expect(listed.every((each) => found.has(each))).toBe(true);
    expect(read.find(({ name }) => name === 'lo')).toMatchObject({ loopback: true, index: 1 });
  });
});

/** What rtnetlink says, written out by hand: header, fixed part, attributes. */
const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
function attribute(type: number, value: readonly number[]): number[] {
  const padding = new Array<number>((4 - (value.length % 4)) % 4).fill(0);
  return [...u16(4 + value.length), ...u16(type), ...value, ...padding];
}
function netlinkMessage(type: number, flags: number, body: readonly number[]): number[] {
  return [...u32(16 + body.length), ...u16(type), ...u16(flags), ...u32(0), ...u32(0), ...body];
}
const text = (words: string) => [...Buffer.from(`${words}\0`)];
const link = (index: number, flags: number, ...attributes: number[][]) =>
  netlinkMessage(16, 2, [0, 0, ...u16(1), ...u32(index), ...u32(flags), ...u32(0), ...attributes.flat()]);
const address = (index: number, length: number, ...attributes: number[][]) =>
  netlinkMessage(20, 2, [2, length, 0, 0, ...u32(index), ...attributes.flat()]);

describe('what rtnetlink says', () => {
  const bridge = link(
    7,
    0x11043,
    attribute(3, text('vmbr0')),
    attribute(4, u32(1450)),
    attribute(1, [0x52, 0x54, 0, 0, 0, 1]),
  );

  it('is joined by index', () => {
    const bytes = Uint8Array.from([
      ...bridge,
      ...link(2, 0x1002, attribute(3, text('eth0')), attribute(4, u32(1500))),
      ...address(7, 24, attribute(1, [10, 15, 3, 10]), attribute(2, [10, 15, 3, 10])),
      ...netlinkMessage(3, 2, u32(0)),
    ]);

    expect(fromNetlink(netlinkMessages(bytes))).toEqual([
      { ...BRIDGE, name: 'eth0', index: 2, mtu: 1500, up: false, carrier: false, hardware: 0, addresses: [] },
      BRIDGE,
    ]);
  });

  it('names the VRF that an interface is in, and no bridge that it is a port of', () => {
    const port = (index: number, name: string, master: number) =>
      link(index, 1, attribute(3, text(name)), attribute(10, u32(master)));
    const master = (index: number, name: string, kind: string) =>
      link(index, 1, attribute(3, text(name)), attribute(0x8000 | 18, attribute(1, text(kind))));
    const bytes = Uint8Array.from([
      ...port(4, 'lan0', 40),
      ...port(5, 'tap0', 50),
      ...master(40, 'vrf-vpsnet', 'vrf'),
      ...master(50, 'vmbr0', 'bridge'),
    ]);

    const found = fromNetlink(netlinkMessages(bytes)).map(({ name, vrf }) => [name, vrf]);

    expect(found).toEqual([
      ['lan0', { name: 'vrf-vpsnet', index: 40 }],
      ['tap0', undefined],
      ['vrf-vpsnet', undefined],
      ['vmbr0', undefined],
    ]);
  });

  it('names, on a point-to-point link, our address and not the peer', () => {
    const bytes = Uint8Array.from(address(3, 32, attribute(1, [10, 0, 0, 2]), attribute(2, [10, 0, 0, 1])));

    expect(netlinkMessages(bytes)).toMatchObject([{ kind: 'address', address: at('10.0.0.1') }]);
  });

  it('says when something moved during a dump, and when it refuses one', () => {
    expect(netlinkMessages(Uint8Array.from(netlinkMessage(3, 0x12, u32(0))))).toEqual([
      { kind: 'done', interrupted: true },
    ]);
    expect(netlinkMessages(Uint8Array.from(netlinkMessage(2, 0, u32(-1 >>> 0))))).toMatchObject([
      { kind: 'error', errno: 1 },
    ]);
  });

  it('cut at any place never throws', () => {
    const bytes = Uint8Array.from([...bridge, ...address(7, 24, attribute(2, [10, 15, 3, 10]))]);

    for (let length = 0; length < bytes.length; length++) {
      expect(netlinkMessages(bytes.slice(0, length)).length).toBeLessThan(2);
    }
  });

  it('an attribute of a wrong length is passed over', () => {
    const bytes = Uint8Array.from([
      ...link(4, 1, [...u16(2), ...u16(3), ...u32(0)], attribute(3, text('x'))),
    ]);

    expect(netlinkMessages(bytes)).toMatchObject([{ kind: 'link', name: '' }]);
  });

  it('an address is asked for by its family', () => {
    expect(dumpRequest(RTM_GETADDR)[16]).toBe(2);
  });
});

describe('what Node and /sys say', () => {
  it('is joined by name; IPv6 is left out, and what has no index is gone', () => {
    const common = { netmask: '', mac: '', internal: false } as const;
    const listed = {
      vmbr0: [
        { ...common, family: 'IPv4', address: '10.15.3.10', cidr: '10.15.3.10/24' },
        { ...common, family: 'IPv6', address: 'fe80::1', cidr: 'fe80::1/64', scopeid: 7 },
      ],
    } as const;
    const sysfs = { carrier: '1', mtu: '1450', flags: '0x1003', address: '52:54:00:00:00:01' };

    const found = fromNode({ ...listed, vmbr0: [...listed.vmbr0] }, [
      { ...sysfs, name: 'vmbr0', ifindex: '7' },
      { name: 'eth0', ifindex: '2', mtu: '1500', flags: '0x1002', carrier: '', address: '' },
      { ...sysfs, name: 'gone', ifindex: '' },
    ]);

    expect(found).toEqual([
      { ...BRIDGE, name: 'eth0', index: 2, mtu: 1500, up: false, carrier: false, hardware: 0, addresses: [] },
      BRIDGE,
    ]);
  });
});

describe('what changed between two looks', () => {
  const other = { address: at('10.15.3.11'), prefixLength: 24 };
  it.each<[string, Interface | undefined, Interface | undefined, string[]]>([
    ['nothing', BRIDGE, { ...BRIDGE }, []],
    ['never there', undefined, undefined, []],
    ['it came', undefined, BRIDGE, ['vmbr0: created']],
    ['it went', BRIDGE, undefined, ['vmbr0: deleted']],
    [
      'another of its name, whatever else differs',
      BRIDGE,
      { ...BRIDGE, index: 8, mtu: 9 },
      ['vmbr0: replaced'],
    ],
    [
      'it went down',
      BRIDGE,
      { ...BRIDGE, up: false, carrier: false },
      ['vmbr0: down', 'vmbr0: carrier lost'],
    ],
    ['its carrier came back', { ...BRIDGE, carrier: false }, BRIDGE, ['vmbr0: carrier back']],
    [
      'its address was exchanged',
      BRIDGE,
      { ...BRIDGE, addresses: [other] },
      ['vmbr0: address lost 10.15.3.10', 'vmbr0: address back 10.15.3.11'],
    ],
    ['its MTU', BRIDGE, { ...BRIDGE, mtu: 1500 }, ['vmbr0: mtu changed']],
    ['its VRF', BRIDGE, { ...BRIDGE, vrf: { name: 'vrf0', index: 40 } }, ['vmbr0: vrf changed']],
    ['its hardware address', BRIDGE, { ...BRIDGE, hardware: NO_HARDWARE }, ['vmbr0: hardware changed']],
  ])('%s', (_, was, now, words) => {
    expect(interfaceEvents(was, now).map((event) => interfaceEventText('vmbr0', event))).toEqual(words);
  });
});
