import { describe, expect, test } from 'vitest';
import { prefixOf } from '../../src/net/prefix.ts';
import type { Subnet } from '../../src/subnet/subnet.ts';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.150';
const ADA = new Guest('52:54:00:00:00:01');

/** Ada has .150; then the settings are changed. */
function changed(settings: Partial<Subnet>): Conversation {
  const conversation = new Conversation({ probeMilliseconds: 300 });
  expect(conversation.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
  set(conversation, settings);
  return conversation;
}

function set(conversation: Conversation, settings: Partial<Subnet>): void {
  conversation.plan = { ...conversation.plan, subnet: segment(settings) };
}

const withExcluded = (): Partial<Subnet> => ({
  pools: [range('10.15.3.20', '10.15.3.140')],
  excluded: new Set([...segment().excluded, at(MINE)]),
});

/** By what Ada's address has become another's. */
const CHANGES: Readonly<Record<string, { readonly settings: Partial<Subnet>; readonly reason: string }>> = {
  'a router, a gateway or an excluded address': { settings: withExcluded(), reason: 'excluded' },
  'one that is excluded inside the pool': {
    settings: { ...withExcluded(), pools: [range('10.15.3.20', '10.15.3.254', [MINE])] },
    reason: 'excluded',
  },
  'one off the prefix': {
    settings: { prefix: prefixOf(at('10.15.3.0'), 25), pools: [range('10.15.3.20', '10.15.3.120')] },
    reason: 'wrong-network',
  },
};

const MESSAGES: Readonly<Record<string, (c: Conversation) => ReturnType<Conversation['hear']>>> = {
  'INIT-REBOOT': (c) => c.hear(ADA.reboot(MINE)),
  'INIT-REBOOT by ciaddr': (c) => c.hear(ADA.extend(MINE)),
  RENEWING: (c) => c.hearUnicast(ADA.extend(MINE), MINE),
  REBINDING: (c) => c.meet(ADA.extend(MINE), 'broadcast', MINE),
  SELECTING: (c) => c.hear(ADA.select(MINE, SERVER)),
};

describe.each(Object.entries(CHANGES))('an address that has become %s', (_, { settings, reason }) => {
  test.each(Object.entries(MESSAGES))('RFC 2131 §4.3.2: is confirmed to nobody: %s', (_state, say) => {
    const answer = say(changed(settings));

    expect([answer.outcome, answer.reason, answer.asked]).toEqual(['DHCPNAK', reason, []]);
  });

  test.each(Object.entries(MESSAGES))('is not confirmed without a quorum either: %s', (_state, say) => {
    const conversation = changed(settings);
    conversation.store.setFailure('no quorum');

    expect(say(conversation).outcome).toBe('DHCPNAK');
  });

  test('is not adopted when the store has lost the lease', () => {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    set(conversation, settings);
    conversation.holders.set(MINE, ADA.mac);

    const answer = conversation.meet(ADA.extend(MINE), 'broadcast', MINE);

    expect([answer.outcome, answer.reason, answer.asked]).toEqual(['DHCPNAK', reason, []]);
  });

  test('its guest gets another one at once, which ends the lease', () => {
    const conversation = changed(settings);
    const { address } = conversation.hear(ADA.discover());
    expect(address).not.toBe(MINE);

    const ack = conversation.hear(ADA.select(address, SERVER));

    expect([ack.outcome, ack.reason]).toEqual([`DHCPACK ${address}`, 'moved']);
    expect(conversation.at(MINE)?.state).toBe('free');
  });

  test('can be released', () => {
    const conversation = changed(settings);

    expect(conversation.hearUnicast(ADA.release(MINE, SERVER), MINE).reason).toBe('released');
  });

  test('is offered to nobody', () => {
    const conversation = new Conversation();
    set(conversation, settings);

    const asked = conversation.hear(ADA.discover([[50, ...MINE.split('.').map(Number)]]));

    expect(asked.outcome).toMatch(/^DHCPOFFER /);
    expect(asked.address).not.toBe(MINE);
  });
});

test('where leases are shared, what another gateway listens on is not confirmed', () => {
  const conversation = changed({});
  const clusterPeers = { live: new Set([at(MINE)]), graceMilliseconds: 60_000 };
  conversation.context = { clusterPeers };

  expect(conversation.hear(ADA.reboot(MINE)).reason).toBe('excluded');
  expect(conversation.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('DHCPNAK');
  conversation.context = { clusterPeers, isDiscoverRetry: true };
  expect(conversation.hear(ADA.discover()).address).not.toBe(MINE);
});

test('RFC 2131 §4.3.2: a server that does not speak for the network refuses only what it has leased itself', () => {
  const conversation = changed(withExcluded());
  conversation.plan = { ...conversation.plan, authoritative: false };

  expect(conversation.hear(ADA.reboot(MINE)).outcome).toBe('DHCPNAK');
  const stranger = conversation.hear(new Guest('52:54:00:00:00:02').reboot(MINE));
  expect([stranger.outcome, stranger.reason]).toEqual(['silence', 'excluded']);
});

test('RFC 2131 §4.3.2: a unicast of a client off every prefix is answered only if its lease is of here', () => {
  const conversation = changed(CHANGES['one off the prefix']?.settings ?? {});
  const stranger = new Guest('52:54:00:00:00:02');

  const answer = conversation.hearUnicast(stranger.extend('10.15.3.151'), '10.15.3.151');

  expect([answer.outcome, answer.reason]).toEqual(['silence', 'no-subnet']);
});

describe('an address that merely lies outside the pool as it is now', () => {
  const shrunk = { pools: [range('10.15.3.20', '10.15.3.140')] };

  test.each(Object.entries(MESSAGES))(
    'RFC 2131 §4.3.2: is confirmed for the rest of its lease: %s',
    (_, say) => {
      const conversation = changed(shrunk);
      conversation.pass(1000);

      const answer = say(conversation);

      expect(answer.outcome).toBe(`DHCPACK ${MINE}`);
      expect(optionOf(answer.bytes, 51)).toEqual([0, 0, (43_200 - 1000) >> 8, (43_200 - 1000) & 255]);
    },
  );

  test('its guest moves with its next DHCPDISCOVER', () => {
    const conversation = changed(shrunk);
    const { address } = conversation.hear(ADA.discover());

    expect(address).not.toBe(MINE);
    expect(conversation.hear(ADA.select(address, SERVER)).reason).toBe('moved');
  });

  test('is nobody else’s, and is not given again when the lease is over', () => {
    const conversation = changed(shrunk);
    conversation.pass(43_201);

    expect(conversation.hear(ADA.reboot(MINE)).outcome).toBe('silence');
    expect(conversation.hear(ADA.select(MINE, SERVER)).reason).toBe('not-in-pool');
  });
});
