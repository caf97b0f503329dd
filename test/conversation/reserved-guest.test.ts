import { describe, expect, test } from 'vitest';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import { INFINITE_SECONDS } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import type { Reservation } from '../../src/lease/reservation/reservation.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { type Answer, Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip, text, u32 } from '../support/packet.ts';
import { at, range, relays, segment } from '../support/plan.ts';
import { portNamed } from '../support/plugged.ts';
import { cards, clientId, reservationOf } from '../support/reservations.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const OWN = '10.15.3.57';
const TEN_MINUTES = 600;

/** The segment of the plan, what is reserved, and who answers ARP. */
function reserving(overrides: Partial<Plan> = {}) {
  const conversation = new Conversation({ probeMilliseconds: 300, ...overrides });
  const reservations = conversation.store.reservations;
  const pools = [range('10.15.3.20', '10.15.3.99')];
  conversation.plan = { ...conversation.plan, subnet: segment({ pools, reservations }) };
  let version = 0;
  return {
    conversation,
    reservations,
    /** The address is reserved for Ada, unless something else is said. */
    reserve: (address: string, rest: Partial<Reservation> = {}) => {
      version += 1;
      reservations.put(reservationOf('ada', address, { macs: cards(ADA.mac), version, ...rest }));
    },
  };
}

function boot(conversation: Conversation, guest: Guest): string {
  const { address } = conversation.hear(guest.discover());
  if (address === '') return '';
  return conversation.hear(guest.select(address, SERVER)).address;
}

function renew(conversation: Conversation, guest: Guest, address: string): Answer {
  return conversation.hearUnicast(guest.extend(address), address);
}

