import { describe, expect, test } from 'vitest';
import type { QuietObservations } from '../../src/engine/decision/decision.ts';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import { NOBODY } from '../../src/lease/client-key.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const STRANGER = '52:54:00:00:00:99';
const FIRST = at('10.15.3.20');
const COUNT = 20;
const guest = (number: number) => new Guest(`52:54:00:00:01:${number.toString(16).padStart(2, '0')}`);

/** A segment on which these addresses are quiet, for everybody. */
function quietAt(...addresses: readonly string[]): QuietObservations {
  const quiet = new Set(addresses.map(at));
  return {
    isQuiet: (address) => quiet.has(address),
    find: (hash, _asker, _limit, isFit) => {
      const all = Array.from({ length: COUNT }, (_, step) => ipv4(FIRST + ((hash + step) % COUNT)));
      return all.find((address) => quiet.has(address) && isFit(address));
    },
    answersDueIn: () => 0,
  };
}

function conversation(quiet: QuietObservations, overrides: Partial<Plan> = {}): Conversation {
  const pool = segment({ pools: [range('10.15.3.20', '10.15.3.39')] });
  const made = new Conversation({ probeMilliseconds: 300, subnet: pool, ...overrides });
  made.context = { quietAddresses: quiet };
  return made;
}

/** So many offers are held that no further one is. */
function press(talk: Conversation): void {
  for (let number = 100; number < 105; number += 1) talk.hear(guest(number).discover());
}

const EVEN = Array.from({ length: COUNT / 2 }, (_, index) => ipv4ToText(ipv4(FIRST + 2 * index)));

describe('offers that are not held', () => {
  test('name addresses that are quiet, as long as one is free', () => {
    const talk = conversation(quietAt(...EVEN));
    press(talk);

    const offers = Array.from({ length: 40 }, (_, number) => talk.hear(guest(number).discover()));

    expect(new Set(offers.map(({ reason }) => reason))).toEqual(new Set(['offered-unheld']));
    expect(offers.filter(({ address }) => !EVEN.includes(address))).toEqual([]);
    // All of those that are free, and not the first one again and again.
    expect(new Set(offers.map(({ address }) => address)).size).toBeGreaterThanOrEqual(4);
  });

  test('name one of the others when no quiet one is free', () => {
    const talk = conversation(quietAt('10.15.3.20'));
    talk.hear(guest(1).discover([[50, 10, 15, 3, 20]]));
    talk.hear(guest(1).select('10.15.3.20', SERVER));
    press(talk);

    const offer = talk.hear(guest(2).discover());

    expect([offer.reason, offer.outcome]).toEqual(['offered-unheld', expect.stringMatching(/^DHCPOFFER/)]);
  });

  test('RFC 2131 §3.1 (2): of a quiet address are probed for 10 ms when its client asks, and not for 300', () => {
    const talk = conversation(quietAt(...EVEN));
    press(talk);
    const { address } = talk.hear(guest(1).discover());

    const before = talk.now;
    const ack = talk.hear(guest(1).select(address, SERVER));

    expect([ack.outcome, ack.asked, talk.now - before]).toEqual([`DHCPACK ${address}`, [address], 10]);
  });

  test('RFC 2131 §3.1 (2): of a quiet address at which another machine has woken up are refused', () => {
    const talk = conversation(quietAt(...EVEN));
    press(talk);
    const { address } = talk.hear(guest(1).discover());
    talk.holders.set(address, STRANGER);

    expect(talk.hear(guest(1).select(address, SERVER)).outcome).toBe('DHCPNAK');
    expect(talk.at(address)).toMatchObject({ state: 'declined' });
  });

  test('RFC 2131 §3.1 (2): of an address that is not quiet are probed for the whole time', () => {
    const talk = conversation(quietAt());
    press(talk);
    const { address } = talk.hear(guest(1).discover());

    const before = talk.now;
    talk.hear(guest(1).select(address, SERVER));

    expect(talk.now - before).toBe(300);
  });

  test('RFC 2131 §3.1 (2): of a quiet address that another gateway was heard giving away are probed for the whole time', () => {
    const talk = conversation(quietAt(...EVEN));
    press(talk);
    const { address } = talk.hear(guest(1).discover());
    const heard = {
      ...{ on: talk.now, granter: at('10.15.3.11'), hardware: NO_HARDWARE, client: NOBODY, revision: 0 },
    };
    const lastRequestFor = (asked: Ipv4) => (asked === at(address) ? heard : undefined);
    talk.context = { ...talk.context, peerObservations: { ...NO_PEERS, lastRequestFor } };

    const before = talk.now;
    talk.hear(guest(1).select(address, SERVER));

    expect(talk.now - before).toBe(300);
  });
});

test('RFC 2131 §3.1 (2): while other gateways are heard, a quiet address that was not held is probed for the whole time', () => {
  const talk = conversation(quietAt(...EVEN));
  press(talk);
  const { address } = talk.hear(guest(1).discover());
  const peers = new Map([[at('10.15.3.11'), talk.now]]);
  talk.context = { ...talk.context, peerObservations: { ...NO_PEERS, peers }, waited: true };

  const before = talk.now;
  talk.hear(guest(1).select(address, SERVER));

  expect(talk.now - before).toBe(300);
});

test('RFC 4039 §3.1: what is leased at once, without an offer, is probed for 10 ms where it is quiet', () => {
  const talk = conversation(quietAt(...EVEN), { rapidCommit: true });

  const before = talk.now;
  const ack = talk.hear(guest(1).discover([[80]]));

  expect(ack.outcome).toMatch(/^DHCPACK/);
  expect(talk.now - before).toBe(10);
});

describe('RFC 2131 §4.3.2: a renewal by a client without a record', () => {
  const MINE = '10.15.3.24';

  test('keeps a quiet address from others for 10 ms, and not for 300', () => {
    const talk = conversation(quietAt(MINE));

    const before = talk.now;
    const silence = talk.hearUnicast(guest(1).extend(MINE), MINE);

    expect([silence.outcome, silence.asked]).toEqual(['silence', [MINE]]);
    expect(talk.now - before).toBe(10);
  });

  test('is asked for 300 ms at an address that is not quiet, and granted if the client itself answers', () => {
    const talk = conversation(quietAt());
    talk.holders.set(MINE, guest(1).mac);

    const before = talk.now;
    const ack = talk.hearUnicast(guest(1).extend(MINE), MINE);

    expect([ack.outcome, ack.reason]).toEqual([`DHCPACK ${MINE}`, 'adopted']);
    expect(talk.now - before).toBe(300);
  });

  test('is asked for 300 ms where the client was heard, though the address is quiet for itself', () => {
    const own = quietAt(MINE);
    const talk = conversation({
      ...own,
      isQuiet: (address, asker) => asker !== NO_HARDWARE && own.isQuiet(address, asker),
    });

    const before = talk.now;
    talk.hearUnicast(guest(1).extend(MINE), MINE);

    expect(talk.now - before).toBe(300);
  });
});
