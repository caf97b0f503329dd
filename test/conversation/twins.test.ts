import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';

const SERVER = '10.15.3.10';
const DUID = [255, 0, 0, 0, 1, 0, 2, 0, 0, 171, 17, 1, 2, 3, 4, 5, 6, 7, 8];
const FIRST = new Guest('52:54:00:00:00:0a', { identifier: DUID });
/** Another card with the same client identifier: a clone, or the same machine. */
const SECOND = new Guest('52:54:00:00:00:0b', { identifier: DUID });
const STRANGER = '52:54:00:00:00:99';
const LEASE_SECONDS = 43_200;

/** FIRST has had its lease for an hour. Nobody answers ARP unless a test says so. */
function leased(overrides: Partial<Plan> = {}): { conversation: Conversation; address: string } {
  const conversation = new Conversation({ probeMilliseconds: 300, ...overrides });
  const { address } = conversation.hear(FIRST.discover());
  conversation.hear(FIRST.select(address, SERVER));
  conversation.pass(3600);
  return { conversation, address };
}

/** All that a second card may say of the address. */
const MESSAGES = {
  DHCPDISCOVER: (c: Conversation, a: string) => c.hear(SECOND.discover([[50, ...ip(a)]])),
  SELECTING: (c: Conversation, a: string) => c.hear(SECOND.select(a, SERVER)),
  'INIT-REBOOT': (c: Conversation, a: string) => c.hear(SECOND.reboot(a)),
  RENEWING: (c: Conversation, a: string) => c.hearUnicast(SECOND.extend(a), a),
  REBINDING: (c: Conversation, a: string) => c.meet(SECOND.extend(a), 'broadcast', a),
  DHCPRELEASE: (c: Conversation, a: string) => c.hearUnicast(SECOND.release(a, SERVER), a),
  DHCPDECLINE: (c: Conversation, a: string) => c.hear(SECOND.decline(a, SERVER)),
} as const;
type Name = keyof typeof MESSAGES;
const NAMES = Object.keys(MESSAGES) as Name[];