function leaseSecondsIn({ bytes }: Answer): number {
  const [a = 0, b = 0, c = 0, d = 0] = optionOf(bytes, 51) ?? [];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

describe('RFC 2131 §4.3.2: a guest for which another address is reserved than it has', () => {
  test.each([
    ['RENEWING', (c: Conversation, address: string) => renew(c, ADA, address)],
    ['REBINDING', (c: Conversation, address: string) => c.hear(ADA.extend(address))],
    ['INIT-REBOOT', (c: Conversation, address: string) => c.hear(ADA.reboot(address))],
  ])('is refused once, %s, and gets the reserved one then; the other is free', (_state, ask) => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    reserve(OWN);

    const refused = ask(conversation, before);
    const after = boot(conversation, ADA);

    expect([refused.outcome, refused.reason]).toEqual(['DHCPNAK', 'reserved-elsewhere']);
    expect(refused.asked).toContain(OWN);
    expect(after).toBe(OWN);
    expect(conversation.at(before)?.state).toBe('free');
    expect(renew(conversation, ADA, OWN).outcome).toBe(`DHCPACK ${OWN}`);
  });

  test('is moved also where the reserved address is on offer to another guest, which is refused it', () => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    const offered = conversation.hear(BOB.discover([[50, ...ip(OWN)]]));
    reserve(OWN);

    const refused = renew(conversation, ADA, before);
    const toBob = conversation.hear(BOB.select(OWN, SERVER));
    const after = boot(conversation, ADA);

    expect(offered.address).toBe(OWN);
    expect([refused.outcome, refused.reason]).toEqual(['DHCPNAK', 'reserved-elsewhere']);
    expect([toBob.outcome, toBob.reason]).toEqual(['DHCPNAK', 'reserved-for-another']);
    expect(after).toBe(OWN);
  });

  test('a new one gets it at once although it is on offer to another guest', () => {
    const { conversation, reserve } = reserving();
    conversation.hear(BOB.discover([[50, ...ip(OWN)]]));
    reserve(OWN);

    expect(boot(conversation, ADA)).toBe(OWN);
    expect(conversation.hear(BOB.select(OWN, SERVER)).reason).toBe('reserved-for-another');
  });

  test.each(['auto', 'client-id', 'mac'] as const)(
    'is moved also if it has its lease under another name of the same card, by identity %s',
    (identity) => {
      const { conversation, reserve } = reserving({ identity });
      const loader = new Guest(ADA.mac, { identifier: [0, 1, 2, 3] });
      const system = new Guest(ADA.mac, { identifier: [0xff, 1, 2, 3] });
      const before = boot(conversation, loader);
      reserve(OWN);

      expect(renew(conversation, system, before).reason).toBe('reserved-elsewhere');
      expect(boot(conversation, system)).toBe(OWN);
      expect(conversation.at(before)?.state).toBe('free');
      expect(boot(conversation, loader)).toBe(OWN);
      expect(renew(conversation, system, OWN).outcome).toBe(`DHCPACK ${OWN}`);
      expect(conversation.store.table.size).toBe(2);
    },
  );

  test('goes on with what it has while another guest has the reserved one, for ten minutes each time', () => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    const taken = boot(conversation, BOB);
    reserve(taken);

    const meanwhile = renew(conversation, ADA, before);
    const moved = renew(conversation, BOB, taken);
    const bobs = boot(conversation, BOB);
    const refused = renew(conversation, ADA, before);

    expect([meanwhile.outcome, leaseSecondsIn(meanwhile)]).toEqual([`DHCPACK ${before}`, TEN_MINUTES]);
    expect([moved.outcome, moved.reason]).toEqual(['DHCPNAK', 'reserved-for-another']);
    expect(bobs).not.toBe(taken);
    expect([refused.outcome, refused.reason]).toEqual(['DHCPNAK', 'reserved-elsewhere']);
    expect(boot(conversation, ADA)).toBe(taken);
  });

  test('gets one of the pool for ten minutes at most while ARP shows somebody at the reserved one', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    conversation.holders.set(OWN, '52:54:00:00:00:99');

    const offer = conversation.hear(ADA.discover([[51, ...u32(7200)]]));
    const ack = conversation.hear(ADA.select(offer.address, SERVER));
    conversation.holders.delete(OWN);
    conversation.pass(300);
    const stillQuarantined = renew(conversation, ADA, ack.address);
    conversation.pass(301);
    const refused = renew(conversation, ADA, ack.address);

    expect(offer.asked[0]).toBe(OWN);
    expect(offer.address).not.toBe(OWN);
    expect([leaseSecondsIn(offer), leaseSecondsIn(ack)]).toEqual([TEN_MINUTES, TEN_MINUTES]);
    expect([stillQuarantined.outcome, leaseSecondsIn(stillQuarantined)]).toEqual([
      `DHCPACK ${ack.address}`,
      TEN_MINUTES,
    ]);
    expect(refused.reason).toBe('reserved-elsewhere');
    expect(boot(conversation, ADA)).toBe(OWN);
  });

  test('is not refused what it has for an address that somebody uses', () => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    reserve(OWN);
    conversation.holders.set(OWN, '52:54:00:00:00:99');

    const renewed = renew(conversation, ADA, before);

    expect([renewed.outcome, leaseSecondsIn(renewed)]).toEqual([`DHCPACK ${before}`, TEN_MINUTES]);
    expect(conversation.at(OWN)?.state).toBe('declined');
  });

  test('goes on while nothing can be promised, and so does who has its address', () => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    const taken = boot(conversation, BOB);
    reserve(OWN);
    conversation.store.setFailure('no quorum');
    expect(renew(conversation, ADA, before)).toMatchObject({
      outcome: `DHCPACK ${before}`,
      reason: 'as-committed',
    });

    reserve(taken);
    expect(renew(conversation, BOB, taken)).toMatchObject({
      outcome: `DHCPACK ${taken}`,
      reason: 'as-committed',
    });
  });

  test('follows its reservation to another address', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    boot(conversation, ADA);
    reserve('10.15.3.200');

    expect(renew(conversation, ADA, OWN).reason).toBe('reserved-elsewhere');
    expect(boot(conversation, ADA)).toBe('10.15.3.200');
    expect(conversation.at(OWN)?.state).toBe('free');
  });

  test('is not refused what it has from a gateway that shares no leases with this one', () => {
    const peer = '10.15.3.11';
    const { conversation, reserve } = reserving({ peers: new Set([at(peer)]) });
    const peers = new Map([[at(peer), conversation.now]]);
    conversation.context = { peerObservations: { ...NO_PEERS, peers } };
    reserve(OWN);

    const answer = conversation.hear(ADA.reboot('10.15.3.30'));

    expect(answer.outcome).toBe('silence');
  });
});

