import { describe, expect, test } from 'vitest';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at, relays } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
const MALLORY = new Guest('52:54:00:00:00:66');
const STRANGER = '52:54:00:00:00:99';
const asking = (address: string) => [[50, ...ip(address)]] as const;

/** Ada lives at her address: she has a lease, and answers ARP. */
function living(overrides: Partial<Plan> = {}): Conversation {
  const conversation = new Conversation({ probeMilliseconds: 300, ...overrides });
  conversation.hear(ADA.discover([...asking(MINE)]));
  conversation.hear(ADA.select(MINE, SERVER));
  conversation.holders.set(MINE, ADA.mac);
  conversation.pass(600);
  return conversation;
}

/** Her next message, whichever it is. */
const MESSAGES = {
  RENEWING: (c: Conversation) => c.hearUnicast(ADA.extend(MINE), MINE).outcome,
  REBINDING: (c: Conversation) => c.meet(ADA.extend(MINE), 'broadcast', MINE).outcome,
  'INIT-REBOOT': (c: Conversation) => c.hear(ADA.reboot(MINE)).outcome,
  'DHCPDISCOVER and SELECTING': (c: Conversation) => {
    const { address } = c.hear(ADA.discover([...asking(MINE)]));
    return c.hear(ADA.select(address, SERVER)).outcome;
  },
} as const;
const NAMES = Object.keys(MESSAGES) as (keyof typeof MESSAGES)[];

/** What another machine may say in her name, or what may befall the lease file. */
const ATTACKS = {
  'a forged DHCPDECLINE': (c: Conversation) => void c.hear(ADA.decline(MINE, SERVER)),
  'a forged DHCPDECLINE while she is silent': (c: Conversation) => {
    c.holders.clear();
    c.hear(ADA.decline(MINE, SERVER));
    c.holders.set(MINE, ADA.mac);
    expect(c.at(MINE)?.state).toBe('declined');
  },
  'a forged DHCPRELEASE': (c: Conversation) => {
    c.hearUnicast(ADA.release(MINE, SERVER), MINE);
    expect(c.at(MINE)?.state).toBe('free');
  },
  'a forged DHCPRELEASE, and another client that asks for the address': (c: Conversation) => {
    c.hearUnicast(ADA.release(MINE, SERVER), MINE);
    expect(c.hear(MALLORY.discover([...asking(MINE)])).address).not.toBe(MINE);
    expect(c.at(MINE)).toMatchObject({ state: 'declined', hardware: 0x525400000001 });
  },
  'the end of her lease by a clock that was wrong, and another client that asks': (c: Conversation) => {
    c.pass(43_200);
    expect(c.hear(MALLORY.discover([...asking(MINE)])).address).not.toBe(MINE);
    c.pass(-43_200);
  },
} as const;

describe.each(Object.keys(ATTACKS) as (keyof typeof ATTACKS)[])(
  'RFC 2131 §4.3.3: a guest that lives keeps its address in spite of %s',
  (attack) => {
    test.each(NAMES)('at its next message: %s', (name) => {
      const conversation = living();
      ATTACKS[attack](conversation);

      expect(MESSAGES[name](conversation)).toBe(`DHCPACK ${MINE}`);
      expect(conversation.at(MINE)).toMatchObject({ state: 'bound', hardware: 0x525400000001 });
    });
  },
);

describe('a lease file of before its lease was put back, and another client has asked for the address', () => {
  function restored(): Conversation {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    conversation.holders.set(MINE, ADA.mac);
    conversation.hear(MALLORY.discover([...asking(MINE)]));
    expect(conversation.at(MINE)?.state).toBe('declined');
    return conversation;
  }
  test.each(NAMES)('%s: the guest that was found there goes on with it', (name) => {
    expect(MESSAGES[name](restored())).toBe(`DHCPACK ${MINE}`);
  });

  test('INIT-REBOOT and DHCPDISCOVER of a guest that boots, and so answers no ARP: nobody else is there', () => {
    for (const name of ['INIT-REBOOT', 'DHCPDISCOVER and SELECTING'] as const) {
      const conversation = restored();
      conversation.holders.clear();

      expect(MESSAGES[name](conversation)).toBe(`DHCPACK ${MINE}`);
    }
  });

  test('no other machine has it, whatever it says', () => {
    const conversation = restored();

    expect(conversation.hearUnicast(MALLORY.extend(MINE), MINE).outcome).toBe('silence');
    expect(conversation.hear(MALLORY.discover([...asking(MINE)])).address).not.toBe(MINE);
    expect(conversation.hear(MALLORY.reboot(MINE)).outcome).not.toBe(`DHCPACK ${MINE}`);
  });
});

