import { TimeGuard } from '../../src/detection/time-guard.ts';
import { PendingMessage } from '../../src/exchange/pending/pending.ts';
import { Replies } from '../../src/exchange/replies.ts';
import { Arrivals } from '../../src/exchange/round/arrivals.ts';
import type { Mutation } from './mutations.ts';
import { CHANCES } from './world-parts.ts';

/** A gateway that stood still goes on as if nothing had been. */
export const STALE_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['what is stale is sent', { begin: () => replaced([sendAny()]) }],
  ['what is stale is acted on', { begin: () => replaced([readAny(), decideAny(), sendAny()]) }],
]);

/** What leases of one's own end by. */
export const CLOCK_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['a clock that was set is believed', { begin: () => replaced([believeClock(), inHarderWorlds()]) }],
]);

/** Ends a mistake. */
type Undo = () => void;

function replaced(undo: readonly Undo[]): Undo {
  return () => {
    for (const each of undo) each();
  };
}

function sendAny(): Undo {
  const { add } = Replies.prototype;
  Replies.prototype.add = function (reply, destination, _decidedAt, readAt) {
    add.call(this, reply, destination, Number.POSITIVE_INFINITY, readAt);
  };
  return () => {
    Replies.prototype.add = add;
  };
}

function decideAny(): Undo {
  const { isTooOld, isDecisionTooOld } = PendingMessage.prototype;
  Object.assign(PendingMessage.prototype, { isTooOld: () => false, isDecisionTooOld: () => false });
  return () => {
    Object.assign(PendingMessage.prototype, { isTooOld, isDecisionTooOld });
  };
}

function readAny(): Undo {
  const { areStale } = Arrivals.prototype;
  Arrivals.prototype.areStale = () => false;
  return () => {
    Arrivals.prototype.areStale = areStale;
  };
}

/** ARP finds nearly all that this mistake does: it takes many wrong clocks and silent guests to show. */
function inHarderWorlds(): Undo {
  const before = { ...CHANCES };
  Object.assign(CHANCES, { wrongClocks: 40, silentGuests: 80 });
  return () => void Object.assign(CHANCES, before);
}

function believeClock(): Undo {
  const name = 'clockTrust' satisfies keyof TimeGuard;
  const clockTrust = Object.getOwnPropertyDescriptor(TimeGuard.prototype, name);
  const believed = {
    isTrusted: true,
    steadyFor: Number.POSITIVE_INFINITY,
    knownFor: Number.POSITIVE_INFINITY,
  };
  Object.defineProperty(TimeGuard.prototype, name, { configurable: true, get: () => believed });
  return () => void Object.defineProperty(TimeGuard.prototype, name, { ...clockTrust });
}
