import { describe, expect, test } from 'vitest';
import { type LeaseRecord, NEVER } from '../../src/lease/lease.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { type Answer, Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { u32 } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const PEER = '10.15.3.11';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
/** Seconds. */
const LEASE = 43_200;
const QUARTER = LEASE / 4;

/** Ada has a lease of twelve hours since this moment, and a quarter of it is cached. */
function bound(overrides: Partial<Plan> = {}): Conversation {
  const conversation = new Conversation({ leaseCache: 25, ...overrides });
  expect(conversation.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
  return conversation;
}

function renew(conversation: Conversation, guest = ADA): Answer {
  return conversation.hearUnicast(guest.extend(MINE), MINE);
}

function secondsIn({ bytes }: Answer, code = 51): number {
  return (optionOf(bytes, code) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Somebody writes the record of Ada's address, or of another one. */
function write(conversation: Conversation, change: Partial<LeaseRecord>, where = MINE): void {
  const { store, now } = conversation;
  const ada = store.leases.at(at(MINE));
  if (ada === undefined) throw new Error('Ada has no lease');
  const { client, hardware, state, expiresAt } = ada;
  const next = { client, hardware, state, expiresAt, ...change };
  store.applyForeign({
    kind: 'binding',
    client: next.client,
    expectedBindingVersion: store.leases.bindingOf(next.client)?.version ?? 0,
    writes: [{ address: at(where), expectedVersion: store.leases.at(at(where))?.version ?? 0, next }],
    at: now,
    reason: 'renewed',
  });
}

const ASKING: [state: string, ask: (conversation: Conversation) => Answer][] = [
  ['RENEWING', renew],
  ['REBINDING', (c) => c.meet(ADA.extend(MINE), 'broadcast', MINE)],
  ['INIT-REBOOT', (c) => c.hear(ADA.reboot(MINE))],
  ['SELECTING', (c) => c.hear(ADA.select(MINE, SERVER))],
];

describe.each(ASKING)('a lease that has only begun, %s', (state, ask) => {
  test('RFC 2131 §4.3.2: is not extended, and the DHCPACK says what is left of it', () => {
    const conversation = bound();
    const before = conversation.at(MINE);
    conversation.pass(5000);

    const answer = ask(conversation);

    expect([answer.outcome, answer.reason]).toEqual([`DHCPACK ${MINE}`, 'cached']);
    expect(secondsIn(answer)).toBe(LEASE - 5000);
    expect(conversation.at(MINE)).toEqual(before);
  });

  test('is confirmed by the store before its reply leaves, which writes nothing', () => {
    const conversation = bound();
    const expectedVersion = conversation.at(MINE)?.version;

    const { decision } = ask(conversation);

    expect(decision).toMatchObject({
      kind: 'reply',
      change: {
        kind: 'check',
        expectedBindingVersion: expectedVersion,
        writes: [{ address: at(MINE), expectedVersion, next: 'precondition-only' }],
      },
    });
  });

  test('is repeated until the part of it is over that the operator has set, and then extended', () => {
    const conversation = bound();
    conversation.pass(QUARTER);
    expect(ask(conversation).reason).toBe('cached');
    conversation.pass(1);

    const answer = ask(conversation);

    expect(answer.reason).toBe(state === 'INIT-REBOOT' ? 'rebooted' : 'renewed');
    expect(secondsIn(answer)).toBe(LEASE);
    expect(conversation.at(MINE)?.expiresAt).toBe(conversation.now + LEASE * 1000);
    expect(ask(conversation).reason).toBe('cached');
  });

  test('is extended every time where there is no cache', () => {
    const conversation = bound({ leaseCache: 0 });

    expect(ask(conversation).decision).toMatchObject({ change: { kind: 'binding' } });
  });
});

test('RFC 2131 §4.4.5: T1 and T2 are those of what is left', () => {
  const conversation = bound();
  const first = renew(conversation);
  conversation.pass(QUARTER);

  const answer = renew(conversation);

  expect(secondsIn(answer)).toBe(LEASE - QUARTER);
  for (const code of [58, 59])
    expect(Math.abs(secondsIn(answer, code) - 0.75 * secondsIn(first, code))).toBeLessThanOrEqual(1);
});

test('RFC 2131 §4.4.5: at T1, which may come at 45 %, a lease is always extended', () => {
  const subnet = segment({ leaseTimes: { default: 300, minimum: 300, maximum: 300 } });
  const reasons = Array.from({ length: 300 }, (_, number) => {
    const guest = new Guest(`52:54:00:00:0${number >> 8}:${(number & 255).toString(16).padStart(2, '0')}`);
    const conversation = new Conversation({ leaseCache: 45, subnet });
    const t1 = secondsIn(conversation.hear(guest.select(MINE, SERVER)), 58);
    conversation.pass(t1 - 4);
    return renew(conversation, guest).reason;
  });

  expect(new Set(reasons)).toEqual(new Set(['renewed']));
});

test('RFC 2131 §3.1 (4): a DHCPOFFER of it promises no more than the DHCPACK will', () => {
  const conversation = bound();
  conversation.pass(5000);
  const begun = conversation.hear(ADA.discover());
  conversation.pass(QUARTER);

  const later = conversation.hear(ADA.discover());

  expect([begun, later].map(({ reason }) => reason)).toEqual(['offered-again', 'offered-again']);
  expect([begun, later].map((offer) => secondsIn(offer))).toEqual([LEASE - 5000, LEASE]);
});

describe('RFC 2131 §4.3.1: the lease time that a client asks for', () => {
  test.each([
    ['the one that its lease has', LEASE, 'cached', LEASE - 60],
    ['another', 3600, 'renewed', 3600],
    ['one that policy makes another', 1_000_000, 'renewed', 86_400],
  ])('%s', (_which, asked, reason, seconds) => {
    const conversation = bound();
    conversation.pass(60);

    const answer = conversation.hearUnicast(ADA.extend(MINE, [[51, ...u32(asked)]]), MINE);

    expect([answer.reason, secondsIn(answer)]).toEqual([reason, seconds]);
  });

  test('a lease that was asked for is extended to the default one when its client names none', () => {
    const conversation = new Conversation({ leaseCache: 25 });
    conversation.hear(ADA.select(MINE, SERVER, [[51, ...u32(3600)]]));

    expect(renew(conversation).reason).toBe('renewed');
  });

  test('a lease of the time before the operator set another one is extended', () => {
    const conversation = bound();
    const leaseTimes = { default: 3600, minimum: 300, maximum: 3600 };
    conversation.plan = { ...conversation.plan, subnet: segment({ leaseTimes }) };

    expect(secondsIn(renew(conversation))).toBe(3600);
    expect(renew(conversation).reason).toBe('cached');
  });
});

describe('a lease is extended, and written, though it has only begun', () => {
  test('where its client has changed its network card', () => {
    const identifier = [255, 0, 0, 0, 1, 0, 2, 9, 9];
    const before = new Guest('52:54:00:00:00:01', { identifier });
    const after = new Guest('52:54:00:00:00:02', { identifier });
    const conversation = new Conversation({ leaseCache: 25, identity: 'client-id' });
    conversation.hear(before.select(MINE, SERVER));

    expect(renew(conversation, before).reason).toBe('cached');
    expect(renew(conversation, after).reason).toBe('renewed');
    expect(renew(conversation, after).reason).toBe('cached');
  });

  test('where its system names itself anew', () => {
    const conversation = bound();
    const renamed = new Guest(ADA.mac, { identifier: [255, 1, 2, 3, 4, 0, 2, 0, 0, 171, 17, 9, 9] });

    expect(renew(conversation, renamed).reason).toBe('renewed');
    expect(renew(conversation, renamed).reason).toBe('cached');
  });

  test('where another gateway has granted it', () => {
    const conversation = bound();
    write(conversation, { granter: at(SERVER) });
    expect(renew(conversation).reason).toBe('cached');
    write(conversation, { granter: at(PEER) });

    expect(renew(conversation).reason).toBe('renewed');
  });

  test('where it has no end, or had none', () => {
    const leaseTimes = { default: 0xffffffff, minimum: 300, maximum: 0xffffffff };
    const conversation = bound({ subnet: segment({ leaseTimes }) });
    expect(renew(conversation).reason).toBe('renewed');
    expect(conversation.at(MINE)?.expiresAt).toBe(NEVER);
    conversation.plan = { ...conversation.plan, subnet: segment() };

    expect(renew(conversation).reason).toBe('renewed');
    expect(conversation.at(MINE)?.expiresAt).toBe(conversation.now + LEASE * 1000);
  });

  test('where its address is in no pool any more: until it ends, as before', () => {
    const conversation = bound();
    const end = conversation.at(MINE)?.expiresAt;
    const subnet = segment({ pools: [range('10.15.3.100', '10.15.3.254')] });
    conversation.plan = { ...conversation.plan, subnet };

    const answers = [renew(conversation), renew(conversation)];

    expect(answers.map(({ reason }) => reason)).toEqual(['renewed', 'renewed']);
    expect(conversation.at(MINE)?.expiresAt).toBe(end);
  });

  test('where the clock was put back', () => {
    const conversation = bound();
    conversation.pass(-10);

    expect(renew(conversation).reason).toBe('renewed');
  });

  test('where its client has another one beside it, which ends with that', () => {
    const conversation = bound();
    write(conversation, {}, '10.15.3.50');

    expect(conversation.hear(ADA.select(MINE, SERVER)).reason).toBe('renewed');
    expect(conversation.at('10.15.3.50')?.state).toBe('free');
  });
});

describe('what stands before a grant stands before a repetition', () => {
  test('RFC 2131 §3.1 (2): the segment is asked for what nothing vouches for, and another holder is believed', () => {
    const conversation = bound({ probeMilliseconds: 300 });
    conversation.context = { lastGapRevision: conversation.store.leases.revision };

    const own = conversation.hear(ADA.reboot(MINE));
    conversation.holders.set(MINE, '52:54:00:00:00:09');
    const others = conversation.hear(ADA.reboot(MINE));

    expect([own.reason, own.asked]).toEqual(['cached', [MINE]]);
    expect(others.reason).toBe('quarantined');
    expect(conversation.at(MINE)?.state).toBe('declined');
    expect(conversation.hear(ADA.reboot(MINE)).outcome).not.toMatch(/ACK/);
  });

  test('a lease that was released is granted anew', () => {
    const conversation = bound();
    conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);

    expect(conversation.hear(ADA.reboot(MINE)).reason).toBe('rebooted');
  });

  test('a client of another one is refused', () => {
    const conversation = bound();
    const other = new Guest('52:54:00:00:00:02');

    expect(renew(conversation, other).reason).toBe('bound-to-another');
    expect(conversation.hear(ADA.reboot('10.15.3.41')).reason).toBe('bound-elsewhere');
  });

  test('what a peer has granted is no lease of this gateway', () => {
    const conversation = bound();
    write(conversation, { state: 'peer', expiresAt: NEVER, granter: at(PEER) });

    expect(renew(conversation).decision).toMatchObject({ reason: 'renewed', change: { kind: 'binding' } });
  });

  test('while nothing can be promised, the lease is answered for as it is then', () => {
    const conversation = bound();
    conversation.store.setFailure('disk full');

    const answer = renew(conversation);

    expect(answer.reason).toBe('as-committed');
    expect(answer.decision).toMatchObject({ change: undefined });
    expect(conversation.hear(ADA.select(MINE, SERVER)).reason).toBe('cannot-promise');
  });
});
