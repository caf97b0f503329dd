import { expect, test } from 'vitest';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';

const SERVER = '10.15.3.10';

function guest(index: number): Guest {
  return new Guest(`52:54:00:01:${hex(index >> 8)}:${hex(index & 255)}`);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function fill(conversation: Conversation): Map<string, Guest> {
  const holders = new Map<string, Guest>();
  for (let index = 0; index < 235; index += 1) {
    const each = guest(index);
    const { address } = conversation.hear(each.discover());
    expect(conversation.hear(each.select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
    holders.set(address, each);
  }
  return holders;
}

test('RFC 2131 §4.3.1: 235 guests fill the pool, the 236th hears nothing, and a release makes room', () => {
  const conversation = new Conversation();
  const holders = fill(conversation);
  const late = guest(999);

  expect(holders.size).toBe(235);
  expect(conversation.hear(late.discover()).reason).toBe('pool-full');

  const [address, holder] = [...holders][100] ?? ['', late];
  conversation.hearUnicast(holder.release(address, SERVER), address);
  expect(conversation.hear(late.discover()).outcome).toBe(`DHCPOFFER ${address}`);
});

test('RFC 2131 §4.3.2: under pressure the oldest unanswered offer gives way, so that offers keep no guest out', () => {
  const conversation = new Conversation();
  const first = conversation.hear(guest(0).discover());
  for (let index = 1; index < 235; index += 1) conversation.hear(guest(index).discover());
  const genuine = guest(999);

  const offer = conversation.hear(genuine.discover());
  const ack = conversation.hear(genuine.select(offer.address, SERVER));

  expect(offer.outcome).toBe(`DHCPOFFER ${first.address}`);
  expect(ack.outcome).toBe(`DHCPACK ${first.address}`);
  expect(conversation.hear(guest(0).select(first.address, SERVER)).reason).toBe('bound-to-another');
});

test('RFC 2131 §4.3.1: offers never displace a lease', () => {
  const conversation = new Conversation();
  const holders = fill(conversation);

  for (let index = 1000; index < 1300; index += 1) conversation.hear(guest(index).discover());

  for (const [address, holder] of holders) {
    expect(conversation.hearUnicast(holder.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  }
});

test('an address that is on its way to another client is offered to nobody', () => {
  const conversation = new Conversation();
  const wanted = conversation.hear(guest(0).discover()).address;
  const fresh = new Conversation();
  const lease = conversation.at(wanted);
  if (lease === undefined) throw new Error('no offer');
  fresh.inFlight.add(lease.address);

  const offer = fresh.hear(guest(0).discover());

  expect(offer.outcome).toMatch(/^DHCPOFFER/);
  expect(offer.address).not.toBe(wanted);
});

test('while the clock is in doubt, what has run out is not given to others, and renewals go on', () => {
  const conversation = new Conversation();
  const holders = fill(conversation);
  conversation.pass(50_000);
  conversation.context = { trustsClock: false };
  const [address, holder] = [...holders][0] ?? ['', guest(0)];

  expect(conversation.hear(guest(999).discover()).reason).toBe('pool-full');
  expect(conversation.hearUnicast(holder.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
});