describe('a lease file of before its client was moved was put back', () => {
  const BEFORE = '10.15.3.41';
  /** The record says BEFORE, and the gateway has started since; the guest lives at MINE if ARP says so. */
  function restored(version = 1_000_000): Conversation {
    const conversation = new Conversation({ probeMilliseconds: 300 });
    conversation.hear(ADA.discover([...asking(BEFORE)]));
    conversation.hear(ADA.select(BEFORE, SERVER));
    conversation.holders.set(MINE, ADA.mac);
    conversation.context = { lastGapRevision: version };
    return conversation;
  }

  test.each(['RENEWING', 'REBINDING'] as const)('%s: a guest that lives goes on with what it has', (name) => {
    const conversation = restored();

    expect(MESSAGES[name](conversation)).toBe(`DHCPACK ${MINE}`);
    expect([conversation.at(MINE)?.state, conversation.at(BEFORE)?.state]).toEqual(['bound', 'free']);
  });

  test.each([
    ['one that is not seen there', (c: Conversation) => c.holders.delete(MINE)],
    ['one beside which another is', (c: Conversation) => c.holders.set(MINE, STRANGER)],
    ['one whose record was confirmed since', (c: Conversation) => (c.context = { lastGapRevision: 0 })],
    ['one of an address that is on its way', (c: Conversation) => c.inFlight.add(at(MINE))],
  ])('%s is refused, and keeps what the record says', (_which, change) => {
    const conversation = restored();
    change(conversation);

    expect(MESSAGES.RENEWING(conversation)).toBe('DHCPNAK');
    expect(conversation.at(BEFORE)?.state).toBe('bound');
  });
});

