import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MAC = '52:54:00:00:00:01';
const STRANGER = '52:54:00:00:00:99';
const OTHER = new Guest('52:54:00:00:00:02');

/** The same card under another client identifier; 0: it sends none. */
function stage(number: number, habits: { readonly relay?: string } = {}): Guest {
  const identifier = [255, 0, 0, 0, 1, 0, 4, number >>> 8, number & 255];
  return new Guest(MAC, number === 0 ? habits : { ...habits, identifier });
}

function probing(overrides: Partial<Plan> = {}): Conversation {
  return new Conversation({ probeMilliseconds: 300, ...overrides });
}

/** DORA; '' where it fails. The guest answers ARP from then on if it `lives`. */
function boot(conversation: Conversation, guest: Guest, lives = false): string {
  const { address } = conversation.hear(guest.discover());
  if (address === '' || conversation.hear(guest.select(address, SERVER)).outcome !== `DHCPACK ${address}`)
    return '';
  if (lives) conversation.holders.set(address, guest.mac);
  return address;
}

function boundTo(conversation: Conversation): number {
  return conversation.store.leases.leasesOf(0x525400000001 as never).filter(({ state }) => state === 'bound')
    .length;
}

describe('RFC 2131 §4.3.1: one network card that comes with another client identifier', () => {
  test('keeps its address: boot loader, initial file system and system have one after the other', () => {
    const conversation = probing();

    const addresses = [0, 1, 2, 0, 1, 2].map((number) => boot(conversation, stage(number)));

    expect(new Set(addresses).size).toBe(1);
    expect(boundTo(conversation)).toBe(1);
  });

  test('keeps it at 240 boots, each with an identifier of its own', () => {
    const conversation = probing();

    const addresses = Array.from({ length: 240 }, (_, number) => boot(conversation, stage(number)));

    expect(new Set(addresses).size).toBe(1);
    expect(boundTo(conversation)).toBe(1);
  });

  test('is asked for by ARP: the old lease is moved along only if nobody uses it', () => {
    const conversation = probing();
    const first = boot(conversation, stage(1), true);

    const second = conversation.hear(stage(2).discover());

    expect(second.asked).toContain(first);
    expect(second.address).not.toBe(first);
    expect(boot(conversation, stage(2), true)).toBe(second.address);
    for (const [number, address] of [
      [1, first],
      [2, second.address],
    ] as const)
      expect(conversation.hearUnicast(stage(number).extend(address), address).outcome).toBe(
        `DHCPACK ${address}`,
      );
  });

  test('does not get what another machine answers for, and that costs nobody a lease', () => {
    const conversation = probing();
    const first = boot(conversation, stage(1));
    conversation.holders.set(first, STRANGER);

    expect(boot(conversation, stage(2))).not.toBe(first);
    expect(conversation.at(first)?.state).toBe('bound');
  });

  test('has its own lease while that lives, and its own last one if that is free', () => {
    const conversation = probing();
    const first = boot(conversation, stage(1), true);
    const second = boot(conversation, stage(2), true);
    conversation.holders.clear();

    expect(boot(conversation, stage(2))).toBe(second);
    conversation.hearUnicast(stage(2).release(second, SERVER), second);
    expect(boot(conversation, stage(2))).toBe(second);
    expect(boot(conversation, stage(1))).toBe(first);
  });

  test.each([
    ['RENEWING', (c: Conversation, a: string) => c.hearUnicast(stage(1).extend(a), a).outcome],
    ['INIT-REBOOT', (c: Conversation, a: string) => c.hear(stage(1).reboot(a)).outcome],
  ])('%s: while it is on offer to the next identifier, the first one still has its lease', (_state, ask) => {
    const conversation = probing();
    const address = boot(conversation, stage(1));
    expect(conversation.hear(stage(2).discover()).address).toBe(address);

    expect(ask(conversation, address)).toBe(`DHCPACK ${address}`);
  });

  test.each([
    ['RENEWING', (c: Conversation, a: string) => c.hearUnicast(stage(1).extend(a), a)],
    ['INIT-REBOOT', (c: Conversation, a: string) => c.hear(stage(1).reboot(a))],
  ])('%s of what it has under another identifier ends no lease of its own', (_state, ask) => {
    const conversation = probing();
    const first = boot(conversation, stage(1), true);
    const second = boot(conversation, stage(2), true);

    expect(ask(conversation, second).outcome).toBe('DHCPNAK');
    expect(conversation.hearUnicast(stage(1).extend(first), first).outcome).toBe(`DHCPACK ${first}`);
    expect(conversation.hearUnicast(stage(2).extend(second), second).outcome).toBe(`DHCPACK ${second}`);
  });

  // Before the sweep has dropped the offer; a busy gateway sweeps seldom.
  test.each([
    ['DHCPDISCOVER', (c: Conversation, a: string) => c.hear(OTHER.discover([[50, ...ip(a)]]))],
    ['SELECTING', (c: Conversation, a: string) => c.hear(OTHER.select(a, SERVER))],
    ['INIT-REBOOT', (c: Conversation, a: string) => c.hear(OTHER.reboot(a))],
    [
      'RENEWING, and it answers ARP there',
      (c: Conversation, a: string) => {
        c.holders.set(a, OTHER.mac);
        return c.hearUnicast(OTHER.extend(a), a);
      },
    ],
  ])('%s of another card: an offer that has run out leaves the lease under it live', (_state, ask) => {
    const conversation = probing();
    const address = boot(conversation, stage(1));
    conversation.hear(stage(2).discover());
    conversation.pass(31);

    expect(ask(conversation, address).address).not.toBe(address);
    expect(conversation.hearUnicast(stage(1).extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  });

  test('while it is on offer to the next identifier, what the first one asks for elsewhere is refused', () => {
    const conversation = probing();
    const address = boot(conversation, stage(1));
    conversation.hear(stage(2).discover());

    expect(conversation.hear(stage(1).reboot('10.15.3.77')).reason).toBe('bound-elsewhere');
    expect(conversation.hear(stage(1).select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
  });

  test('another machine that answers at an address that is on offer to the next identifier does not cost the first one its record', () => {
    const conversation = probing();
    const address = boot(conversation, stage(1));
    conversation.hear(stage(2).discover());
    conversation.holders.set(address, STRANGER);
    conversation.hear(stage(2).select(address, SERVER));
    conversation.holders.set(address, MAC);

    expect(conversation.hearUnicast(stage(1).extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  });

  test('a DHCPRELEASE of the first identifier counts while its address is on offer to the next', () => {
    const conversation = probing();
    const address = boot(conversation, stage(1));
    conversation.hear(stage(2).discover());

    expect(conversation.hearUnicast(stage(1).release(address, SERVER), address).reason).toBe('released');
    expect(conversation.at(address)?.state).toBe('free');
    expect(conversation.hear(stage(2).select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
  });

  test('SELECTING: an offer of it that a restart has forgotten is kept, if nobody uses it', () => {
    const silent = probing();
    const address = boot(silent, stage(1));
    const used = probing();
    boot(used, stage(1), true);

    expect(silent.hear(stage(2).select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
    expect(used.hear(stage(2).select(address, SERVER)).outcome).toBe('DHCPNAK');
  });
});

describe('a card has a few leases at most', () => {
  test('that are all used; then there is silence with a reason', () => {
    const conversation = probing();
    const addresses = [1, 2, 3, 4].map((number) => boot(conversation, stage(number), true));

    const { outcome, reason } = conversation.hear(stage(5).discover());

    expect(new Set(addresses).size).toBe(4);
    expect([outcome, reason]).toEqual(['silence', 'too-many-identifiers']);
  });

  test('and the oldest one that is silent is moved along', () => {
    const conversation = probing();
    const addresses = [1, 2, 3, 4].map((number) => {
      conversation.pass(60);
      return boot(conversation, stage(number), true);
    });
    conversation.holders.delete(addresses[2] ?? '');
    conversation.holders.delete(addresses[1] ?? '');

    expect(boot(conversation, stage(5))).toBe(addresses[1]);
    expect(boundTo(conversation)).toBe(4);
  });

  test('of which those outside the pool, as it is after a change of settings, do not count', () => {
    const conversation = probing();
    const outside = [1, 2, 3, 4].map((number) => boot(conversation, stage(number), true));
    const pool = range('10.15.3.20', '10.15.3.254', outside);
    conversation.plan = { ...conversation.plan, subnet: segment({ pools: [pool] }) };

    const addresses = [5, 6, 7, 8, 9].map((number) => boot(conversation, stage(number), true));

    expect(new Set(addresses).size).toBe(5);
    expect(addresses.indexOf('')).toBe(4);
  });

  test('whatever it sends: 240 identifiers that answer ARP for all', () => {
    const conversation = probing();
    for (let number = 0; number < 240; number += 1) {
      const address = `10.15.3.${20 + (number % 235)}`;
      conversation.holders.set(address, MAC);
      conversation.hear(stage(3 * number).select(address, SERVER));
      conversation.hearUnicast(stage(3 * number + 1).extend(address), address);
      const offer = conversation.hear(stage(3 * number + 2).discover([[50, ...ip(address)]]));
      if (offer.address !== '') conversation.hear(stage(3 * number + 2).select(offer.address, SERVER));
    }

    conversation.holders.clear();
    expect(boundTo(conversation)).toBe(4);
    expect(boot(conversation, OTHER)).not.toBe('');
  });

  test('also by offers that it has gathered before', () => {
    const conversation = probing();
    const offers = Array.from(
      { length: 20 },
      (_, number) => conversation.hear(stage(number).discover()).address,
    );

    for (const [number, address] of offers.entries())
      conversation.hear(stage(number).select(address, SERVER));

    expect(boundTo(conversation)).toBe(4);
  });

  test('which have them renewed at the limit as before', () => {
    const conversation = probing();
    const addresses = [1, 2, 3, 4].map((number) => boot(conversation, stage(number), true));
    conversation.plan = { ...conversation.plan, leasesPerMac: 2 };

    for (const [index, address] of addresses.entries())
      expect(conversation.hearUnicast(stage(index + 1).extend(address), address).outcome).toBe(
        `DHCPACK ${address}`,
      );
  });

  test.each([
    ['no limit is set', { leasesPerMac: 0 }],
    ['the client identifier alone is the client (RFC 2131 §4.2)', { identity: 'client-id' }],
  ] as const)('unless %s', (_what, overrides) => {
    const conversation = probing(overrides);

    const addresses = Array.from({ length: 10 }, (_, number) => boot(conversation, stage(number), true));

    expect(new Set(addresses).size).toBe(10);
  });

  test('with identity mac it has one', () => {
    const conversation = probing({ identity: 'mac' });

    expect(new Set([1, 2, 3].map((number) => boot(conversation, stage(number), true))).size).toBe(1);
  });
});

test('while ARP is off nobody can be asked: each identifier has an address, and a few at most', () => {
  const conversation = new Conversation();

  const addresses = [0, 1, 2, 3, 4, 5].map((number) => boot(conversation, stage(number)));

  expect(new Set(addresses.slice(0, 4)).size).toBe(4);
  expect(addresses.slice(4)).toEqual(['', '']);
});
