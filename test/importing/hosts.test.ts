import { describe, expect, test } from 'vitest';
import { readDhcpdHosts } from '../../src/importing/dhcpd-hosts.ts';
import { readDnsmasqHosts } from '../../src/importing/dnsmasq-hosts.ts';
import type { Hosts } from '../../src/importing/found.ts';
import { readKeaHosts } from '../../src/importing/kea-hosts.ts';
import { settleHosts } from '../../src/importing/settle-hosts.ts';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';

const A = '52:54:00:00:00:01';
const B = '52:54:00:00:00:02';

function counted(read: Hosts) {
  const { hosts, faults } = settleHosts([read], []);
  return {
    hosts: hosts.map(({ line, macs, identifier, address, hostname, leaseSeconds }) =>
      [
        ...[line, macs.map(hardwareToText).join('+') || '-', identifier ?? '-'],
        ...[address === undefined ? '-' : ipv4ToText(address), hostname ?? '-', leaseSeconds ?? '-'],
      ].join(' '),
    ),
    faults: faults.map(({ line, what }) => `${line}: ${what}`),
  };
}

describe('dhcp-host of dnsmasq', () => {
  const read = (...lines: readonly string[]) =>
    counted(readDnsmasqHosts({ name: 'dnsmasq.conf', text: lines.join('\n') }));

  test('names cards, an identifier, an address, a name and a lease time, in any order; settings files have other lines', () => {
    const { hosts, faults } = read(
      '# a comment',
      'port=0',
      'domain-needed',
      'dhcp-option=3,10.15.3.1',
      `dhcp-host=${A},10.15.3.57,web,12h  # shop`,
      `dhcp-host = ${B} , 52:54:00:00:00:03 , set:red, db.example`,
      'dhcp-host=id:01:02:03,10.15.3.58,infinite',
      'dhcp-host=id:router,10.15.3.59',
      '52:54:00:00:00:04,10.15.3.60',
      'dhcp-host=52:54:00:00:00:05,id:*,10.15.3.61,45m',
    );

    expect(faults).toEqual([]);
    expect(hosts).toEqual([
      `5 ${A} - 10.15.3.57 web 43200`,
      `6 ${B}+52:54:00:00:00:03 - - db.example -`,
      '7 - 010203 10.15.3.58 - 4294967295',
      '8 - 726f75746572 10.15.3.59 - -',
      '9 52:54:00:00:00:04 - 10.15.3.60 - -',
      '10 52:54:00:00:00:05 - 10.15.3.61 - 2700',
    ]);
  });

  test('is bad, twice the same, or says what no reservation has: each line is named', () => {
    const { hosts, faults } = read(
      'dhcp-host=52:54:*:*:*:*,10.15.3.57',
      `dhcp-host=${A},10.15.3.300`,
      `dhcp-host=${A},ignore`,
      'dhcp-host=web,10.15.3.57',
      `dhcp-host=${A},a b`,
      `dhcp-host=${A},10.15.3.57`,
      `dhcp-host=${B},10.15.3.57`,
      'dhcp-hostsfile=/etc/hosts.d/guests',
      `dhcp-host=06-00:11:22:33:44:55,10.15.3.58`,
      `dhcp-host=${B},[fd00::1]`,
    );

    expect(hosts).toEqual([`6 ${A} - 10.15.3.57 - -`]);
    expect(faults).toEqual([
      '1: 52:54:*:*:*:* stands for several MACs: a reservation names each',
      '2: 10.15.3.300 is no IPv4 address',
      expect.stringMatching(/^3: tells dnsmasq to ignore this guest/),
      expect.stringMatching(/^4: names no MAC and no client identifier/),
      '5: a b is no address, MAC, name or time',
      '8: dhcp-hostsfile=/etc/hosts.d/guests is not followed: import what it names by itself',
      '9: 06-00:11:22:33:44:55 is not the MAC of an Ethernet card',
      '10: [fd00::1] is an address of IPv6',
      '7: 10.15.3.57 stands in dnsmasq.conf, line 6, already',
    ]);
  });
});

