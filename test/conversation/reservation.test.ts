import { describe, expect, test } from 'vitest';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';
import { Reservations } from '../support/reservations.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const POOL = range('10.15.3.20', '10.15.3.22');
const OWN = '10.15.3.20';
const OUTSIDE = '10.15.3.200';

/** A pool of three, and what is reserved. */
function reserving(overrides: Partial<Plan> = {}) {
  const conversation = new Conversation(overrides);
  const reservations = new Reservations(conversation.store.table);
  conversation.plan = { ...conversation.plan, subnet: segment({ pools: [POOL], reservations }) };
  return {
    conversation,
    reserve: (guest: Guest, address: string) => reservations.add(cardOf(guest), at(address)),
    unreserve: (guest: Guest) => reservations.drop(cardOf(guest)),
  };
}

function cardOf({ mac }: Guest) {
  const card = hardwareFromText(mac);
  if (card === undefined) throw new Error(`not a card: ${mac}`);
  return card;
}

function boot(conversation: Conversation, guest: Guest): string {
  const { address } = conversation.hear(guest.discover());
  if (address !== '') conversation.hear(guest.select(address, SERVER));
  return address;
}

function strangers(count: number): Guest[] {
  return Array.from({ length: count }, (_, number) => new Guest(`52:54:00:00:01:0${number}`));
}

describe('an address that is reserved', () => {
  test.each([
    ['in the pool', OWN],
    ['in no pool', OUTSIDE],
  ])('%s is offered to its client, and leased to it', (_where, address) => {
    const { conversation, reserve } = reserving();
    reserve(ADA, address);

    expect(boot(conversation, ADA)).toBe(address);
    expect(conversation.at(address)?.state).toBe('bound');
    expect(conversation.hearUnicast(ADA.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  });

  test('is offered to nobody else, not when all others are leased, nor when they ask for it', () => {
    const { conversation, reserve } = reserving();
    reserve(ADA, OWN);

    const addresses = strangers(4).map((guest) => boot(conversation, guest));
    const asked = conversation.hear(BOB.discover([[50, ...ip(OWN)]]));

    expect(new Set(addresses)).toEqual(new Set(['10.15.3.21', '10.15.3.22', '']));
    expect(asked.reason).toBe('pool-full');
    expect(boot(conversation, ADA)).toBe(OWN);
  });

  test('is in no order of free addresses, whatever stood there before: released, on offer, run out, or a peer’s', () => {
    const { conversation, reserve } = reserving({ peers: new Set([at('10.15.3.11')]) });
    const [free = BOB, offered = BOB] = strangers(2);
    boot(conversation, free);
    const released = boot(conversation, free);
    conversation.hearUnicast(free.release(released, SERVER), released);
    reserve(ADA, released);
    const other = conversation.hear(offered.discover([[50, ...ip('10.15.3.22')]])).address;
    reserve(BOB, other);
    conversation.pass(3600);

    const given = ['52:54:00:00:02:01', '52:54:00:00:02:02', '52:54:00:00:02:03'].map((mac) =>
      boot(conversation, new Guest(mac)),
    );

    expect(given.filter((address) => address !== '')).toHaveLength(1);
    expect(given).not.toContain(released);
    expect(given).not.toContain(other);
  });

  test('is refused to whoever was offered it before, and was not quick enough', () => {
    const { conversation, reserve } = reserving();
    const { address } = conversation.hear(BOB.discover());
    reserve(ADA, address);

    const answer = conversation.hear(BOB.select(address, SERVER));

    expect([answer.outcome, answer.reason]).toEqual(['DHCPNAK', 'reserved-for-another']);
    expect(boot(conversation, BOB)).not.toBe(address);
  });

  test.each([
    ['RENEWING', (c: Conversation, address: string) => c.hearUnicast(BOB.extend(address), address)],
    ['REBINDING', (c: Conversation, address: string) => c.hear(BOB.extend(address))],
    ['INIT-REBOOT', (c: Conversation, address: string) => c.hear(BOB.reboot(address))],
  ])(
    'RFC 2131 §4.3.2: is not confirmed to another that has a lease of it, %s: it hears so, and gets another',
    (_state, ask) => {
      const { conversation, reserve } = reserving();
      const address = boot(conversation, BOB);
      reserve(ADA, address);

      const answer = ask(conversation, address);
      const next = boot(conversation, BOB);

      expect([answer.outcome, answer.reason]).toEqual(['DHCPNAK', 'reserved-for-another']);
      expect(next).toMatch(/^10\.15\.3\.2[0-2]$/);
      expect(next).not.toBe(address);
      expect(boot(conversation, ADA)).toBe(address);
    },
  );

  test('that another still has: its client gets one of the pool until it is free, and then its own', () => {
    const { conversation, reserve } = reserving();
    const address = boot(conversation, BOB);
    reserve(ADA, address);
    const meanwhile = boot(conversation, ADA);
    conversation.hearUnicast(BOB.release(address, SERVER), address);

    const own = boot(conversation, ADA);

    expect(meanwhile).toMatch(/^10\.15\.3\.2[0-2]$/);
    expect(meanwhile).not.toBe(address);
    expect(own).toBe(address);
    expect(conversation.at(meanwhile)?.state).toBe('free');
  });

  test('comes before the address that its client has, which is free when it moves', () => {
    const { conversation, reserve } = reserving();
    const before = boot(conversation, ADA);
    reserve(ADA, OUTSIDE);

    expect(boot(conversation, ADA)).toBe(OUTSIDE);
    expect(conversation.at(before)?.state).toBe('free');
  });

  test('is anybody’s again when the reservation has gone, without a new plan', () => {
    const { conversation, reserve, unreserve } = reserving();
    reserve(ADA, OWN);
    const [first = BOB, second = BOB, third = BOB] = strangers(3);
    const before = [first, second, third].map((guest) => boot(conversation, guest));
    unreserve(ADA);

    expect(before.filter((address) => address === '')).toHaveLength(1);
    expect(boot(conversation, third)).toBe(OWN);
  });

  test('matches its card first, whatever the client calls itself', () => {
    const { conversation, reserve } = reserving();
    reserve(ADA, OUTSIDE);
    const renamed = new Guest(ADA.mac, { identifier: [255, 1, 2, 3, 4] });

    expect(boot(conversation, renamed)).toBe(OUTSIDE);
  });

  test.each(['10.15.3.1', '10.15.3.11', '10.15.4.20'])(
    'does not overrule what is no guest’s: %s',
    (address) => {
      const { conversation, reserve } = reserving();
      reserve(ADA, address);

      expect(boot(conversation, ADA)).toMatch(/^10\.15\.3\.2[0-2]$/);
      expect(conversation.hear(ADA.select(address, SERVER)).outcome).toBe('DHCPNAK');
    },
  );
});
