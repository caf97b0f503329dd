import { expect, test } from 'vitest';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';

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

test('RFC 2131 §3.1 (2): offers to clients that nobody knows are held up to a quarter of what is free, and no further', () => {
  const conversation = new Conversation();
  const offers = Array.from({ length: 2000 }, (_, index) => conversation.hear(guest(index).discover()));

  const held = offers.filter(({ reason }) => reason === 'offered');
  const open = offers.filter(({ reason }) => reason === 'offered-unheld');

  expect([held.length, open.length]).toEqual([58, 1942]); // Of 235.
  expect(conversation.store.leases.countByState().offered).toBe(58);
  const heldAddresses = new Set(held.map(({ address }) => address));
  expect(open.some(({ address }) => heldAddresses.has(address))).toBe(false);
  expect(new Set(open.map(({ address }) => address)).size).toBeGreaterThan(150); // Spread over the other 177.
  expect(conversation.hear(guest(0).select(held[0]?.address ?? '', SERVER)).reason).toBe('bound');
});

test('RFC 2131 §4.3.2: what is not held goes to the first that asks for it; another is refused, and begins again', () => {
  const conversation = new Conversation();
  for (let index = 0; index < 2000; index += 1) conversation.hear(guest(index).discover());
  const genuine = guest(5000);

  const offer = conversation.hear(genuine.discover());
  const again = conversation.hear(genuine.discover());
  const first = conversation.hear(guest(5001).select(offer.address, SERVER));
  const second = conversation.hear(genuine.select(offer.address, SERVER));
  const next = conversation.hear(genuine.discover());

  expect(again.address).toBe(offer.address);
  expect(first.outcome).toBe(`DHCPACK ${offer.address}`);
  expect(second).toMatchObject({ outcome: 'DHCPNAK', reason: 'offer-lost' });
  expect(conversation.hear(genuine.select(next.address, SERVER)).outcome).toBe(`DHCPACK ${next.address}`);
});

test('RFC 2131 §3.1 (2): what is offered without being held is asked for by ARP when its client takes it', () => {
  const conversation = new Conversation({ probeMilliseconds: 300 });
  for (let index = 0; index < 300; index += 1) conversation.hear(guest(index).discover());
  const genuine = guest(5000);

  const offer = conversation.hear(genuine.discover());
  conversation.holders.set(offer.address, '52:54:00:99:99:99');
  const refused = conversation.hear(genuine.select(offer.address, SERVER));
  const other = guest(5001);
  const next = conversation.hear(other.discover());
  const ack = conversation.hear(other.select(next.address, SERVER));

  expect([offer.reason, offer.asked]).toEqual(['offered-unheld', []]);
  expect([refused.outcome, refused.asked]).toEqual(['DHCPNAK', [offer.address]]);
  expect(next.address).not.toBe(offer.address);
  expect([ack.outcome, ack.asked]).toEqual([`DHCPACK ${next.address}`, [next.address]]);
});

test('the last free addresses are held for nobody: one that asks and never answers keeps no guest out', () => {
  const conversation = new Conversation({ subnet: segment({ pools: [range('10.15.3.20', '10.15.3.22')] }) });
  conversation.hear(guest(1).discover());
  const known = guest(2);
  const { address } = conversation.hear(known.discover());

  expect(conversation.hear(known.select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
  expect(conversation.store.leases.countByState().offered).toBe(0);
});

test('addresses that the segment is being asked for count as held', () => {
  const conversation = new Conversation();
  for (let last = 20; last < 90; last += 1) conversation.inFlight.add(at(`10.15.3.${last}`));

  expect(conversation.hear(guest(1).discover()).reason).toBe('offered-unheld');
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