describe('a card that a reservation names', () => {
  test('is one client under all its identifiers: no second lease, and the address stays', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    const names = [
      [0, 1, 2],
      [0xff, 9, 9],
      [1, 1, 1, 1],
    ].map((identifier) => new Guest(ADA.mac, { identifier }));

    expect([ADA, ...names, ADA].map((guest) => boot(conversation, guest))).toEqual(Array(5).fill(OWN));
    expect(conversation.store.leases.countByState().bound).toBe(1);
  });

  test('may release the address under any of them', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    boot(conversation, new Guest(ADA.mac, { identifier: [0, 1, 2] }));

    conversation.hearUnicast(ADA.release(OWN, SERVER), OWN);

    expect(conversation.at(OWN)?.state).toBe('free');
  });

  test.each(['auto', 'client-id'] as const)(
    'is told from the machine that it was cloned from, with the same identifier, by identity %s',
    (identity) => {
      const { conversation, reserve, reservations } = reserving({ identity });
      const identifier = [0xff, 1, 2, 3, 4];
      const [one, two] = [new Guest(ADA.mac, { identifier }), new Guest(BOB.mac, { identifier })];
      reserve(OWN);
      reservations.put(reservationOf('bob', '10.15.3.58', { macs: cards(BOB.mac) }));

      expect([boot(conversation, one), boot(conversation, two)]).toEqual([OWN, '10.15.3.58']);
      expect([boot(conversation, two), boot(conversation, one)]).toEqual(['10.15.3.58', OWN]);
      expect(renew(conversation, two, '10.15.3.58').outcome).toBe('DHCPACK 10.15.3.58');
      expect(renew(conversation, one, OWN).outcome).toBe(`DHCPACK ${OWN}`);
    },
  );

  test('takes the address over from the other card of its guest, once that one does not answer ARP', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN, { macs: cards(ADA.mac, BOB.mac) });
    boot(conversation, ADA);
    conversation.holders.set(OWN, ADA.mac);

    const beside = boot(conversation, BOB);
    const adas = renew(conversation, ADA, OWN);
    conversation.holders.delete(OWN);
    conversation.hearUnicast(ADA.release(OWN, SERVER), OWN);
    const after = boot(conversation, BOB);

    expect(beside).not.toBe(OWN);
    expect(adas.outcome).toBe(`DHCPACK ${OWN}`);
    expect(after).toBe(OWN);
  });
});

test('a card that its reservation names no more does not get back the address that the other card took over', () => {
  const { conversation, reserve } = reserving({ probeMilliseconds: 0 });
  const both = { macs: cards(ADA.mac, BOB.mac) };
  reserve(OWN, both);
  boot(conversation, BOB);
  conversation.hear(ADA.reboot(OWN));

  reserve('10.15.3.200');
  const rebooted = conversation.hear(BOB.reboot(OWN));

  expect(conversation.hear(ADA.extend(OWN)).outcome).not.toBe('silence');
  expect(rebooted.outcome).not.toBe(`DHCPACK ${OWN}`);
  expect(boot(conversation, BOB)).not.toBe(OWN);
});

describe('a reservation without a card', () => {
  test('by client identifier follows the identifier to another card', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN, { macs: [], clientId: clientId('ff01020304') });
    const identifier = [0xff, 1, 2, 3, 4];

    expect(boot(conversation, new Guest(ADA.mac, { identifier }))).toBe(OWN);
    expect(boot(conversation, BOB)).not.toBe(OWN);
  });

  test('RFC 3046 §3.1: by circuit is for whoever is plugged in there', () => {
    const relay = '10.15.3.19';
    const { conversation, reserve } = reserving({ relays: relays(relay) });
    reserve(OWN, { macs: [], circuitId: '6574' });
    const relayInformation = [1, 2, 0x65, 0x74];
    const plugged = new Guest(BOB.mac, { relay, relayInformation });
    const elsewhere = new Guest(ADA.mac, { relay, relayInformation: [1, 2, 0x65, 0x75] });

    expect(boot(conversation, plugged)).toBe(OWN);
    expect(boot(conversation, elsewhere)).not.toBe(OWN);
  });
});

test('a reservation without a card by port is for the guest that is plugged in there', () => {
  const { conversation, reserve } = reserving();
  reserve(OWN, { macs: [], port: 'tap104i0' });
  conversation.context = { port: portNamed('fwpr104p0') };
  expect(boot(conversation, BOB)).toBe(OWN);
  expect(conversation.at(OWN)?.ids).toMatchObject({ reservationId: 'ada', port: 'fwpr104p0' });

  conversation.context = { port: portNamed('tap105i0') };
  expect(boot(conversation, ADA)).not.toBe(OWN);
});

