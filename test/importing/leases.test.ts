import { describe, expect, test } from 'vitest';
import { readDhcpdLeases } from '../../src/importing/dhcpd-leases.ts';
import { readDnsmasqLeases } from '../../src/importing/dnsmasq-leases.ts';
import type { LeaseRows } from '../../src/importing/found.ts';
import { readKeaLeases } from '../../src/importing/kea-leases.ts';
import { settleLeases } from '../../src/importing/settle-leases.ts';
import { instant, NEVER } from '../../src/lease/lease.ts';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';

const NOW = instant(Date.UTC(2026, 10, 28, 12));
const LATER = NOW / 1000 + 3600;
const A = '52:54:00:00:00:01';
const B = '52:54:00:00:00:02';

/** What counts of a file, in short: each lease as text, each fault with its line. */
function counted(read: LeaseRows, repeats: 'often' | 'once' = 'often') {
  const { leases, faults, leftOut } = settleLeases([read], NOW, repeats);
  return {
    leases: leases.map(({ address, hardware, identifier, hostname, expiresAt, line }) =>
      [
        ...[line, ipv4ToText(address), hardwareToText(hardware), identifier ?? '-', hostname ?? '-'],
        expiresAt === NEVER ? 'never' : (expiresAt - NOW) / 1000,
      ].join(' '),
    ),
    faults: faults.map(({ line, what }) => `${line}: ${what}`),
    leftOut: Object.fromEntries(leftOut),
  };
}

describe('a lease file of dnsmasq', () => {
  const read = (...lines: readonly string[]) =>
    counted(readDnsmasqLeases({ name: 'leases', text: lines.map((line) => `${line}\n`).join('') }), 'once');

  test('has an identifier that is * where the client sent none, and a name that is * where it has none', () => {
    const { leases, faults } = read(
      `${LATER} ${A} 10.15.3.20 web 01:${A}`,
      `${LATER} ${B} 10.15.3.21 * *`,
      `0 52:54:00:00:00:03 10.15.3.22 * ff:00:22`,
    );

    expect(faults).toEqual([]);
    expect(leases).toEqual([
      `1 10.15.3.20 ${A} 01525400000001 web 3600`,
      `2 10.15.3.21 ${B} - - 3600`,
      '3 10.15.3.22 52:54:00:00:00:03 ff0022 - never',
    ]);
  });

  test('has leases that are over, and those of IPv6: they are left out and counted', () => {
    const { leases, faults, leftOut } = read(
      `${NOW / 1000} ${A} 10.15.3.20 web *`,
      'duid 00:01:00:01:2f:2b',
      `${LATER} 1234567 fd00::20 web 00:01:00:01`,
      `${LATER} T7654321 fd00::21 * 00:01`,
    );

    expect([leases, faults]).toEqual([[], []]);
    expect(leftOut).toEqual({ expired: 1, IPv6: 2 });
  });

  test('has bad lines: each is named by its number with what is wrong, and the others stand', () => {
    const { leases, faults } = read(
      'nonsense',
      `tomorrow ${A} 10.15.3.20 * *`,
      `${LATER} ${A} 10.15.3.256 * *`,
      `${LATER} 06-00:11 10.15.3.20 * *`,
      `${LATER} 00:00:00:00:00:00 10.15.3.20 * *`,
      `${LATER} ${A} 10.15.3.20 * zz`,
      `${LATER} ${A} 10.15.3.20 a b c`,
      '',
      `${LATER} ${B} 10.15.3.30 * *`,
    );

    expect(faults).toEqual([
      expect.stringMatching(/^1: is no lease: dnsmasq writes 4 or 5 words/),
      '2: tomorrow is no time in seconds since 1970',
      '3: 10.15.3.256 is no IPv4 address',
      '4: 06-00:11 is not the MAC of an Ethernet card',
      '5: 00:00:00:00:00:00 is not the MAC of an Ethernet card',
      '6: zz is no client identifier',
      expect.stringMatching(/^7: is no lease: dnsmasq writes 4 or 5 words/),
    ]);
    expect(leases).toEqual([`9 10.15.3.30 ${B} - - 3600`]);
  });

  test('has an address twice: the last line counts, and the other is named', () => {
    const { leases, faults } = read(`${LATER} ${A} 10.15.3.20 * *`, `${LATER} ${B} 10.15.3.20 * *`);

    expect(leases).toEqual([`2 10.15.3.20 ${B} - - 3600`]);
    expect(faults).toEqual(['1: 10.15.3.20 stands again in line 2, which counts']);
  });

  test('has two addresses of one client: the one that ends last counts; the same identifier at another card is another client', () => {
    const { leases, faults } = read(
      `${LATER} ${A} 10.15.3.20 * ff:01`,
      `${LATER + 60} ${A} 10.15.3.21 * ff:01`,
      `${LATER} ${B} 10.15.3.22 * ff:01`,
    );

    expect(leases.map((lease) => lease.slice(0, 12))).toEqual(['2 10.15.3.21', '3 10.15.3.22']);
    expect(faults).toEqual([
      `1: 10.15.3.20: ${A} has 10.15.3.21 (line 2) too, which ends later; a client has one address here`,
    ]);
  });

  test('is cut off in its last line: that is no lease, whatever it still looks like', () => {
    const text = `${LATER} ${A} 10.15.3.20 * *\n${LATER} ${B} 10.15.3.21 * 01:52`;

    const { leases, faults } = counted(readDnsmasqLeases({ name: 'leases', text }), 'once');

    expect(leases).toHaveLength(1);
    expect(faults).toEqual(['2: the line has no end: it may be cut off']);
  });
});

