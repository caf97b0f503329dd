import { describe, expect, test } from 'vitest';
import { PendingMessage, PendingOrder } from '../../../src/exchange/pending/pending.ts';
import type { StateName, TransitionName } from '../../../src/exchange/pending/pending-state.ts';
import { clientKeyOf } from '../../../src/lease/client-key.ts';
import { instant } from '../../../src/lease/lease.ts';
import type { LeaseChange } from '../../../src/lease/lease-view.ts';
import { UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { decode } from '../../../src/wire/decode.ts';
import { Guest } from '../../support/guest.ts';
import { at } from '../../support/plan.ts';

const ADDRESS = at('10.15.3.20');

function message(): PendingMessage {
  const bytes = new Guest('52:54:00:00:00:01').discover();
  const decoded = decode(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
  const client = decoded.ok ? clientKeyOf(decoded, true) : undefined;
  if (!decoded.ok || client === undefined) throw new Error('not a message');
  const arrival = { via: 'broadcast', source: UNSPECIFIED, local: UNSPECIFIED } as const;
  return new PendingMessage(client, decoded, arrival, 0, 0);
}

const { client } = message();
const CHANGE: LeaseChange = {
  kind: 'binding',
  client,
  expectedBindingVersion: 0,
  writes: [],
  at: instant(1),
  reason: 'bound',
};
const DECISION = { kind: 'silence', reason: 'bound', change: CHANGE } as const;

/** What each transition is in the program. */
const TRANSITION: Readonly<Record<TransitionName, (pending: PendingMessage | PendingOrder) => unknown>> = {
  queueBehindSender: (pending) => pending.queueBehindSender(),
  makeReady: (pending) => pending.makeReady(),
  beginDecision: (pending) => pending.beginDecision(),
  waitForLock: (pending) => pending.waitForLock(),
  waitForAnyLock: (pending) => pending.waitForAnyLock(),
  waitForCommit: (pending) => pending.waitForCommit(),
  probe: (pending) => pending.probe(ADDRESS),
  pause: (pending) => pending.pause(ADDRESS),
  endWait: (pending) => pending.endWait(),
  beginCommit: (pending) => pending.beginCommit(DECISION, CHANGE, 0),
  endCommit: (pending) => pending.endCommit('committed'),
  settle: (pending) => pending.settle(DECISION, 'nothing', 0),
  end: (pending) => pending.end(),
};

/** Every state, a way to it, and where each transition leads that can happen in it. All others are mistakes. */
const TABLE: Readonly<
  Record<StateName, { way: readonly TransitionName[]; to: Partial<Record<TransitionName, StateName>> }>
> = {
  arrived: {
    way: [],
    to: {
      queueBehindSender: 'behind-sender',
      makeReady: 'ready',
      beginDecision: 'deciding',
      end: 'over',
    },
  },
  'behind-sender': { way: ['queueBehindSender'], to: { makeReady: 'ready', end: 'over' } },
  ready: { way: ['makeReady'], to: { beginDecision: 'deciding', end: 'over' } },
  deciding: {
    way: ['beginDecision'],
    to: {
      makeReady: 'ready',
      waitForLock: 'behind-lock',
      waitForAnyLock: 'behind-any-lock',
      waitForCommit: 'behind-commits',
      probe: 'probing',
      pause: 'pausing',
      beginCommit: 'committing',
      settle: 'settled',
      end: 'over',
    },
  },
  'behind-lock': { way: ['beginDecision', 'waitForLock'], to: { makeReady: 'ready', end: 'over' } },
  'behind-any-lock': { way: ['beginDecision', 'waitForAnyLock'], to: { makeReady: 'ready', end: 'over' } },
  'behind-commits': {
    way: ['beginDecision', 'waitForCommit'],
    to: { beginDecision: 'deciding', end: 'over' },
  },
  probing: { way: ['beginDecision', 'probe'], to: { endWait: 'ready', end: 'over' } },
  pausing: { way: ['beginDecision', 'pause'], to: { endWait: 'ready', end: 'over' } },
  committing: { way: ['beginDecision', 'beginCommit'], to: { endCommit: 'settled', end: 'over' } },
  settled: { way: ['beginDecision', 'settle'], to: { makeReady: 'ready', end: 'over' } },
  over: { way: ['end'], to: {} },
};

const STATES = Object.keys(TABLE) as StateName[];
const TRANSITIONS = Object.keys(TRANSITION) as TransitionName[];

describe.each([
  ['a message', message],
  ['an order', () => new PendingOrder({ decide: () => DECISION, done() {} })],
])('%s', (_, make) => {
  const all = STATES.flatMap((state) => TRANSITIONS.map((transition) => ({ state, transition })));

  test.each(all)(
    '$transition while $state leads where the table says, or nowhere',
    ({ state, transition }) => {
      const { way, to } = TABLE[state];
      const pending = make();
      for (const each of way) TRANSITION[each](pending);
      expect(pending.state.name).toBe(state);

      const expected = to[transition];
      if (expected === undefined) expect(() => TRANSITION[transition](pending)).toThrow();
      else TRANSITION[transition](pending);

      expect(pending.state.name).toBe(expected ?? state);
    },
  );
});

describe('what a message has met', () => {
  test('an answer to a probe is kept for the next decisions, and the time that it took makes nothing older', () => {
    const pending = message();
    pending.beginDecision();
    pending.beginWait('probing', ADDRESS);

    pending.noteWait(pending.endWait(), { answer: undefined, weak: undefined, endedAt: 300, took: 300 });

    expect([...pending.past.answers]).toEqual([[ADDRESS, undefined]]);
    expect(pending.past).toMatchObject({ answeredAt: 300, waits: 1, waited: 300, hasPaused: false });
    expect(pending.isTooOld(4300)).toBe(false);
    expect(pending.isTooOld(4301)).toBe(true);
  });

  test('a pause is no answer', () => {
    const pending = message();
    pending.beginDecision();
    pending.beginWait('pausing', ADDRESS);

    pending.noteWait(pending.endWait(), { answer: undefined, weak: undefined, endedAt: 50, took: 50 });

    expect(pending.past.answers.size).toBe(0);
    expect(pending.past.hasPaused).toBe(true);
  });

  test('nobody reads the bytes of a message that is over', () => {
    const pending = message();

    pending.end();

    expect(() => pending.message).toThrow();
  });

  test('a decision that leads to another one is counted, a wait is not', () => {
    const pending = message();
    pending.beginDecision();
    pending.beginWait('pausing', ADDRESS);
    pending.endWait();
    pending.beginDecision();
    pending.settle(DECISION, 'conflict', 0);

    pending.makeReady();

    expect(pending.repeats).toBe(1);
  });
});

test('an order is told once what became of it', () => {
  const told: string[] = [];
  const order = new PendingOrder({ decide: () => DECISION, done: (outcome) => told.push(outcome) });

  order.done('committed');
  order.done('nothing');

  expect(told).toEqual(['committed']);
});
