import { expect, test } from 'vitest';
import { instant } from '../../src/lease/lease.ts';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { u32 } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const EVE = new Guest('52:54:00:00:00:03');
const BOB = new Guest('52:54:00:00:00:02');

/** Ada has a lease of 12 hours; then the clock jumps far ahead, and is in doubt. */
function afterJump(): { conversation: Conversation; address: string } {
  const conversation = new Conversation();
  const { address } = conversation.hear(ADA.discover());
  conversation.hear(ADA.select(address, SERVER));
  conversation.pass(365 * 86_400);
  conversation.context = { trustsClock: false };
  return { conversation, address };
}

const asking = (address: string) => [50, ...address.split('.').map(Number)] as const;

test.each([
  ['RENEWING', (address: string) => ADA.extend(address)],
  ['INIT-REBOOT', (address: string) => ADA.reboot(address)],
])('RFC 2131 §4.3.2: while the clock is in doubt, its holder keeps an address: %s', (_, message) => {
  const { conversation, address } = afterJump();

  const answer = conversation.meet(message(address), 'unicast', address);

  expect(answer.outcome).toBe(`DHCPACK ${address}`);
  expect(optionOf(answer.bytes, 51)).toEqual(u32(43_200));
});

test('RFC 2131 §4.3.1: while the clock is in doubt, a holder that begins anew is offered its address, and another client is not', () => {
  const { conversation, address } = afterJump();

  const other = conversation.hear(BOB.discover([asking(address)]));
  const own = conversation.hear(ADA.discover());

  expect(other.address).not.toBe(address);
  expect(own.address).toBe(address);
});

test('RFC 2131 §4.3.2: while the clock is in doubt, another client is not confirmed at a leased address', () => {
  const { conversation, address } = afterJump();

  const answer = conversation.hear(BOB.reboot(address));

  expect(answer.outcome).toBe('silence');
  expect(conversation.at(address)).toMatchObject({ state: 'bound', hardware: 0x525400000001 });
});

test('while the clock is in doubt, a quarantine stands for all but the machine that it was found at', () => {
  const { conversation, address } = afterJump();
  conversation.hear(ADA.decline(address, SERVER));
  conversation.pass(86_400);
  conversation.holders.set(address, ADA.mac);
  conversation.plan = { ...conversation.plan, probeMilliseconds: 300 };

  const other = conversation.hear(BOB.discover([asking(address)]));
  const own = conversation.hearUnicast(ADA.extend(address), address);

  expect(other.address).not.toBe(address);
  expect(own.outcome).toBe(`DHCPACK ${address}`);
});

test('RFC 2131 §4.3.3: while the clock is in doubt, the holder of an address is believed that it is in use', () => {
  const { conversation, address } = afterJump();

  expect(conversation.hear(ADA.decline(address, SERVER)).reason).toBe('declined');
});

test.each([
  ['in doubt', { trustsClock: false }],
  ['trusted again, and the lease from before its jump', { mayBeOver: () => false }],
])('RFC 2131 §4.3.2: nothing is cut from a lease outside the pool while the clock is %s', (_, context) => {
  const { conversation, address } = afterJump();
  conversation.context = context;
  conversation.plan = {
    ...conversation.plan,
    subnet: segment({ pools: [range('10.15.3.250', '10.15.3.254')] }),
  };

  const answer = conversation.hearUnicast(ADA.extend(address), address);

  expect(answer.outcome).toBe(`DHCPACK ${address}`);
  expect(optionOf(answer.bytes, 51)).toEqual(u32(43_200));
});

test('what may run still goes to nobody else though the clock is trusted', () => {
  const { conversation, address } = afterJump();
  conversation.context = { mayBeOver: (lease) => lease.address !== at(address) };

  expect(conversation.hear(BOB.discover([asking(address)])).address).not.toBe(address);
  conversation.context = {};
  expect(conversation.hear(EVE.discover([asking(address)])).address).toBe(address);
});

test('RFC 2131 §4.3.2: of a lease that was given by a clock far ahead, no more is left than it was given for', () => {
  const conversation = new Conversation();
  const now = conversation.now;
  conversation.now = instant(Date.UTC(2098, 0));
  const { address } = conversation.hear(ADA.discover());
  conversation.hear(ADA.select(address, SERVER));
  conversation.now = now;
  conversation.store.table.canPromise = false;

  const answer = conversation.hearUnicast(ADA.extend(address), address);

  expect(answer.reason).toBe('as-committed');
  expect(optionOf(answer.bytes, 51)).toEqual(u32(43_200));
});