describe('a memfile of Kea', () => {
  const HEADING =
    'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context';
  const row = (address: string, mac: string, client: string, lifetime: number, end: number, rest = ',0,') =>
    `${address},${mac},${client},${lifetime},${end},1,0,0,${rest}`;
  const read = (...lines: readonly string[]) =>
    counted(readKeaLeases({ name: 'leases.csv', text: `${[HEADING, ...lines].join('\n')}\n` }));

  test('has several rows of an address: the last one counts, also where it says that the lease is given back', () => {
    const { leases, leftOut } = read(
      row('10.15.3.20', A, `01:${A}`, 3600, LATER - 600),
      row('10.15.3.21', B, '', 3600, LATER),
      row('10.15.3.20', A, `01:${A}`, 3600, LATER, 'web.example.,0,'),
      row('10.15.3.21', B, '', 0, LATER),
    );

    expect(leases).toEqual([`4 10.15.3.20 ${A} 01525400000001 web.example 3600`]);
    expect(leftOut).toEqual({ 'older entry': 2, 'not leased': 1 });
  });

  test('has states: declined and reclaimed ones are left out; so is what is over by its time; no end is kept', () => {
    const { leases, faults, leftOut } = read(
      row('10.15.3.20', '', '', 3600, LATER, ',1,'),
      row('10.15.3.21', A, '', 3600, LATER, ',2,'),
      row('10.15.3.22', A, '', 3600, LATER - 7200),
      row('10.15.3.23', A, '', 4294967295, LATER + 4294967295),
      row('fd00::20', A, '', 3600, LATER),
      row('10.15.3.24', B, '', 3600, LATER, ',9,'),
    );

    expect(leases).toEqual([`5 10.15.3.23 ${A} - - never`]);
    expect(leftOut).toEqual({ 'declined or abandoned': 1, expired: 2, IPv6: 1 });
    expect(faults).toEqual(['7: 9 is no state of a lease that Kea is known to write']);
  });

  test('has bad rows: each is named by its line', () => {
    const { leases, faults } = read(
      row('10.15.3', A, '', 3600, LATER),
      row('10.15.3.20', '52:54', '', 3600, LATER),
      row('10.15.3.20', A, 'x', 3600, LATER),
      row('10.15.3.20', A, '', -1, LATER),
      `10.15.3.20,${A},,3600,17`,
      row('10.15.3.20', B, '', 3600, LATER, 'a&#x2cb,0,{ "a": 1 &#x2c "b": 2 }'),
    );

    expect(faults).toEqual([
      '2: 10.15.3 is no IPv4 address',
      '3: 52:54 is not the MAC of an Ethernet card',
      '4: x is no client identifier',
      '5: -1 is no lifetime in seconds',
      '6: the row has fewer columns than the heading',
    ]);
    expect(leases).toEqual([`7 10.15.3.20 ${B} - a,b 3600`]);
  });

  test('is none: that is said once', () => {
    const read = readKeaLeases({ name: 'x', text: `${LATER} ${A} 10.15.3.20 * *\n0\n` });

    expect(counted(read).faults).toEqual([
      '1: is no heading of Kea: a memfile begins with address,hwaddr,client_id',
    ]);
  });
});

