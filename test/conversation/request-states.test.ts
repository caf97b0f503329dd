import { describe, expect, test } from 'vitest';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip, u32 } from '../support/packet.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const OTHERS = '10.15.3.41';
const FREE = '10.15.3.42';
const ADA = new Guest('52:54:00:00:00:01');
const BEN = new Guest('52:54:00:00:00:02');

/** What the store knows of Ada before she speaks. Ben is bound to 10.15.3.41 in all of them. */
const STATES = {
  unknown: () => prepared(),
  offered: () => {
    const conversation = prepared();
    expect(conversation.hear(ADA.discover([[50, ...ip(MINE)]])).address).toBe(MINE);
    return conversation;
  },
  bound: () => {
    const conversation = prepared();
    expect(conversation.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
    return conversation;
  },
  expired: () => {
    const conversation = STATES.bound();
    conversation.pass(43_201);
    expect(conversation.hearUnicast(BEN.extend(OTHERS), OTHERS).outcome).toBe(`DHCPACK ${OTHERS}`);
    return conversation;
  },
  released: () => {
    const conversation = STATES.bound();
    expect(conversation.hearUnicast(ADA.release(MINE, SERVER), MINE).reason).toBe('released');
    return conversation;
  },
  taken: () => {
    // Ada's lease has ended and Ben has her address now.
    const conversation = new Conversation();
    conversation.hear(ADA.select(MINE, SERVER));
    conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);
    expect(conversation.hear(BEN.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
    return conversation;
  },
  declined: () => {
    const conversation = STATES.bound();
    expect(conversation.hear(ADA.decline(MINE, SERVER)).reason).toBe('declined');
    return conversation;
  },
} as const;

function prepared(): Conversation {
  const conversation = new Conversation();
  expect(conversation.hear(BEN.select(OTHERS, SERVER)).outcome).toBe(`DHCPACK ${OTHERS}`);
  return conversation;
}

const MESSAGES = {
  'SELECTING, mine': (c: Conversation) => c.hear(ADA.select(MINE, SERVER)),
  'SELECTING, a free one': (c: Conversation) => c.hear(ADA.select(FREE, SERVER)),
  "SELECTING, another's": (c: Conversation) => c.hear(ADA.select(OTHERS, SERVER)),
  'SELECTING, outside the pool': (c: Conversation) => c.hear(ADA.select('10.15.3.5', SERVER)),
  'SELECTING, another network': (c: Conversation) => c.hear(ADA.select('192.168.0.9', SERVER)),
  'SELECTING, another server': (c: Conversation) => c.hear(ADA.select('10.15.3.90', '10.15.3.11')),
  'INIT-REBOOT, mine': (c: Conversation) => c.hear(ADA.reboot(MINE)),
  'INIT-REBOOT, a free one': (c: Conversation) => c.hear(ADA.reboot(FREE)),
  "INIT-REBOOT, another's": (c: Conversation) => c.hear(ADA.reboot(OTHERS)),
  'INIT-REBOOT, another network': (c: Conversation) => c.hear(ADA.reboot('192.168.0.9')),
  'RENEWING, mine': (c: Conversation) => c.hearUnicast(ADA.extend(MINE), MINE),
  'RENEWING, a free one': (c: Conversation) => c.hearUnicast(ADA.extend(FREE), FREE),
  "RENEWING, another's": (c: Conversation) => c.hearUnicast(ADA.extend(OTHERS), OTHERS),
  'RENEWING, another network': (c: Conversation) => c.hearUnicast(ADA.extend('192.168.0.9'), '192.168.0.9'),
  'REBINDING, mine': (c: Conversation) => c.meet(ADA.extend(MINE), 'broadcast', MINE),
  "REBINDING, another's": (c: Conversation) => c.meet(ADA.extend(OTHERS), 'broadcast', OTHERS),
  'REBINDING, another network': (c: Conversation) =>
    c.meet(ADA.extend('192.168.0.9'), 'broadcast', '192.168.0.9'),
  'REBINDING, outside the pool': (c: Conversation) =>
    c.meet(ADA.extend('10.15.3.5'), 'broadcast', '10.15.3.5'),
  'RELEASE, mine': (c: Conversation) => c.hearUnicast(ADA.release(MINE, SERVER), MINE),
  "RELEASE, another's": (c: Conversation) => c.hearUnicast(ADA.release(OTHERS, SERVER), OTHERS),
  'RELEASE, another server': (c: Conversation) => c.hearUnicast(ADA.release(MINE, '10.15.3.11'), MINE),
  'DECLINE, mine': (c: Conversation) => c.hear(ADA.decline(MINE, SERVER)),
  "DECLINE, another's": (c: Conversation) => c.hear(ADA.decline(OTHERS, SERVER)),
  'DECLINE, another server': (c: Conversation) => c.hear(ADA.decline(MINE, '10.15.3.11')),
  INFORM: (c: Conversation) => c.hearUnicast(ADA.inform('10.15.3.5'), '10.15.3.5'),
} as const;

type Row = [
  state: keyof typeof STATES,
  message: keyof typeof MESSAGES,
  outcome: string,
  reason: string,
  section: string,
];

const SELECTING: Row[] = [
  ['unknown', 'SELECTING, mine', `DHCPACK ${MINE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['offered', 'SELECTING, mine', `DHCPACK ${MINE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['bound', 'SELECTING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['expired', 'SELECTING, mine', `DHCPACK ${MINE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['released', 'SELECTING, mine', `DHCPACK ${MINE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['taken', 'SELECTING, mine', 'DHCPNAK', 'offer-lost', 'RFC 2131 §3.1 (4)'],
  ['declined', 'SELECTING, mine', 'DHCPNAK', 'quarantined', 'RFC 2131 §4.3.3'],
  ['offered', "SELECTING, another's", 'DHCPNAK', 'bound-to-another', 'RFC 2131 §3.1 (4)'],
  ['offered', 'SELECTING, a free one', `DHCPACK ${FREE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['bound', 'SELECTING, a free one', 'DHCPNAK', 'bound-elsewhere', 'RFC 2131 §4.3.2'],
  ['offered', 'SELECTING, outside the pool', 'DHCPNAK', 'not-in-pool', 'RFC 2131 §4.3.2'],
  ['offered', 'SELECTING, another network', 'DHCPNAK', 'wrong-network', 'RFC 2131 §4.3.2'],
  ['unknown', 'SELECTING, another server', 'silence', 'not-for-us', 'RFC 2131 §4.3.2'],
  ['offered', 'SELECTING, another server', 'silence', 'offer-withdrawn', 'RFC 2131 §3.1 (4)'],
];

const INIT_REBOOT: Row[] = [
  ['unknown', 'INIT-REBOOT, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.2'],
  ['offered', 'INIT-REBOOT, mine', `DHCPACK ${MINE}`, 'bound', 'RFC 2131 §4.3.2'],
  ['bound', 'INIT-REBOOT, mine', `DHCPACK ${MINE}`, 'rebooted', 'RFC 2131 §4.3.2'],
  ['expired', 'INIT-REBOOT, mine', `DHCPACK ${MINE}`, 'rebooted', 'RFC 2131 §3.2'],
  ['released', 'INIT-REBOOT, mine', `DHCPACK ${MINE}`, 'rebooted', 'RFC 2131 §3.2'],
  ['taken', 'INIT-REBOOT, mine', 'DHCPNAK', 'bound-to-another', 'RFC 2131 §4.3.2'],
  ['declined', 'INIT-REBOOT, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.3'],
  ['bound', 'INIT-REBOOT, a free one', 'DHCPNAK', 'bound-elsewhere', 'RFC 2131 §4.3.2'],
  ['released', 'INIT-REBOOT, a free one', 'silence', 'no-binding', 'RFC 2131 §4.3.2'],
  ['unknown', "INIT-REBOOT, another's", 'DHCPNAK', 'bound-to-another', 'RFC 2131 §3.2 (4)'],
  ['unknown', 'INIT-REBOOT, another network', 'DHCPNAK', 'wrong-network', 'RFC 2131 §4.3.2'],
  ['bound', 'INIT-REBOOT, another network', 'DHCPNAK', 'wrong-network', 'RFC 2131 §4.3.2'],
];

const RENEWING_AND_REBINDING: Row[] = [
  ['bound', 'RENEWING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['expired', 'RENEWING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['released', 'RENEWING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['unknown', 'RENEWING, mine', `DHCPACK ${MINE}`, 'adopted', 'RFC 2131 §4.3.2'],
  ['taken', 'RENEWING, mine', 'DHCPNAK', 'bound-to-another', 'RFC 2131 §4.3.2'],
  ['declined', 'RENEWING, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.3'],
  ['bound', 'RENEWING, a free one', 'DHCPNAK', 'bound-elsewhere', 'RFC 2131 §4.3.2'],
  ['unknown', "RENEWING, another's", 'DHCPNAK', 'bound-to-another', 'RFC 2131 §4.3.2'],
  ['bound', 'RENEWING, another network', 'silence', 'no-subnet', 'RFC 2131 §4.3.2'],
  ['bound', 'REBINDING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['expired', 'REBINDING, mine', `DHCPACK ${MINE}`, 'renewed', 'RFC 2131 §4.3.2'],
  ['unknown', 'REBINDING, mine', `DHCPACK ${MINE}`, 'adopted', 'RFC 2131 §4.3.2'],
  ['taken', 'REBINDING, mine', 'DHCPNAK', 'bound-to-another', 'RFC 2131 §4.3.2'],
  ['unknown', "REBINDING, another's", 'DHCPNAK', 'bound-to-another', 'RFC 2131 §4.3.2'],
  ['unknown', 'REBINDING, another network', 'DHCPNAK', 'wrong-network', 'RFC 2131 §4.3.2'],
  ['unknown', 'REBINDING, outside the pool', 'silence', 'no-binding', 'RFC 2131 §4.3.2'],
];

const OTHERS_OF_4_3: Row[] = [
  ['bound', 'RELEASE, mine', 'silence', 'released', 'RFC 2131 §4.3.4'],
  ['unknown', 'RELEASE, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.4'],
  ['released', 'RELEASE, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.4'],
  ['expired', 'RELEASE, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.4'],
  ['bound', "RELEASE, another's", 'silence', 'no-binding', 'RFC 2131 §4.3.4'],
  ['bound', 'RELEASE, another server', 'silence', 'not-for-us', 'RFC 2131 §4.3.4'],
  ['bound', 'DECLINE, mine', 'silence', 'declined', 'RFC 2131 §4.3.3'],
  ['offered', 'DECLINE, mine', 'silence', 'declined', 'RFC 2131 §4.3.3'],
  ['unknown', 'DECLINE, mine', 'silence', 'no-binding', 'RFC 2131 §4.3.3'],
  ['bound', "DECLINE, another's", 'silence', 'no-binding', 'RFC 2131 §4.3.3'],
  ['bound', 'DECLINE, another server', 'silence', 'not-for-us', 'RFC 2131 §4.3.3'],
  ['unknown', 'INFORM', 'DHCPACK', 'informed', 'RFC 2131 §4.3.5'],
  ['bound', 'INFORM', 'DHCPACK', 'informed', 'RFC 2131 §4.3.5'],
];

describe.each([
  ['SELECTING', SELECTING],
  ['INIT-REBOOT', INIT_REBOOT],
  ['RENEWING and REBINDING', RENEWING_AND_REBINDING],
  ['DHCPRELEASE, DHCPDECLINE, DHCPINFORM', OTHERS_OF_4_3],
])('%s', (_name, rows) => {
  test.each(rows)('the client is %s; %s: %s (%s, %s)', (state, message, outcome, reason) => {
    const conversation = STATES[state]();

    const answer = MESSAGES[message](conversation);

    expect([answer.outcome, answer.reason]).toEqual([outcome, reason]);
  });
});

test('every DHCPNAK for a lease rests on that lease: the store confirms it before the reply leaves', () => {
  for (const [state, message, outcome, reason] of [...SELECTING, ...INIT_REBOOT, ...RENEWING_AND_REBINDING]) {
    if (outcome !== 'DHCPNAK') continue;
    const { decision } = MESSAGES[message](STATES[state]());
    const isKnownFromPlan = reason === 'wrong-network' || reason === 'not-in-pool';
    const kind = decision.kind === 'reply' ? decision.change?.kind : undefined;
    expect([message, kind]).toEqual([message, isKnownFromPlan ? undefined : 'check']);
  }
});

test('RFC 2131 §4.3.2: a server that does not speak for the network refuses no client of another one', () => {
  const conversation = new Conversation({ authoritative: false });

  expect(conversation.hear(ADA.reboot('192.168.0.9')).outcome).toBe('silence');
  expect(conversation.meet(ADA.extend('192.168.0.9'), 'broadcast', '192.168.0.9').outcome).toBe('silence');
});

test('RFC 2131 §4.3.2: a renewal extends the lease from now', () => {
  const conversation = STATES.bound();
  conversation.pass(20_000);

  conversation.hearUnicast(ADA.extend(MINE), MINE);

  expect(conversation.at(MINE)?.expiresAt).toBe(conversation.now + 43_200_000);
});

test('RFC 2131 §4.3.4: a released address is free for others, and goes back to its client while it is', () => {
  const conversation = STATES.released();

  expect(conversation.at(MINE)?.state).toBe('free');
  expect(conversation.hear(ADA.discover()).address).toBe(MINE);
  conversation.pass(31);
  expect(conversation.hear(new Guest('52:54:00:00:00:03').discover([[50, ...ip(MINE)]])).address).toBe(MINE);
  expect(conversation.hear(ADA.discover()).address).not.toBe(MINE);
});

test('what waited may not undo what came after it: a RELEASE older than the lease is silence', () => {
  const conversation = STATES.bound();
  conversation.context = { readRevision: 0 };

  expect(conversation.hearUnicast(ADA.release(MINE, SERVER), MINE).reason).toBe('overtaken');
  expect(conversation.at(MINE)?.state).toBe('bound');
});

test('RFC 2131 §4.3.3: a declined address is offered to nobody for ten minutes, then it is free', () => {
  const conversation = STATES.declined();
  const asking = [[50, ...ip(MINE)]] as const;

  expect(conversation.hear(ADA.discover([...asking])).address).not.toBe(MINE);
  expect(conversation.hear(BEN.discover([...asking])).address).not.toBe(MINE);
  conversation.pass(601);
  expect(conversation.hear(new Guest('52:54:00:00:00:03').discover([...asking])).address).toBe(MINE);
});

test('RFC 2131 §4.3.3: a fourth DHCPDECLINE in ten minutes takes no address out of the pool', () => {
  const conversation = STATES.bound();
  conversation.context = { declines: 3 };

  expect(conversation.hear(ADA.decline(MINE, SERVER)).reason).toBe('too-many-declines');
  expect(conversation.at(MINE)?.state).toBe('bound');
});

test('RFC 2131 §4.3.5: a DHCPINFORM gets parameters, but no lease time and no address', () => {
  const answer = MESSAGES.INFORM(STATES.unknown());

  expect(optionOf(answer.bytes, 3)).toEqual(ip('10.15.3.1'));
  for (const code of [51, 58, 59]) expect(optionOf(answer.bytes, code)).toBeUndefined();
});

test('RFC 2131 §4.3.6: a DHCPREQUEST that no state sends is met by silence', () => {
  const conversation = STATES.bound();

  expect(conversation.hear(ADA.message('DHCPREQUEST', {}, [])).reason).toBe('unknown-state');
  const unnamed = ADA.message('DHCPREQUEST', {}, [[54, ...ip('10.15.3.11')]]);
  expect(conversation.hear(unnamed).reason).toBe('unknown-state');
});

test('a client that moves frees its old address with the same change', () => {
  const conversation = STATES.bound();
  // The pool has moved on: the client's address is not in it any more.
  const { subnet } = conversation.plan;
  const pools = subnet.pools.map((pool) => ({ ...pool, first: pool.last, excluded: new Set<never>() }));
  conversation.plan = { ...conversation.plan, subnet: { ...subnet, pools } };
  const offer = conversation.hear(ADA.discover());

  const ack = conversation.hear(ADA.select(offer.address, SERVER));

  expect([ack.outcome, ack.reason]).toEqual(['DHCPACK 10.15.3.254', 'moved']);
  expect(conversation.at(MINE)?.state).toBe('free');
});

/** Ada has a lease, and an offer of an address that the pool has moved on to. */
function offeredElsewhere(): { conversation: Conversation; offered: string } {
  const conversation = STATES.bound();
  const old = conversation.plan;
  conversation.plan = withoutAddress(conversation, MINE);
  const offered = conversation.hear(ADA.discover()).address;
  conversation.plan = old;
  return { conversation, offered };
}

test('RFC 2131 §4.3.2: a lease that was renewed after the offer is not ended by it', () => {
  const { conversation, offered } = offeredElsewhere();
  conversation.pass(1);
  conversation.hearUnicast(ADA.extend(MINE), MINE);

  const answer = conversation.hear(ADA.select(offered, SERVER));

  expect([answer.outcome, answer.reason]).toEqual(['DHCPNAK', 'bound-elsewhere']);
  expect(conversation.at(MINE)?.state).toBe('bound');
});

test('RFC 2131 §4.3.2: an offer that is over ends no lease', () => {
  const { conversation, offered } = offeredElsewhere();
  conversation.pass(3600);

  const answer = conversation.hear(ADA.select(offered, SERVER));

  expect([answer.outcome, answer.reason]).toEqual(['DHCPNAK', 'bound-elsewhere']);
  expect(conversation.at(MINE)?.state).toBe('bound');
});

test('an address that is in no pool any more is kept until its lease ends, and not longer', () => {
  const conversation = STATES.bound();
  const end = conversation.at(MINE)?.expiresAt;
  conversation.plan = withoutAddress(conversation, MINE);
  conversation.pass(3200);

  const ack = conversation.hearUnicast(ADA.extend(MINE), MINE);

  expect(ack.outcome).toBe(`DHCPACK ${MINE}`);
  expect(optionOf(ack.bytes, 51)).toEqual(u32(40_000));
  expect(conversation.at(MINE)?.expiresAt).toBe(end);
  conversation.pass(40_001);
  expect(conversation.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('silence');
});

function withoutAddress({ plan }: Conversation, address: string): Conversation['plan'] {
  const { subnet } = plan;
  const pools = subnet.pools.map((pool) => ({ ...pool, excluded: new Set([...pool.excluded, at(address)]) }));
  return { ...plan, subnet: { ...subnet, pools } };
}

test('RFC 2131 §4.3.5: a DHCPINFORM is not answered to an address of another network', () => {
  expect(STATES.unknown().hear(ADA.inform('8.8.8.8')).outcome).toBe('silence');
});

test('RFC 2131 §4.3.2: a client that leaves the server identifier out gets what it was just offered', () => {
  const answer = STATES.offered().hear(ADA.reboot(MINE));

  expect([answer.outcome, answer.reason]).toEqual([`DHCPACK ${MINE}`, 'bound']);
});

test.each([
  ['INIT-REBOOT', (c: Conversation, guest: Guest) => c.hear(guest.reboot(MINE))],
  ['RENEWING', (c: Conversation, guest: Guest) => c.hearUnicast(guest.extend(MINE), MINE)],
])('a network card keeps its address when its system names itself anew: %s', (_state, say) => {
  const conversation = STATES.bound();
  const renamed = new Guest(ADA.mac, { identifier: [255, 1, 2, 3, 4, 0, 2, 0, 0, 171, 17, 9, 9] });

  expect(say(conversation, renamed).outcome).toBe(`DHCPACK ${MINE}`);
  expect(conversation.hear(new Guest('52:54:00:00:00:09').select(MINE, SERVER)).outcome).toBe('DHCPNAK');
});

test('what waited may not undo what came after it: a move away from a newer lease is silence', () => {
  const conversation = STATES.bound();
  conversation.plan = withoutAddress(conversation, MINE);
  const { address } = conversation.hear(ADA.discover());
  conversation.context = { readRevision: 0 };

  expect(conversation.hear(ADA.select(address, SERVER)).reason).toBe('overtaken');
  expect(conversation.at(MINE)?.state).toBe('bound');
});
