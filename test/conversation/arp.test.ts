import { expect, test } from 'vitest';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import { NOBODY } from '../../src/lease/client-key.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip, mac } from '../support/packet.ts';
import { at, relays } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
const STRANGER = '52:54:00:00:00:99';
const asking = (address: string) => [[50, ...ip(address)]] as const;

function probing(overrides: Partial<Plan> = {}): Conversation {
  return new Conversation({ probeMilliseconds: 300, ...overrides });
}

test('RFC 2131 §3.1 (2): before an address that nothing vouches for is offered, the segment is asked', () => {
  const offer = probing().hear(ADA.discover([...asking(MINE)]));

  expect(offer.asked).toEqual([MINE]);
  expect(offer.outcome).toBe(`DHCPOFFER ${MINE}`);
});

test('RFC 2131 §3.1 (2): an address that another machine answers for is quarantined for minutes, and another one offered', () => {
  const conversation = probing();
  conversation.holders.set(MINE, STRANGER);

  const offer = conversation.hear(ADA.discover([...asking(MINE)]));

  expect(offer.outcome).toMatch(/^DHCPOFFER/);
  expect(offer.address).not.toBe(MINE);
  expect(conversation.at(MINE)).toMatchObject({ state: 'declined', hardware: 0x525400000099 });
  conversation.holders.clear();
  conversation.pass(601);
  expect(conversation.hear(new Guest('52:54:00:00:00:02').discover([...asking(MINE)])).address).toBe(MINE);
});

test('RFC 2131 §3.1 (2): an answer from the client itself is no conflict', () => {
  const conversation = probing();
  conversation.holders.set(MINE, ADA.mac);

  expect(conversation.hear(ADA.discover([...asking(MINE)])).outcome).toBe(`DHCPOFFER ${MINE}`);
});

test('RFC 2131 §3.1 (2): a DHCPREQUEST that comes again is answered at once, or after the segment was asked where something was missed', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));

  const again = conversation.hear(ADA.select(MINE, SERVER));
  conversation.context = { lastGapRevision: conversation.store.leases.revision };
  const afterwards = conversation.hear(ADA.select(MINE, SERVER));
  conversation.context = { lastGapRevision: conversation.store.leases.revision };
  conversation.holders.set(MINE, STRANGER);
  const inUse = conversation.hear(ADA.select(MINE, SERVER));

  expect([again.outcome, again.asked]).toEqual([`DHCPACK ${MINE}`, []]);
  expect([afterwards.outcome, afterwards.asked]).toEqual([`DHCPACK ${MINE}`, [MINE]]);
  expect(inUse.outcome).toBe('DHCPNAK');
});

test('a DHCPREQUEST that comes again is answered after the segment was asked, if another gateway gave the address meanwhile', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  const heard = {
    on: conversation.now,
    granter: at('10.15.3.11'),
    hardware: NO_HARDWARE,
    client: NOBODY,
    revision: 0,
  };
  conversation.context = { peerObservations: { ...NO_PEERS, lastRequestFor: () => heard } };
  conversation.holders.set(MINE, STRANGER);

  expect(conversation.hear(ADA.select(MINE, SERVER)).outcome).toBe('DHCPNAK');
});

test("the client's own last address is vouched for by its record", () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);

  const offer = conversation.hear(ADA.discover());

  expect([offer.outcome, offer.asked]).toEqual([`DHCPOFFER ${MINE}`, []]);
});

test('an address that another client had last is asked for', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);

  expect(conversation.hear(new Guest(STRANGER).discover([...asking(MINE)])).asked).toEqual([MINE]);
});

test('an offer that was asked for is not asked for again', () => {
  const conversation = probing();
  conversation.hear(ADA.discover());

  expect(conversation.hear(ADA.discover()).asked).toEqual([]);
});

test('what was not confirmed since a deaf time is asked for before INIT-REBOOT is acknowledged', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.context = { lastGapRevision: conversation.store.leases.revision };

  const ack = conversation.hear(ADA.reboot(MINE));
  const again = conversation.hear(ADA.reboot(MINE));

  expect([ack.outcome, ack.asked]).toEqual([`DHCPACK ${MINE}`, [MINE]]);
  expect([again.outcome, again.asked]).toEqual([`DHCPACK ${MINE}`, []]);
});

test('after a deaf time, an own binding that another machine answers for is not acknowledged', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.context = { lastGapRevision: conversation.store.leases.revision };
  conversation.holders.set(MINE, STRANGER);

  const answer = conversation.hear(ADA.reboot(MINE));

  // RFC 2131 §3.2 (4): in silence it would go on using the address, beside the other machine.
  expect([answer.outcome, answer.reason]).toEqual(['DHCPNAK', 'quarantined']);
  expect(conversation.at(MINE)?.state).toBe('declined');
});

test('a renewal of a lease that the store has lost is adopted when the client itself answers for the address', () => {
  const conversation = probing();
  conversation.holders.set(MINE, ADA.mac);

  const ack = conversation.hearUnicast(ADA.extend(MINE), MINE);

  expect([ack.outcome, ack.reason, ack.asked]).toEqual([`DHCPACK ${MINE}`, 'adopted', [MINE]]);
});