describe('a lease file of dhcpd', () => {
  const read = (text: string) => counted(readDhcpdLeases({ name: 'dhcpd.leases', text }));
  const lease = (address: string, mac: string, ...more: readonly string[]) =>
    `lease ${address} {\n  starts 6 2026/11/28 11:00:00;\n  ends 6 2026/11/28 13:00:00;\n  hardware ethernet ${mac};\n  ${more.join('\n  ')}\n}\n`;

  test('has identifiers with octal escapes, quotes and semicolons, or in hexadecimal digits; and names', () => {
    const { leases, faults } = read(
      `# written by dhcpd\nauthoring-byte-order little-endian;\nserver-duid "\\000\\001{";\n${lease(
        '10.15.3.20',
        A,
        'binding state active;',
        'uid "\\001RT\\000\\"\\\\;}\\377";',
        'client-hostname "web-1";',
      )}${lease('10.15.3.21', B, 'binding state active;', 'uid 01:52:54:0:0:0:2;')}`,
    );

    expect(faults).toEqual([]);
    expect(leases).toEqual([
      `4 10.15.3.20 ${A} 01525400225c3b7dff web-1 3600`,
      `12 10.15.3.21 ${B} 01525400000002 - 3600`,
    ]);
  });

  test('has several entries of an address: the last one counts, whether it is leased, free, abandoned or over', () => {
    const { leases, leftOut } = read(
      [
        lease('10.15.3.20', A, 'binding state active;'),
        lease('10.15.3.21', B, 'binding state active;'),
        lease('10.15.3.20', A, 'binding state free;'),
        lease('10.15.3.22', B, 'binding state abandoned;'),
        lease('10.15.3.23', B, 'binding state active;').replace('13:00:00', '12:00:00'),
        '\nlease 10.15.3.24 { ends never; binding state active; hardware ethernet 52:54:00:00:00:03; }',
        '\nlease 10.15.3.25 { ends epoch 1795953600; # a comment }\n hardware ethernet 52:54:00:00:00:04; }',
        'ia-na "\\000" { cltt 6 2026/11/28 11:00:00; iaaddr fd00::1 { binding state active; } }',
      ].join(''),
    );

    expect(leases).toEqual([
      `7 10.15.3.21 ${B} - - 3600`,
      expect.stringContaining('10.15.3.24 52:54:00:00:00:03 - - never'),
      expect.stringContaining('10.15.3.25 52:54:00:00:00:04 - - '),
    ]);
    expect(leftOut).toEqual({
      'older entry': 1,
      'not leased': 1,
      'declined or abandoned': 1,
      expired: 1,
      IPv6: 1,
    });
  });

  test.each(['2026/02/30 13:00:00', '2026/13/01 13:00:00', '9999/99/99 99:99:99', '2026/11/28 24:00:00'])(
    'has an end at %s, which no calendar has: it is named, and no other time is taken for it',
    (end) => {
      const { leases, faults } = read(`lease 10.15.3.20 { ends 4 ${end}; hardware ethernet ${A}; }`);

      expect(leases).toEqual([]);
      expect(faults).toEqual(['1: lease 10.15.3.20: its end is no time of dhcpd']);
    },
  );

  test('has bad entries, and is cut off: each is named by the line where it begins, and the others stand', () => {
    const { leases, faults } = read(
      [
        'lease ten { }',
        `lease 10.15.3.20 { ends soon; hardware ethernet ${A}; }`,
        'lease 10.15.3.20 { ends never; hardware token-ring 1:2; }',
        'lease 10.15.3.20 { ends never; binding state odd; }',
        `lease 10.15.3.20 { ends never; hardware ethernet ${A}; uid x; }`,
        `lease 10.15.3.21 { ends never; hardware ethernet ${B}; }`,
        '}',
        'server-duid "open;',
        `lease 10.15.3.23 { ends never; hardware ethernet ${B}; uid "open;`,
        '}',
        `lease 10.15.3.24 { ends never; hardware ethernet ${B}; uid`,
        `lease 10.15.3.25 { ends never; hardware ethernet 52:54:00:00:00:05; uid 01:02 }`,
        `lease 10.15.3.22 { ends never; hardware`,
      ].join('\n'),
    );

    expect(faults).toEqual([
      '7: a brace closes what none opens',
      '8: what stands in quotes does not end in its line',
      '9: what stands in quotes does not end in its line',
      '11: lease 10.15.3.24 is cut off',
      '12: uid 01:02 has no semicolon',
      '13: lease 10.15.3.22 is cut off',
      '1: ten is no IPv4 address',
      '2: lease 10.15.3.20: its end is no time of dhcpd',
      '3: lease 10.15.3.20: token-ring 1:2 is not the MAC of an Ethernet card',
      '4: odd is no binding state of dhcpd',
      '5: lease 10.15.3.20: its uid is no client identifier',
    ]);
    expect(leases).toEqual([`6 10.15.3.21 ${B} - - never`]);
  });
});