describe('the reservations of Kea', () => {
  const read = (text: string) => counted(readKeaHosts({ name: 'kea.conf', text }));

  test('stand globally, in subnets and in shared networks, between comments and commas too many', () => {
    const { hosts, faults } = read(`// ours
{ "Dhcp4": { # all
  /* of
     them */
  "reservations": [ { "hw-address": "${A}", "hostname": "web." }, ],
  "subnet4": [ { "subnet": "10.15.3.0/24", "reservations": [
    { "hw-address": "${B}", "ip-address": "10.15.3.57" },
    { "client-id": "01:02:03", "ip-address": "10.15.3.58" } ] } ],
  "shared-networks": [ { "subnet4": [ { "reservations": [
    { "client-id": "'shop'", "ip-address": "10.15.3.59" } ] } ] } ]
} }`);

    expect(faults).toEqual([]);
    expect(hosts).toEqual([
      `5 ${A} - - web -`,
      `7 ${B} - 10.15.3.57 - -`,
      '8 - 010203 10.15.3.58 - -',
      '10 - 73686f70 10.15.3.59 - -',
    ]);
  });

  test('are bad: each is named by the line where it begins; what is no JSON is named by its line', () => {
    const { hosts, faults } = read(`{ "reservations": [
  { "hw-address": "x" },
  { "duid": "01:02", "ip-address": "10.15.3.57" },
  { "hw-address": "${A}", "ip-address": "10.15.3" },
  7, {},
  { "hw-address": "${B}", "hostname": "a b" }
] }`);

    expect(hosts).toEqual([]);
    expect(faults).toEqual([
      '2: hw-address x is no MAC',
      '3: is known by its duid, and not by a card',
      '4: ip-address 10.15.3 is no IPv4 address',
      '5: is no reservation: an object is expected',
      '5: names no card and no client identifier',
      '6: hostname a b is no host name',
    ]);
    expect(read('{\n "a": \n}').faults).toEqual(['3: is no JSON: } where a value is expected']);
    expect(read('{ "a": 1 "b"').faults).toEqual(['1: is no JSON: "b" where a comma or } is expected']);
    expect(read('\n{ "a": [1, 2').faults).toEqual([
      '2: is no JSON: the file ends where a comma or ] is expected',
    ]);
    expect(read('').faults).toEqual(['1: is no JSON: the file ends where a value is expected']);
    expect(read('{ "Dhcp6": {} }').faults).toEqual([
      '1: has no reservations: neither Dhcp4 nor reservations is in it',
    ]);
    expect(read('{ "Dhcp4": <?include "x.json"?> }').faults).toEqual([
      '1: <?include "x.json"?> is not followed: import that file by itself',
    ]);
    expect(read(`${'['.repeat(5000)}`).faults).toEqual(['1: is nested too deep']);
    expect(read(`"${'a'.repeat(12_000_000)}`).faults).toEqual([
      '1: is no JSON: what stands in quotes does not end in its line',
    ]);
    expect(read(`"${'a'.repeat(12_000_000)}"`).faults).toEqual([
      '1: has no reservations: neither Dhcp4 nor reservations is in it',
    ]);
  });
});

describe('the hosts of dhcpd', () => {
  const read = (text: string) => counted(readDhcpdHosts({ name: 'dhcpd.conf', text }));

  test('stand in groups, subnets and lease files; the last one of a name counts, unless it is deleted', () => {
    const { hosts, faults } = read(`
option domain-name "example.net"; # one
subnet 10.15.3.0 netmask 255.255.255.0 { group { use-host-decl-names on;
  host web { hardware ethernet ${A}; fixed-address 10.15.3.57; option host-name "shop"; } } }
host db { dynamic; hardware ethernet ${B}; fixed-address 10.15.3.58; }
host db { dynamic; deleted; }
host id { option dhcp-client-identifier "\\001ab"; fixed-address 10.15.3.59; }
`);

    expect(faults).toEqual([]);
    expect(hosts).toEqual([`4 ${A} - 10.15.3.57 shop -`, '7 - 016162 10.15.3.59 id -']);
  });

  test('stand in groups that stand in one another, however deep', () => {
    const { hosts, faults } = read(
      `${'group { '.repeat(20_000)}\nhost web { hardware ethernet ${A}; }${' }'.repeat(20_000)}`,
    );

    expect(faults).toEqual([]);
    expect(hosts).toEqual([`2 ${A} - - web -`]);
  });

  test('are bad: each is named by its line', () => {
    const { hosts, faults } = read(`host a { hardware ethernet 52; }
host b { fixed-address 10.15.3.57; }
host c { hardware ethernet ${A}; fixed-address 10.15.3.57, 10.15.4.57; }
host d { hardware ethernet ${A}; fixed-address shop.example.net; }
include "more.conf";
host e { hardware ethernet ${B};`);

    expect(hosts).toEqual([]);
    expect(faults).toEqual([
      '6: host e is cut off',
      '1: host a has a card that is no Ethernet card: ethernet 52',
      '2: host b names no card and no client identifier',
      '3: host c has several addresses: 10.15.3.57, 10.15.4.57',
      '4: host d has shop.example.net, which is no IPv4 address',
      '5: include more.conf is not followed: import that file by itself',
    ]);
  });
});
