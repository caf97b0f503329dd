import { describe, expect, test } from 'vitest';
import type { QuietObservations } from '../../src/engine/decision/decision.ts';
import { NO_QUIET } from '../../src/exchange/decision-context.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const STRANGER = '52:54:00:00:00:99';
const asking = (address: string) => [[50, ...ip(address)]] as const;

function probing(overrides: Partial<Plan> = {}): Conversation {
  return new Conversation({ probeMilliseconds: 300, ...overrides });
}

/** Something may have been missed since: what is stored is asked for by ARP again. */
function afterGap(talk: Conversation): void {
  talk.context = { ...talk.context, lastGapRevision: talk.store.leases.revision };
}

function answersOnce(talk: Conversation, ...addresses: readonly string[]): void {
  for (const address of addresses) {
    talk.holders.set(address, STRANGER);
    talk.weak.set(address, 'once');
  }
}

describe('RFC 2131 §3.1 (2): a machine that has answered once for an address', () => {
  test('keeps it from being offered to this client, and puts it into no quarantine', () => {
    const talk = probing();
    answersOnce(talk, MINE);

    const offer = talk.hear(ADA.discover([...asking(MINE)]));

    expect(offer.outcome).toMatch(/^DHCPOFFER/);
    expect(offer.address).not.toBe(MINE);
    expect(talk.at(MINE)).toBeUndefined();
  });

  test('refuses the client that selects it; answering twice, it puts the address into quarantine', () => {
    const talk = probing();
    talk.hear(ADA.discover([...asking(MINE)]));
    afterGap(talk);
    answersOnce(talk, MINE);

    const first = talk.hear(ADA.select(MINE, SERVER));
    const stored = talk.at(MINE)?.state;
    talk.weak.clear();
    const second = talk.hear(ADA.select(MINE, SERVER));

    expect([first.outcome, first.reason, stored]).toEqual(['DHCPNAK', 'heard-once', 'offered']);
    expect([second.outcome, second.reason, talk.at(MINE)?.state]).toEqual([
      'DHCPNAK',
      'quarantined',
      'declined',
    ]);
  });

  test('ends no lease: its client gets no answer when it boots, and its lease at the next try', () => {
    const talk = probing();
    talk.hear(ADA.discover([...asking(MINE)]));
    talk.hear(ADA.select(MINE, SERVER));
    afterGap(talk);
    answersOnce(talk, MINE);

    const first = [talk.hear(ADA.reboot(MINE)), talk.hear(ADA.discover())];
    talk.holders.clear();
    talk.weak.clear();
    const second = talk.hear(ADA.reboot(MINE));

    expect(first.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['silence', 'heard-once'],
      ['silence', 'heard-once'],
    ]);
    expect(second.outcome).toBe(`DHCPACK ${MINE}`);
  });

  test('adopts nobody: a client without a record gets no answer', () => {
    const talk = probing();
    answersOnce(talk, MINE);

    expect(talk.hearUnicast(ADA.extend(MINE), MINE)).toMatchObject({
      outcome: 'silence',
      reason: 'heard-once',
    });
    expect(talk.at(MINE)).toBeUndefined();
  });

  test('and others for further addresses make the client ask again, instead of waiting for one address after the other', () => {
    const talk = probing();
    for (let last = 20; last < 255; last += 1) answersOnce(talk, `10.15.3.${last}`);

    const answer = talk.hear(ADA.discover());

    expect([answer.outcome, answer.reason, answer.asked.length]).toEqual(['silence', 'heard-once', 3]);
  });
});

describe('RFC 2131 §3.1 (2): machines that are not believed', () => {
  const everywhere = (talk: Conversation) => {
    for (let last = 20; last < 255; last += 1) talk.weak.set(`10.15.3.${last}`, 'doubtful');
  };

  test('keep no guest away: after two addresses one is offered and leased', () => {
    const talk = probing();
    everywhere(talk);

    const offer = talk.hear(ADA.discover());
    const ack = talk.hear(ADA.select(offer.address, SERVER));

    expect([offer.outcome, offer.asked.length]).toEqual([expect.stringMatching(/^DHCPOFFER/), 2]);
    expect(ack.outcome).toBe(`DHCPACK ${offer.address}`);
  });

  test('keep their addresses for the last: as long as another is quiet, that is offered', () => {
    const talk = probing();
    const quiet: QuietObservations = {
      ...NO_QUIET,
      isQuiet: (address) => address === at('10.15.3.200'),
      find: (_hash, _asker, _limit, isFit) => [at('10.15.3.200')].find(isFit),
    };
    talk.context = { quietAddresses: quiet };
    talk.weak.set(MINE, 'doubtful');

    const offer = talk.hear(ADA.discover([...asking(MINE)]));

    expect(offer.outcome).toBe('DHCPOFFER 10.15.3.200');
  });

  test('keep nobody from the last free address', () => {
    const talk = probing({ subnet: segment({ pools: [range('10.15.3.40', '10.15.3.40')] }) });
    everywhere(talk);

    expect(talk.hear(ADA.discover()).outcome).toBe(`DHCPOFFER ${MINE}`);
  });

  test('end no lease: its client boots with it', () => {
    const talk = probing();
    talk.hear(ADA.discover([...asking(MINE)]));
    talk.hear(ADA.select(MINE, SERVER));
    afterGap(talk);
    everywhere(talk);

    expect(talk.hear(ADA.reboot(MINE)).outcome).toBe(`DHCPACK ${MINE}`);
    expect(talk.hear(BOB.discover([...asking(MINE)])).address).not.toBe(MINE);
  });
});

describe('RFC 2131 §3.1 (2): a lease that was stored, and whose DHCPACK was withheld as another machine was heard there', () => {
  /** The client's DHCPREQUEST is decided a second time. */
  function withheld(): Conversation {
    const talk = probing();
    talk.hear(ADA.discover([...asking(MINE)]));
    talk.hear(ADA.select(MINE, SERVER));
    const hardware = 0x525400000099 as NonNullable<ReturnType<Conversation['at']>>['hardware'];
    const heard = { hardware, seenAt: talk.now, seenAtMonotonic: 0, revision: talk.store.leases.revision };
    talk.context = { isWithheld: true, sightingAt: (address) => (address === at(MINE) ? heard : undefined) };
    return talk;
  }

  test.each(['certain', 'once'] as const)(
    'is quarantined if that machine answers (%s), and the client begins again',
    (weight) => {
      const talk = withheld();
      talk.holders.set(MINE, STRANGER);
      if (weight === 'once') talk.weak.set(MINE, 'once');

      const answer = talk.hear(ADA.select(MINE, SERVER));

      expect([answer.outcome, answer.asked]).toEqual(['DHCPNAK', [MINE]]);
      expect(talk.at(MINE)).toMatchObject({ state: 'declined', hardware: 0x525400000099 });
    },
  );

  test('is confirmed if nobody answers, or only machines that are not believed', () => {
    const [silent, lied] = [withheld(), withheld()];
    lied.weak.set(MINE, 'doubtful');

    expect(silent.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
    expect(lied.hear(ADA.select(MINE, SERVER)).outcome).toBe(`DHCPACK ${MINE}`);
  });
});