describe('lease files of several dnsmasq', () => {
  const end = (hours: number) => Math.floor(NOW / 1000) + hours * 3600;
  const both = (first: readonly string[], second: readonly string[]) => {
    const files = [first, second].map((lines, index) =>
      readDnsmasqLeases({ name: `node${index + 1}`, text: lines.map((line) => `${line}\n`).join('') }),
    );
    const { leases, faults } = settleLeases(files, NOW, 'once');
    return {
      leases: leases.map(({ file, address, hardware }) => [
        file,
        ipv4ToText(address),
        hardwareToText(hardware),
      ]),
      faults: faults.map(({ file, what }) => `${file}: ${what}`),
    };
  };
  const A = '52:54:00:00:00:0a';
  const B = '52:54:00:00:00:0b';

  test.each([
    ['the first', 12, 11, 'node1', A, 'node2'],
    ['the second', 11, 12, 'node2', B, 'node1'],
  ])(
    'an address that two have given counts where it ends last: in %s',
    (_which, one, two, file, card, other) => {
      const read = both([`${end(one)} ${A} 10.15.3.20 * *`], [`${end(two)} ${B} 10.15.3.20 * *`]);

      expect(read.leases).toEqual([[file, '10.15.3.20', card]]);
      expect(read.faults).toEqual([
        `${other}: 10.15.3.20 stands in ${file}, line 1, too, for ${card}, where it ends later`,
      ]);
    },
  );

  test('a lease that is over is no fault beside one that runs', () => {
    const read = both([`${end(-1)} ${A} 10.15.3.20 * *`], [`${end(2)} ${B} 10.15.3.20 * *`]);

    expect(read).toEqual({ leases: [['node2', '10.15.3.20', B]], faults: [] });
  });

  test('of a guest with leases of two of them the one that ends last counts, and the fault names the file', () => {
    const read = both([`${end(11)} ${A} 10.15.3.20 * *`], [`${end(12)} ${A} 10.15.3.21 * *`]);

    expect(read.leases).toEqual([['node2', '10.15.3.21', A]]);
    expect(read.faults).toEqual([
      `node1: 10.15.3.20: ${A} has 10.15.3.21 (node2, line 1) too, which ends later; a client has one address here`,
    ]);
  });
});
