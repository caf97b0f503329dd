import { describe, expect, it, test } from 'vitest';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import { ipv4FromText, UNSPECIFIED } from '../../src/net/ipv4.ts';
import {
  GuestNames,
  labelOf,
  type NamedLease,
  type NamedReservation,
} from '../../src/reporting/guest-names.ts';
import { HOST_FORMATS, hostsOf } from '../../src/reporting/host-formats.ts';

function lease(address: string, hostname: string | null, more: Partial<NamedLease> = {}): NamedLease {
  return { address, mac: null, hostname, vps_id: null, reservation_id: null, startedAt: 1, ...more };
}

function reservation(
  id: string,
  hostname: string | undefined,
  vpsId = id,
  more: Partial<NamedReservation> = {},
): NamedReservation {
  return { id, hostname, vpsId, address: UNSPECIFIED, macs: [], retiredUntil: undefined, ...more };
}

function namesOf(leases: readonly NamedLease[], reservations: readonly NamedReservation[] = []) {
  const names = new GuestNames(leases, reservations);
  return leases.map((each) => names.of(each));
}

describe('what a guest calls itself, as a label', () => {
  it.each([
    ['web', 'web'],
    ['WEB-1', 'web-1'],
    ['web.example.net', 'web'],
    ['3com', '3com'],
    ['my_vm', 'my-vm'],
    ["Bob's  Laptop", 'bobs-laptop'],
    ['Ada\u2019s', 'adas'],
    [' web ', 'web'],
    ['a'.repeat(63), 'a'.repeat(63)],
  ])('RFC 1123 §2.1: %j is %j', (hostname, label) => {
    expect(labelOf(hostname)).toBe(label);
  });

  it.each([
    '',
    '.',
    '.web',
    '-web',
    'web-',
    'a'.repeat(64),
    'a'.repeat(255),
    '<script>alert(1)</script>',
    'a&b',
    'a"b',
    '$(reboot)',
    'a;b',
    'a/b',
    '\u202eweb',
    'web\u200b',
    'müller',
    '東京',
    'a?b',
    'a\0b',
    'a\nb c\u0001',
    '10.15.3.1',
    '10',
    '0x0a',
    '1234567890',
    'xn--80ak6aa92e',
    'localhost',
    'LOCALHOST.localdomain',
    'wpad',
    'isatap',
    '::1',
    '\u212aelvin', // The Kelvin sign, whose lower case is an ASCII k.
  ])('%j is none', (hostname) => {
    const label = labelOf(hostname);

    expect(label).toBeUndefined();
  });
});

test("a reservation's name comes before what its guest calls itself, and its VPS id stands beside it", () => {
  const found = namesOf(
    [lease('10.15.3.20', 'debian', { reservation_id: 'vps-1', vps_id: 'vps-1' })],
    [reservation('vps-1', 'Shop')],
  );

  expect(found).toEqual([['shop', 'vps-1']]);
});

test('a reserved name is nobody else’s, whether its guest is there or not', () => {
  const found = namesOf([lease('10.15.3.20', 'shop')], [reservation('vps-1', 'shop.example.net')]);

  expect(found).toEqual([['shop-3-20']]);
});

test('no guest takes the id of another VPS for its name', () => {
  const found = namesOf(
    [
      lease('10.15.3.20', 'vps-2'),
      lease('10.15.3.21', null, { vps_id: 'vps-2' }),
      lease('10.15.3.22', 'vps-3'),
    ],
    [reservation('vps-3', undefined)],
  );

  expect(found).toEqual([['vps-2-3-20'], ['vps-2'], ['vps-3-3-22']]);
});

test('of two guests with one name the first has it as long as its lease runs; the other has the end of its address behind it', () => {
  const first = lease('10.15.3.200', 'web', { startedAt: 1 });
  const second = lease('10.15.3.21', 'WEB.example.net', { startedAt: 2 });

  expect(namesOf([second, first])).toEqual([['web-3-21'], ['web']]);
  expect(namesOf([second])).toEqual([['web']]);
});

test('a guest that calls itself as another one would be called has that name, and the other has none', () => {
  const found = namesOf([
    lease('10.15.3.20', 'web'),
    lease('10.15.3.21', 'web'),
    lease('10.15.3.22', 'web-3-21'),
  ]);

  expect(found).toEqual([['web'], [], ['web-3-21']]);
});

test('a long name has no room for an end, and is given once', () => {
  const long = 'a'.repeat(63);

  expect(namesOf([lease('10.15.3.20', long), lease('10.15.3.21', long)])).toEqual([[long], []]);
});

test('no two guests have one name, whatever they and their reservations are called', () => {
  const words = ['a', 'a-3-21', 'A', 'a_3_22', 'b.c', 'a-3-20', 'shop', 'vps-1', null];
  const leases = Array.from({ length: 40 }, (_, index) =>
    lease(`10.15.3.${index + 20}`, words[index % words.length] ?? null, {
      startedAt: index % 3,
      ...(index % 7 === 0 && { reservation_id: `vps-${index}`, vps_id: `vps-${index}` }),
    }),
  );
  const reservations = leases.flatMap(({ reservation_id: id }, index) =>
    id === null ? [] : [reservation(id, index % 2 === 0 ? 'shop' : 'a')],
  );

  const all = namesOf(leases, reservations).flat();

  expect(new Set(all).size).toBe(all.length);
});

test('of two reservations with one name the first has it', () => {
  const found = namesOf(
    [
      lease('10.15.3.20', null, { reservation_id: 'one' }),
      lease('10.15.3.21', null, { reservation_id: 'two' }),
    ],
    [reservation('one', 'shop'), reservation('two', 'shop')],
  );

  expect(found).toEqual([['shop'], []]);
});

test('the name of a removed reservation is free', () => {
  const retired = { ...reservation('vps-1', 'shop'), retiredUntil: 1 };

  expect(namesOf([lease('10.15.3.20', 'shop')], [retired])).toEqual([['shop']]);
});

test('a hosts file has each name with the domain behind it, but a whole one as it is', () => {
  const leases = [
    { ...lease('10.15.3.20', 'web'), mac: null },
    { ...lease('10.15.3.21', '<b>', { reservation_id: 'one' }), mac: null },
    { ...lease('10.15.3.22', '<b>'), mac: null },
  ];

  const hosts = hostsOf(leases, [reservation('one', 'shop.example.net')]);

  expect(HOST_FORMATS.hosts.write(hosts, 'vps.local')).toBe(
    '10.15.3.20 web web.vps.local\n10.15.3.21 shop.example.net\n',
  );
});

describe('of a reservation that was made since the lease began', () => {
  const [MAC, OTHER] = ['52:54:00:00:00:61', '52:54:00:00:00:62'];
  const there = {
    address: ipv4FromText('10.15.3.97') ?? UNSPECIFIED,
    macs: [hardwareFromText(MAC) ?? expect.fail(MAC)],
  };

  test('the guest of its card at its address has the name at once', () => {
    const own = lease('10.15.3.97', 'mail', { mac: MAC });

    expect(namesOf([own], [reservation('mail', 'mail', 'vps-7', there)])).toEqual([['mail']]);
  });

  test('nobody else has: neither another card there, nor the card elsewhere', () => {
    const leases = [
      lease('10.15.3.97', 'guest', { mac: OTHER }),
      lease('10.15.3.98', 'mail', { mac: MAC, startedAt: 2 }),
    ];

    expect(namesOf(leases, [reservation('mail', 'mail', 'vps-7', there)])).toEqual([
      ['guest'],
      ['mail-3-98'],
    ]);
  });
});