describe('a quarantine stands', () => {
  test.each(NAMES)('%s: while another machine answers', (name) => {
    const conversation = living();
    conversation.holders.set(MINE, STRANGER);
    conversation.hear(ADA.decline(MINE, SERVER));

    expect(MESSAGES[name](conversation)).not.toBe(`DHCPACK ${MINE}`);
    expect(conversation.at(MINE)?.state).toBe('declined');
  });

  test.each(NAMES)('%s: for the client that declined the address, and is not seen there', (name) => {
    const conversation = living();
    conversation.holders.clear();
    conversation.hear(ADA.decline(MINE, SERVER));

    expect(MESSAGES[name](conversation)).not.toBe(`DHCPACK ${MINE}`);
  });

  test('for a client that has nothing to do with it, though it alone answers now', () => {
    const conversation = living();
    conversation.holders.set(MINE, STRANGER);
    conversation.hear(ADA.decline(MINE, SERVER));
    conversation.holders.set(MINE, MALLORY.mac);

    expect(conversation.hearUnicast(MALLORY.extend(MINE), MINE).outcome).toBe('silence');
  });

  test('where another gateway was heard giving the address to somebody else', () => {
    const conversation = living();
    ATTACKS['a forged DHCPRELEASE, and another client that asks for the address'](conversation);
    const other = { granter: at('10.15.3.11'), client: '01525400000077', hardware: 0x525400000077 };
    const lastRequestFor = () => ({ ...other, on: conversation.now }) as never;
    conversation.context = {
      peerObservations: { ...NO_PEERS, peers: new Map([[other.granter, conversation.now]]), lastRequestFor },
    };

    expect(conversation.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('silence');
  });

  test('also when every lease is over that could have been given then: its renewals were heard by nobody else', () => {
    const conversation = living();
    ATTACKS['a forged DHCPDECLINE while she is silent'](conversation);
    conversation.pass(1);
    const on = conversation.now;
    const other = { granter: at('10.15.3.11'), client: '01525400000077', hardware: 0x525400000077 };
    conversation.context = {
      peerObservations: {
        ...NO_PEERS,
        peers: new Map([[other.granter, on]]),
        lastRequestFor: () => ({ ...other, on }) as never,
      },
    };
    conversation.plan = {
      ...conversation.plan,
      subnet: { ...conversation.plan.subnet, leaseTimes: { default: 60, minimum: 60, maximum: 60 } },
    };
    conversation.pass(120);

    expect(conversation.at(MINE)?.state).toBe('declined');
    expect(conversation.hear(ADA.discover([...asking(MINE)])).address).not.toBe(MINE);
  });

  test('where nobody can be asked', () => {
    const conversation = new Conversation();
    conversation.hear(ADA.select(MINE, SERVER));
    conversation.hear(ADA.decline(MINE, SERVER));

    expect(conversation.hearUnicast(ADA.extend(MINE), MINE).outcome).toBe('silence');
  });
});

test.each([
  ['it stands where other gateways are heard, and something was missed since', true, 1_000_000, false],
  ['it is over where nothing was missed since', true, 0, true],
  ['it is over where this gateway is alone', false, 1_000_000, true],
])(
  'a quarantine, and the guest that was found there boots and answers no ARP: %s',
  (_which, hasPeers, lastGapRevision, isOver) => {
    const conversation = living();
    ATTACKS['a forged DHCPRELEASE, and another client that asks for the address'](conversation);
    conversation.holders.clear();
    const peers = new Map(hasPeers ? [[at('10.15.3.11'), conversation.now]] : []);
    conversation.context = { peerObservations: { ...NO_PEERS, peers }, lastGapRevision };

    const { address } = conversation.hear(ADA.discover([...asking(MINE)]));

    expect(address === MINE).toBe(isOver);
  },
);

test.each(['client-id', 'mac'] as const)(
  'with identity %s a guest that lives keeps its address, too',
  (identity) => {
    const conversation = living({ identity });
    ATTACKS['a forged DHCPRELEASE, and another client that asks for the address'](conversation);

    expect(conversation.hearUnicast(MALLORY.extend(MINE), MINE).outcome).toBe('silence');
    expect(MESSAGES.RENEWING(conversation)).toBe(`DHCPACK ${MINE}`);
  },
);

test('RFC 5227 §2.1.1: a DHCPDECLINE of an address that its own client answers for is ignored, and not counted', () => {
  const conversation = living();

  const { reason } = conversation.hear(ADA.decline(MINE, SERVER));

  expect([reason, conversation.at(MINE)?.state]).toEqual(['used-by-client', 'bound']);
});

test('an address whose last client goes on using it is said to be so, and is no conflict', () => {
  const conversation = living();
  conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);
  const events: string[] = [];
  const commit = conversation.store.applyForeign.bind(conversation.store);
  conversation.store.applyForeign = (change) => {
    events.push(change.reason);
    return commit(change);
  };

  conversation.hear(MALLORY.discover([...asking(MINE)]));

  expect(events).toContain('still-in-use');
});

test.each([
  ['from another address', '10.15.3.99', 'from-elsewhere'],
  ['without an address', '0.0.0.0', 'from-elsewhere'],
  ['from the address itself', MINE, 'released'],
])('RFC 2131 §4.4.6: a DHCPRELEASE %s', (_what, source, reason) => {
  expect(living().hearUnicast(ADA.release(MINE, SERVER), source).reason).toBe(reason);
});

test('RFC 2131 §4.4.6: a DHCPRELEASE that a relay passes on comes from the relay', () => {
  const conversation = new Conversation({ relays: relays('10.15.3.9') });
  const relayed = new Guest('52:54:00:00:00:07', { relay: '10.15.3.9' });
  const { address } = conversation.hear(relayed.discover());
  conversation.hear(relayed.select(address, SERVER));

  expect(conversation.hearUnicast(relayed.release(address, SERVER), '10.15.3.9').reason).toBe('released');
});

test('a quarantine keeps the client that had the address last, whoever asked for it when that one answered', () => {
  const conversation = living();
  conversation.hearUnicast(ADA.release(MINE, SERVER), MINE);

  conversation.hear(MALLORY.discover([...asking(MINE)]));

  expect(conversation.at(MINE)).toMatchObject({ state: 'declined', client: '01525400000001' });
});
