import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macList, vendorClassList } from '../../src/config/client-rule-kinds.ts';
import { bytes } from '../../src/config/etcd-kinds.ts';
import {
  address,
  addressList,
  domainList,
  interfaceName,
  mask,
  mtu,
  network,
  relayList,
  routes,
} from '../../src/config/network-kinds.ts';
import {
  count,
  logLevel,
  milliseconds,
  orOff,
  path,
  percentage,
  port,
  type SettingKind,
  seconds,
  switchOf,
} from '../../src/config/setting-kinds.ts';
import { ipv4, ipv4ToText } from '../../src/net/ipv4.ts';

const leaseTime = seconds(1, 0xfffffffe, 'infinite');
const probe = milliseconds(10_000);
const share = orOff(percentage(1, 45));

describe('kinds of settings', () => {
  it.each<[SettingKind<unknown>, string, unknown]>([
    [address, '10.15.3.1', 0x0a0f0301],
    [mask, '255.255.255.0', 24],
    [mask, '24', 24],
    [mask, '/24', 24],
    [mask, '255.255.252.0', 22],
    [network, '10.15.3.0', { kind: 'network', network: 0x0a0f0300, length: undefined }],
    [network, '10.15.3.0/24', { kind: 'network', network: 0x0a0f0300, length: 24 }],
    [network, '192.0.0.0', { kind: 'network', network: 0xc0000000, length: undefined }],
    [network, '255.255.255.0', { kind: 'mask', length: 24 }],
    [network, '24', { kind: 'mask', length: 24 }],
    [addressList, '1.1.1.1, 1.0.0.1', [0x01010101, 0x01000001]],
    [addressList, 'off', []],
    [relayList, 'off', []],
    [
      relayList,
      '10.15.3.5, 10.15.3.6-10.15.3.8,10.15.4.0/24',
      [
        { first: 0x0a0f0305, last: 0x0a0f0305 },
        { first: 0x0a0f0306, last: 0x0a0f0308 },
        { first: 0x0a0f0400, last: 0x0a0f04ff },
      ],
    ],
    [domainList, 'vps.local,example.net.', ['vps.local', 'example.net']],
    [interfaceName, 'OCvpsnet', 'OCvpsnet'],
    [interfaceName, 'eth0.100', 'eth0.100'],
    [mtu, '1450', 1450],
    [mtu, 'Interface', 'interface'],
    [mtu, 'off', 'off'],
    [leaseTime, 'infinite', 0xffffffff],
    [leaseTime, '1h30m', 5400],
    [probe, '300ms', 300],
    [probe, '300', 300],
    [probe, '1s', 1000],
    [probe, 'off', 0],
    [probe, '0', 0],
    [path('directory'), '/var/lib/~a "b"', '/var/lib/~a "b"'],
    [bytes, '1073741824', 2 ** 30],
    [bytes, '2GiB', 2 ** 31],
    [bytes, '512 MB', 2 ** 29],
    [bytes, '1024k', 2 ** 20],
    [share, '1', 1],
    [share, '45', 45],
    [share, '25%', 25],
    [share, '25 %', 25],
    [share, 'Off', 'off'],
    [count(0, 64), '0', 0],
    [count(0, 64), '64', 64],
    [port, '9091', 9091],
    [switchOf, 'YES', true],
    [switchOf, '0', false],
    [logLevel, 'WARNING', 'warn'],
    [logLevel, 'debug', 'debug'],
    [macList, 'off', []],
    [
      macList,
      'BC-24-11, 52:54:00:12:34:56,0a',
      [
        { octets: 3, value: 0xbc2411 },
        { octets: 6, value: 0x525400123456 },
        { octets: 1, value: 0x0a },
      ],
    ],
    [
      vendorClassList,
      'MSFT 5.0, udhcp*',
      [
        { text: 'MSFT 5.0', isPrefix: false },
        { text: 'udhcp', isPrefix: true },
      ],
    ],
  ])('reads a value in each of its forms (%#: $placeholder)', (kind, text, value) => {
    expect(kind.read(text)).toEqual({ ok: true, value });
  });

  it.each<[SettingKind<unknown>, string]>([
    [address, '10.15.3'],
    [address, '10.15.3.256'],
    [address, '010.15.3.1'],
    [address, '0.0.0.0'],
    [address, '255.255.255.255'],
    [mask, '255.0.255.0'],
    [mask, '0'],
    [mask, '31'],
    [mask, '33'],
    [mask, '255.255.255.255'],
    [network, '10.15.3'],
    [network, '10.15.3.0/24/8'],
    [network, '10.15.3.0/33'],
    [addressList, '1.1.1.1,'],
    [addressList, '1.1.1.1 1.0.0.1'],
    [domainList, 'vps..local'],
    [domainList, 'white space'],
    [interfaceName, 'a/b'],
    [interfaceName, 'eth0:'],
    [interfaceName, 'averylongname@if5'],
    [interfaceName, 'a-name-too-long-for-linux'],
    [mtu, '67'],
    [mtu, '65536'],
    [mtu, 'big'],
    [leaseTime, '0'],
    [leaseTime, '300ms'],
    [leaseTime, 'forever'],
    [probe, '11s'],
    [probe, 'soon'],
    [path('directory'), '"/var/lib/leases"'],
    [path('directory'), "'/var/lib/leases'"],
    [path('directory'), '~/leases'],
    [path('file'), '/etc/a\r\nb'],
    [bytes, '0'],
    [bytes, '12'],
    [bytes, '2048'],
    [bytes, '1k'],
    [bytes, '2147483648G'],
    [bytes, '1.5GiB'],
    [bytes, '2TiB'],
    [bytes, '999999999999999G'],
    [share, '0'],
    [share, '46'],
    [share, '2.5'],
    [share, '-1'],
    [share, 'half'],
    [macList, ''],
    [macList, 'bc:24:'],
    [macList, 'bc2411'],
    [macList, 'bc:24:11:*'],
    [macList, 'bc:24:11:00:00:00:00'],
    [macList, 'bc:24:1'],
    [macList, 'bc:24:11 52:54'],
    [vendorClassList, '*'],
    [vendorClassList, 'a,,b'],
    [vendorClassList, 'a*b'],
    [vendorClassList, 'caf\u00e9'],
    [vendorClassList, 'a'.repeat(256)],
    [count(0, 64), '65'],
    [count(0, 64), '-1'],
    [count(0, 64), '4.5'],
    [count(0, 64), 'off'],
    [port, '0'],
    [port, '65536'],
    [switchOf, 'maybe'],
    [logLevel, 'loud'],
    [routes, '10.0.0.0/8'],
    [routes, '10.0.0.0/8=10.15.3.5=1'],
    [routes, '10.0.0.1/8=10.15.3.5'],
    [routes, '10.0.0.0/33=10.15.3.5'],
    [relayList, '10.15.3'],
    [relayList, '10.15.3.8-10.15.3.6'],
    [relayList, '10.15.4.1/24'],
    [relayList, '10.15.4.0/33'],
    [relayList, '10.15.3.5,127.0.0.1'],
    [relayList, '0.0.0.0'],
    [relayList, '0.0.0.0/0'],
    [relayList, '224.0.0.1'],
    [relayList, '239.0.0.0-239.0.0.9'],
    [relayList, '240.0.0.1'],
    [relayList, '255.255.255.255'],
    [relayList, '126.0.0.0-128.0.0.0'],
  ])('refuses what is none, and says what would be one (%#: $placeholder)', (kind, text) => {
    expect(kind.read(text)).toEqual({
      ok: false,
      fault: expect.stringMatching(/^(is|has|'.*' is|'.*' has) /),
      remedy: expect.stringMatching(/\w/),
    });
  });

  it('names the part of a list that is wrong', () => {
    expect(addressList.read('1.1.1.1,1.0.0.300')).toMatchObject({
      fault: "'1.0.0.300' is not an IPv4 address",
    });
  });

  it('reads routes, and says what a destination with stray bits should be', () => {
    expect(routes.read('10.0.0.0/8=10.15.3.5,192.168.7.0/24=0.0.0.0')).toEqual({
      ok: true,
      value: [
        { destination: { network: 0x0a000000, length: 8 }, router: 0x0a0f0305 },
        { destination: { network: 0xc0a80700, length: 24 }, router: 0 },
      ],
    });
    expect(routes.read('10.1.0.0/8=10.15.3.5')).toMatchObject({ remedy: 'write 10.0.0.0/8=10.15.3.5' });
  });

  it('reads every address that a host can have', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffffffe }), (value) => {
        expect(address.read(ipv4ToText(ipv4(value)))).toEqual({ ok: true, value });
      }),
    );
  });
});
