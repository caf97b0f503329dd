import { describe, expect, test } from 'vitest';
import { type GuestFacts, likeliestCause } from '../../../src/diagnosis/doctor/likeliest-cause.ts';
import type { ReasonRow } from '../../../src/engine/decision/reason-row.ts';
import { REASONS } from '../../../src/engine/decision/reasons.ts';

const B = '52:54:00:4e:00:02';
const ROWS: Readonly<Record<string, ReasonRow>> = REASONS;

function facts(told: Partial<GuestFacts>): GuestFacts {
  return {
    noAnswer: undefined,
    stopping: [],
    refusal: undefined,
    rogues: [],
    leased: undefined,
    decisions: [],
    explain: (word) => ROWS[word],
    hearsOthers: true,
    ...told,
  };
}

const decision = (type: string, reason: string) => ({
  at: '2026-11-28T20:28:50.683Z',
  type,
  reason,
  address: '10.15.3.30',
});

describe('the likeliest cause', () => {
  test('of a guest whose lease was imported, and that has not asked since, is not DHCP', () => {
    const told = facts({ leased: '10.15.3.30', decisions: [decision('order', 'imported-by-operator')] });

    expect(likeliestCause(told).cause).toBe('nothing is wrong with DHCP: it has 10.15.3.30');
  });

  test.each([
    ['order', 'expired', 'it is served when it asks; see in the guest'],
    ['DHCPREQUEST', 'overtaken', 'a client asks again by itself'],
  ])('of a guest of which nothing is to be done here says so: %s %s', (type, reason, remedy) => {
    const told = facts({ decisions: [decision(type, reason)] });

    expect(likeliestCause(told).remedy).toContain(remedy);
    expect(likeliestCause(told).remedy).not.toContain('vps-gateway reasons');
  });

  test('of a guest that another gateway serves is not DHCP, and that gateway is named', () => {
    const leasedElsewhere = { address: '10.15.3.218', gateway: '10.15.3.12' };

    for (const decisions of [[], [decision('order', 'peer-granted')]])
      expect(likeliestCause(facts({ leasedElsewhere, decisions }))).toEqual({
        cause: 'nothing is wrong with DHCP: it has 10.15.3.218 from 10.15.3.12',
        remedy: 'if the guest does not show it, ask there: vps-gateway why, on the node of 10.15.3.12',
      });
  });

  test('of a guest that another gateway served, and whose message here is refused, is that message', () => {
    const leasedElsewhere = { address: '10.15.3.218', gateway: '10.15.3.12' };
    const decisions = [decision('order', 'peer-granted'), decision('DHCPDISCOVER', 'pool-full')];

    expect(likeliestCause(facts({ leasedElsewhere, decisions })).cause).toMatch(/^its last message/);
  });

  test('of a guest that a gateway which shares the leases serves is not DHCP, though this one hears it speak to that one', () => {
    const told = { leased: '10.15.3.167', granter: 'node-2' };
    const causeOf = (reason: string, more: Partial<GuestFacts> = {}) =>
      likeliestCause(facts({ ...told, decisions: [decision('DHCPREQUEST', reason)], ...more })).cause;

    for (const reason of ['not-for-us', 'not-first'])
      expect(causeOf(reason)).toBe('nothing is wrong with DHCP: it has 10.15.3.167 from node-2');
    expect(causeOf('bound-to-another')).toMatch(/^its last message/);
    expect(causeOf('not-for-us', { granter: undefined })).toMatch(/^its last message .* another server/);
    expect(causeOf('not-for-us', { rogues: [{ server: '10.15.3.1', hardware: null }] })).toMatch(
      /^its last message .* another server/,
    );
  });

  test('of a guest with a reservation here, and a lease of a gateway that shares nothing, is that the reservation is not there', () => {
    const leasedElsewhere = { address: '10.15.3.183', gateway: '10.15.3.12' };
    const reservedHere = { id: 'web1', address: '10.15.3.50', mac: B };

    for (const decisions of [
      [],
      [decision('order', 'peer-granted')],
      [decision('DHCPREQUEST', 'not-for-us')],
    ])
      expect(likeliestCause(facts({ leasedElsewhere, reservedHere, decisions }))).toEqual({
        cause:
          'it has 10.15.3.183 from 10.15.3.12, which knows nothing of the reservations of this one: here 10.15.3.50 is reserved for it (reservation web1)',
        remedy: `on the node of 10.15.3.12: vps-gateway reservations set web1 --mac ${B} --address 10.15.3.50 (where that was done already, the guest moves at its next renewal)`,
      });
    const asReserved = { ...reservedHere, address: '10.15.3.183' };
    expect(likeliestCause(facts({ leasedElsewhere, reservedHere: asReserved })).cause).toBe(
      'nothing is wrong with DHCP: it has 10.15.3.183 from 10.15.3.12',
    );
  });

  test('of a guest that has, or was refused, the address of a removed reservation is that it was removed', () => {
    const until = '2026-11-29T20:00:00.000Z';
    const removed = { id: 'web1', address: '10.15.3.30', mac: B, until };
    const renewed = [decision('DHCPREQUEST', 'renewed')];
    const has = likeliestCause(facts({ leased: '10.15.3.30', decisions: renewed, removed }));
    const refused = likeliestCause(facts({ decisions: [decision('DHCPREQUEST', 'not-in-pool')], removed }));
    const moved = likeliestCause(facts({ leased: '10.15.3.31', decisions: renewed, removed }));

    expect(has.cause).toBe(
      `it has 10.15.3.30 until its lease ends, and then must leave it: the reservation web1 of that address was removed, and keeps it from everybody until ${until}`,
    );
    expect(refused.cause).toMatch(
      /^it asked for 10\.15\.3\.30, and was refused: the reservation web1 .* removed/,
    );
    for (const { remedy } of [has, refused])
      expect(remedy).toContain(`vps-gateway reservations set web1 --mac ${B} --address 10.15.3.30,`);
    expect(moved.cause).toBe('nothing is wrong with DHCP: it has 10.15.3.31');
  });

  test('of a guest whose lease an operator has ended is that order, and no message of its own', () => {
    const decisions = [decision('DHCPREQUEST', 'bound'), decision('order', 'released-by-operator')];

    expect(likeliestCause(facts({ decisions })).cause).toMatch(
      /^what happened to it last, at 2026-\S+: An operator has ended the lease/,
    );
  });

  test.each([
    [
      'reserved-idle',
      null,
      'that address is free, and the guest moves there when it renews its lease',
      /half of its lease/,
    ],
    [
      'reserved-in-use',
      B,
      `that address is leased to ${B} until 2026-11-28T21:00:00Z`,
      /leases release 10\.15\.3\.57$/,
    ],
    ['peer', B, `another gateway has leased that address to ${B}`, /take another address, or shut it down/],
    [
      'quarantined',
      B,
      'another machine was seen there, ',
      /addresses ask 10\.15\.3\.57: .* addresses restore/,
    ],
    ['gateway', null, 'no guest may have that address now', /reservations set web --address/],
  ])(
    'of a guest that waits for its reserved address is why that is not its own yet: %s',
    (state, mac, why, remedy) => {
      const expires = mac === null ? null : '2026-11-28T21:00:00Z';
      const reserved = { id: 'web', address: '10.15.3.57', state, mac, expires };
      const decisions = [decision('DHCPREQUEST', 'renewed')];
      const told = likeliestCause(facts({ leased: '10.15.3.30', decisions, reserved }));

      expect(told.cause).toContain(
        `it has 10.15.3.30, and waits for 10.15.3.57, which is reserved for it (reservation web): ${why}`,
      );
      expect(told.remedy).toMatch(remedy);
    },
  );

  test('is a full pool only of a guest that has no lease', () => {
    const full = {
      name: 'pool-full',
      message: 'the pool is full',
      remedy: '',
      stopsNewGuests: true,
    } as const;
    const decisions = [decision('DHCPREQUEST', 'renewed')];
    const causeOf = (leased?: string) => likeliestCause(facts({ stopping: [full], leased, decisions })).cause;

    expect(causeOf('10.15.3.30')).toBe('nothing is wrong with DHCP: it has 10.15.3.30');
    expect(causeOf()).toBe('no new guest gets an address: the pool is full');
  });

  test('of a guest that was refused is why its last message was', () => {
    const decisions = [decision('DHCPREQUEST', 'bound-to-another')];

    expect(likeliestCause(facts({ leased: '10.15.3.31', decisions })).cause).toMatch(
      /^its last message \(DHCPREQUEST\), at 2026-\S+: The client asks for an address that is leased/,
    );
  });
});