describe('RFC 4361 §6.1: a live lease stays with its machine when another card presents the identifier', () => {
  test.each(NAMES)('%s, and the first machine is silent (it may be paused)', (name) => {
    const { conversation, address } = leased();
    const before = conversation.at(address);

    const answer = MESSAGES[name](conversation, address);

    expect(answer.address).not.toBe(address);
    expect(conversation.at(address)).toEqual(before);
    expect(conversation.hearUnicast(FIRST.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
  });

  test.each(NAMES)('%s, and the first machine answers, whatever the second one does', (name) => {
    const { conversation, address } = leased();
    conversation.holders.set(address, FIRST.mac);
    const before = conversation.at(address);

    expect(MESSAGES[name](conversation, address).address).not.toBe(address);
    expect(conversation.at(address)).toEqual(before);
  });

  test.each(NAMES)('%s, and a third machine answers at the address', (name) => {
    const { conversation, address } = leased();
    conversation.holders.set(address, STRANGER);
    const before = conversation.at(address);

    expect(MESSAGES[name](conversation, address).address).not.toBe(address);
    expect(conversation.at(address)).toEqual(before);
  });
});

describe('RFC 4361 §6.1: a card that answers ARP at the leased address, while the old one is silent, is its machine’s', () => {
  const PROVED: [Name, string, string][] = [
    ['DHCPDISCOVER', 'DHCPOFFER', 'offered-again'],
    ['SELECTING', 'DHCPACK', 'renewed'],
    ['INIT-REBOOT', 'DHCPACK', 'rebooted'],
    ['RENEWING', 'DHCPACK', 'renewed'],
    ['REBINDING', 'DHCPACK', 'renewed'],
  ];
  test.each(PROVED)('%s: a bond that has failed over keeps its lease (%s)', (name, reply, reason) => {
    const { conversation, address } = leased();
    conversation.holders.set(address, SECOND.mac);

    const answer = MESSAGES[name](conversation, address);

    expect([answer.outcome, answer.reason]).toEqual([`${reply} ${address}`, reason]);
    conversation.hearUnicast(SECOND.extend(address), address);
    expect(conversation.at(address)).toMatchObject({ state: 'bound', hardware: 0x52540000000b });
  });

  test('DHCPRELEASE: it ends the lease', () => {
    const { conversation, address } = leased();
    conversation.holders.set(address, SECOND.mac);

    expect(MESSAGES.DHCPRELEASE(conversation, address).reason).toBe('released');
    expect(conversation.at(address)?.state).toBe('free');
  });

  test('a bond that fails over in the first minute of its lease, too', () => {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    const { address } = conversation.hear(FIRST.discover());
    conversation.hear(FIRST.select(address, SERVER));
    conversation.holders.set(address, SECOND.mac);

    expect(MESSAGES.RENEWING(conversation, address).outcome).toBe(`DHCPACK ${address}`);
  });
});

// A guest may say what it likes of its hardware, and knows its neighbour's identifier: many are made of the MAC.
describe.each([
  ['RFC 4390 §2.1: no hardware address', { htype: 32, hlen: 0, chaddr: '' }],
  ['no hardware address, and the type of Ethernet', { hlen: 0 }],
  ['another hardware type', { htype: 6 }],
  ['sixteen octets of hardware address', { hlen: 16 }],
] as const)('a machine with %s that presents the identifier of a live lease', (_hardware, fields) => {
  const odd = new Guest('52:54:00:00:00:66', { identifier: DUID, fields });
  const MAY_SAY: Record<Name, (c: Conversation, a: string) => { readonly address: string }> = {
    DHCPDISCOVER: (c, a) => {
      const offer = c.hear(odd.discover([[50, ...ip(a)]]));
      c.hear(odd.select(offer.address, SERVER));
      return offer;
    },
    SELECTING: (c, a) => c.hear(odd.select(a, SERVER)),
    'INIT-REBOOT': (c, a) => c.hear(odd.reboot(a)),
    RENEWING: (c, a) => c.hearUnicast(odd.extend(a), a),
    REBINDING: (c, a) => c.meet(odd.extend(a), 'broadcast', a),
    DHCPRELEASE: (c, a) => c.hearUnicast(odd.release(a, SERVER), a),
    DHCPDECLINE: (c, a) => c.hear(odd.decline(a, SERVER)),
  };

  for (const isSilent of [true, false])
    test.each(NAMES)(`%s: it is not given, and not taken from its holder (silent: ${isSilent})`, (name) => {
      const { conversation, address } = leased();
      if (!isSilent) conversation.holders.set(address, FIRST.mac);
      const before = conversation.at(address);

      expect(MAY_SAY[name](conversation, address).address).not.toBe(address);
      expect(conversation.at(address)).toEqual(before);
      expect(conversation.hearUnicast(FIRST.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
    });

  test('keeps its own lease when an Ethernet card presents the identifier, and is the client again after it', () => {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    const { address } = conversation.hear(odd.discover());
    conversation.hear(odd.select(address, SERVER));

    expect(conversation.hear(FIRST.discover([[50, ...ip(address)]])).address).not.toBe(address);
    expect(conversation.hearUnicast(odd.extend(address), address).outcome).toBe(`DHCPACK ${address}`);
    conversation.hearUnicast(odd.release(address, SERVER), address);
    expect(conversation.hear(odd.discover()).address).toBe(address);
  });
});

describe('a machine with a new card', () => {
  test('gets an address of its own while its old lease runs, with one warning that names both cards', () => {
    const { conversation, address } = leased();

    const offer = conversation.hear(SECOND.discover());
    const ack = conversation.hear(SECOND.select(offer.address, SERVER));
    const again = conversation.hear(SECOND.discover());

    expect([offer.reason, offer.decision]).toMatchObject(['offered-to-clone', { other: 0x52540000000a }]);
    expect(offer.address).not.toBe(address);
    expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
    expect([again.address, again.reason]).toEqual([offer.address, 'offered-again']);
  });

  test('gets its old address when the old lease is over, or released', () => {
    const over = leased();
    over.conversation.pass(LEASE_SECONDS);
    const released = leased();
    released.conversation.hearUnicast(FIRST.release(released.address, SERVER), released.address);

    for (const { conversation, address } of [over, released])
      expect(conversation.hear(SECOND.discover()).outcome).toBe(`DHCPOFFER ${address}`);
  });

  test('has its old address back also after it had another: when both leases have run out', () => {
    const { conversation, address } = leased();
    const own = conversation.hear(SECOND.discover()).address;
    conversation.hear(SECOND.select(own, SERVER));
    conversation.pass(LEASE_SECONDS + 1);

    const offer = conversation.hear(SECOND.discover());

    expect(offer.outcome).toBe(`DHCPOFFER ${address}`);
    expect(conversation.hear(SECOND.select(address, SERVER)).outcome).toBe(`DHCPACK ${address}`);
  });

  test('keeps what it has while that lives, though the old lease is over', () => {
    const { conversation } = leased();
    const own = conversation.hear(SECOND.discover()).address;
    conversation.hear(SECOND.select(own, SERVER));
    conversation.pass(LEASE_SECONDS - 3700);
    conversation.hearUnicast(SECOND.extend(own), own);
    conversation.pass(3700);

    expect(conversation.hear(SECOND.discover()).address).toBe(own);
    expect(conversation.hearUnicast(SECOND.extend(own), own).outcome).toBe(`DHCPACK ${own}`);
  });
});

test('clones that have all released their leases have their own addresses again, whoever comes first', () => {
  const { conversation, address } = leased();
  conversation.holders.set(address, FIRST.mac);
  const own = conversation.hear(SECOND.discover()).address;
  conversation.hear(SECOND.select(own, SERVER));
  conversation.holders.clear();
  conversation.hearUnicast(FIRST.release(address, SERVER), address);
  conversation.hearUnicast(SECOND.release(own, SERVER), own);

  expect(conversation.hear(SECOND.discover()).address).toBe(own);
  expect(conversation.hear(FIRST.discover()).address).toBe(address);
});

test('of clones that boot together, though both are known, neither is offered what the other is', () => {
  const { conversation, address } = leased();
  conversation.pass(LEASE_SECONDS);

  const first = conversation.hear(FIRST.discover());
  const second = conversation.hear(SECOND.discover());

  expect(first.address).toBe(address);
  expect(second.address).not.toBe(address);
});

test('while ARP is off, where nobody can be asked, two machines with an address each are the lesser evil', () => {
  const conversation = new Conversation();
  const first = new Guest(FIRST.mac, { identifier: DUID });
  const second = new Guest(SECOND.mac, { identifier: DUID });
  const { address } = conversation.hear(first.discover());
  conversation.hear(first.select(address, SERVER));
  conversation.pass(3600);

  expect(conversation.hear(second.discover()).address).not.toBe(address);
  expect(conversation.hear(second.extend(address)).outcome).toBe('DHCPNAK');
});

test.each(['client-id', 'mac'] as const)(
  'RFC 2131 §4.2: with identity %s nobody is asked who is meant',
  (identity) => {
    const { conversation, address } = leased({ identity });

    const answer = conversation.hearUnicast(SECOND.extend(address), address);

    expect(answer.asked).toEqual([]);
    expect(answer.outcome).toBe(identity === 'mac' ? 'DHCPNAK' : `DHCPACK ${address}`);
  },
);

test('a machine whose address a third one answers for is no clone of that one: it goes on as the client that it was', () => {
  const { conversation, address } = leased();
  conversation.holders.set(address, STRANGER);
  conversation.context = { lastGapRevision: 1_000_000 };

  const offer = conversation.hear(FIRST.discover());
  const ack = conversation.hear(FIRST.select(offer.address, SERVER));

  expect(conversation.at(address)).toMatchObject({ state: 'declined', hardware: 0x525400000099 });
  expect(offer.reason).toBe('offered');
  expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  expect(conversation.at(offer.address)?.client).toBe(
    `ff${DUID.slice(1)
      .map((each) => each.toString(16).padStart(2, '0'))
      .join('')}`,
  );
});

// A machine that has just got its address may not answer ARP for it yet, while the other one may have it by mistake.
test.each([
  [59_000, 'of its own', false],
  [60_000, 'of the lease', true],
])(
  'a second card that answers at a lease of %i ms asks, and is offered the address %s',
  (milliseconds, _, isSame) => {
    const { address, ...bench } = leased();
    const conversation = bench.conversation;
    conversation.hearUnicast(FIRST.extend(address), address);
    conversation.pass(milliseconds / 1000);
    conversation.holders.set(address, SECOND.mac);

    const offer = conversation.hear(SECOND.discover());

    expect(offer.address === address).toBe(isSame);
    expect(offer.reason).toBe(isSame ? 'offered-again' : 'offered-to-clone');
  },
);