describe('what a reservation says of its guest', () => {
  const LIST = [1, 3, 6, 12, 15, 42, 51];

  test('RFC 2132 §3.14: its name and its options come before those of the subnet, and only for it', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN, { hostname: 'web-1', options: { domainNameServers: '9.9.9.9', ntpServers: '10.15.3.2' } });
    const [ada, bob] = [ADA, BOB].map(({ mac }) => new Guest(mac, { requestList: LIST }));

    const offer = conversation.hear((ada ?? ADA).discover());
    const other = conversation.hear((bob ?? BOB).discover());

    expect(optionOf(offer.bytes, 12)).toEqual(text('web-1'));
    expect(optionOf(offer.bytes, 6)).toEqual(ip('9.9.9.9'));
    expect(optionOf(offer.bytes, 42)).toEqual(ip('10.15.3.2'));
    expect(optionOf(offer.bytes, 3)).toEqual(ip('10.15.3.1'));
    expect(optionOf(other.bytes, 12)).toBeUndefined();
    expect(optionOf(other.bytes, 6)).toEqual([...ip('1.1.1.1'), ...ip('1.0.0.1')]);
  });

  test('RFC 2131 §4.3.5: also in the answer to a DHCPINFORM', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN, { hostname: 'web-1' });

    const answer = conversation.hearUnicast(new Guest(ADA.mac, { requestList: LIST }).inform(OWN), OWN);

    expect(optionOf(answer.bytes, 12)).toEqual(text('web-1'));
  });

  test.each([
    [undefined, 3600],
    [600, 600],
    [86_400, 3600],
    [1, 300],
  ])(
    'RFC 2131 §4.3.1: its lease time is the longest that it gets; it asks for %s and gets %i',
    (asked, given) => {
      const { conversation, reserve } = reserving();
      reserve(OWN, { leaseTime: 3600 });

      const answer = conversation.hear(ADA.discover(asked === undefined ? [] : [[51, ...u32(asked)]]));

      expect(leaseSecondsIn(answer)).toBe(given);
    },
  );

  test('may be a lease without end', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN, { leaseTime: INFINITE_SECONDS });

    expect(leaseSecondsIn(conversation.hear(ADA.discover()))).toBe(INFINITE_SECONDS);
  });

  test('are its ids, in the record of its lease as long as it has one', () => {
    const { conversation, reserve } = reserving();
    const organizationId = 'org' as OutsideId;
    const before = boot(conversation, ADA);
    reserve(OWN, { vpsId: 'vps-1' as OutsideId, organizationId });
    renew(conversation, ADA, before);
    boot(conversation, ADA);
    expect(conversation.at(OWN)?.ids).toEqual({ vpsId: 'vps-1', organizationId, reservationId: 'ada' });

    reserve(OWN, { retiredUntil: (conversation.now + 86_400_000) as never });
    renew(conversation, ADA, OWN);
    expect(conversation.at(OWN)?.ids).toBeUndefined();
  });
});

describe('an address whose reservation was removed, and which is kept for its id', () => {
  test('is kept to the end of the lease, and not longer by renewing again and again', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    boot(conversation, ADA);
    reserve(OWN, { retiredUntil: (conversation.now + 86_400_000) as never });
    conversation.pass(43_200 - 20);

    const answers = Array.from({ length: 12 }, () => {
      conversation.pass(1);
      return renew(conversation, ADA, OWN);
    });

    expect(answers.slice(0, 10).map(leaseSecondsIn)).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
    expect(answers.slice(10).map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'DHCPNAK not-in-pool',
      'DHCPNAK not-in-pool',
    ]);
    expect(boot(conversation, ADA)).not.toBe(OWN);
  });

  test('is offered to nobody; who has a lease of it keeps what is left, and is not extended', () => {
    const { conversation, reserve } = reserving();
    reserve(OWN);
    boot(conversation, ADA);
    reserve(OWN, { retiredUntil: (conversation.now + 86_400_000) as never });
    conversation.pass(43_200 - 900);

    const kept = renew(conversation, ADA, OWN);
    const asked = conversation.hear(BOB.discover([[50, ...ip(OWN)]]));
    conversation.pass(901);

    expect([kept.outcome, leaseSecondsIn(kept)]).toEqual([`DHCPACK ${OWN}`, 900]);
    expect(asked.address).not.toBe(OWN);
    expect(boot(conversation, ADA)).not.toBe(OWN);
    reserve(OWN);
    expect(boot(conversation, ADA)).toBe(OWN);
  });
});