test('it is not adopted when nobody answers, nor when another machine does', () => {
  const nobody = probing();
  const another = probing();
  another.holders.set(MINE, STRANGER);

  expect(nobody.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('silence');
  expect(another.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('silence');
});

test.each([
  ['another machine answers', STRANGER, 86_400],
  ['nobody answers', undefined, 600],
])('RFC 2131 §4.3.3: a declined address is quarantined; when %s: %s, for %s s', (_what, holder, seconds) => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  if (holder !== undefined) conversation.holders.set(MINE, holder);

  expect(conversation.hear(ADA.decline(MINE, SERVER)).reason).toBe('declined');

  expect(conversation.at(MINE)).toMatchObject({
    state: 'declined',
    leaseSeconds: seconds,
    expiresAt: conversation.now + seconds * 1000,
  });
});

test('RFC 2131 §2.2: an address for a relayed client is one of this segment, and asked for there like any other', () => {
  const relayed = new Guest('52:54:00:00:00:07', { relay: '10.15.3.9' });

  const offer = probing({ relays: relays('10.15.3.9') }).hear(relayed.discover());

  expect(offer.outcome).toMatch(/^DHCPOFFER 10\.15\.3\./);
  expect(offer.asked).toEqual([offer.address]);
});

const DUID = [255, 0, 0, 0, 1, 0, 2, 0, 0, 171, 17, 1, 2, 3, 4, 5, 6, 7, 8];
const FIRST = new Guest('52:54:00:00:00:0a', { identifier: DUID });
const CLONE = new Guest('52:54:00:00:00:0b', { identifier: DUID });

function leaseOfFirst(conversation: Conversation): string {
  const { address } = conversation.hear(FIRST.discover());
  conversation.hear(FIRST.select(address, SERVER));
  conversation.holders.set(address, FIRST.mac);
  conversation.pass(3600);
  return address;
}

test('RFC 4361 §6.1: a client identifier that a second living machine presents is a clone, which gets its own lease', () => {
  const conversation = probing();
  const address = leaseOfFirst(conversation);

  const offer = conversation.hear(CLONE.discover());
  const ack = conversation.hear(CLONE.select(offer.address, SERVER));

  expect(offer.reason).toBe('offered-to-clone');
  expect(offer.decision).toMatchObject({ other: 0x52540000000a });
  expect(offer.address).not.toBe(address);
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  expect(conversation.hearUnicast(FIRST.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  expect(conversation.hearUnicast(CLONE.extend(offer.address), offer.address).outcome).toBe(
    `DHCPACK ${offer.address}`,
  );
});

test('where gateways share leases, a clone is told apart also when the lease has run out by this clock alone', () => {
  const conversation = probing();
  conversation.context = { clusterPeers: { live: new Set(), graceMilliseconds: 60_000 } };
  const address = leaseOfFirst(conversation);
  conversation.pass(conversation.plan.subnet.leaseTimes.default ?? 0);
  conversation.pass(-3600 + 30);

  const offer = conversation.hear(CLONE.discover());

  expect(offer.reason).toBe('offered-to-clone');
  expect(offer.address).not.toBe(address);
});

test('an address that a clone has still, though the store has it free, is asked for by ARP', () => {
  const conversation = probing();
  const address = leaseOfFirst(conversation);
  conversation.hearUnicast(FIRST.release(address, SERVER), address); // An old one, which came late.

  const offer = conversation.hear(CLONE.discover());

  expect(offer.asked).toContain(address);
  expect(offer.address).not.toBe(address);
});

test('two clones that boot together get two addresses, though neither can answer ARP yet', () => {
  const conversation = probing();

  const first = conversation.hear(FIRST.discover());
  const second = conversation.hear(CLONE.discover());
  const acks = [
    conversation.hear(FIRST.select(first.address, SERVER)),
    conversation.hear(CLONE.select(second.address, SERVER)),
  ];

  expect(second.address).not.toBe(first.address);
  expect(acks.map((ack) => ack.outcome)).toEqual([`DHCPACK ${first.address}`, `DHCPACK ${second.address}`]);
});

test('a clone that boots right after the first one was bound is told apart, too', () => {
  const conversation = probing();
  const { address } = conversation.hear(FIRST.discover());
  conversation.hear(FIRST.select(address, SERVER));

  expect(conversation.hear(CLONE.discover()).address).not.toBe(address);
});

test('RFC 2131 §4.2: with identity client-id the identifier alone is the client', () => {
  const conversation = probing({ identity: 'client-id' });
  const address = leaseOfFirst(conversation);

  expect(conversation.hear(CLONE.discover()).decision).toMatchObject({
    kind: 'reply',
    reason: 'offered-again',
  });
  expect(conversation.at(address)?.state).toBe('bound');
});

test('with identity mac the identifier does not matter', () => {
  const conversation = new Conversation({ identity: 'mac' });
  const { address } = conversation.hear(FIRST.discover());
  conversation.hear(FIRST.select(address, SERVER));

  expect(conversation.hear(new Guest(FIRST.mac).discover()).address).toBe(address);
  expect(conversation.hear(CLONE.discover()).address).not.toBe(address);
});

test('RFC 2132 §9.14: a client is the same with and without the identifier made of its hardware address', () => {
  const conversation = new Conversation();
  const named = new Guest(ADA.mac, { identifier: [1, ...mac(ADA.mac)] });
  const { address } = conversation.hear(ADA.discover());
  conversation.hear(ADA.select(address, SERVER));

  expect(conversation.hear(named.discover()).outcome).toBe(`DHCPOFFER ${address}`);
});

test('a lost lease is adopted also while its address is on offer to its own client', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.holders.set(MINE, ADA.mac);

  expect(conversation.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe(`DHCPACK ${MINE}`);
});

test('RFC 2131 §4.3.3: a fourth DHCPDECLINE is believed when ARP names the other machine', () => {
  const conversation = probing();
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.context = { declines: 3 };
  conversation.holders.set(MINE, STRANGER);

  expect(conversation.hear(ADA.decline(MINE, SERVER)).reason).toBe('declined');
});
