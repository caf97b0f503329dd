import type { Hearing, Known } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import { instant } from '../lease/lease.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { Circumstances } from './exchange-parts.ts';
import type { Turn } from './turn.ts';

/** For a gateway that is alone. */
export const NOBODY_HEARD: Hearing = {
  peers: new Map(),
  rivalFor: () => undefined,
  askedBy: () => undefined,
  since: instant(0),
};

/** The engine's `Known`, filled in anew for each decision. */
export type Knowledge = { -readonly [Field in keyof Known]: Known[Field] };

export function noKnowledge(): Knowledge {
  return {
    client: '' as ClientKey,
    revision: 0,
    deafRevision: 0,
    trustsClock: true,
    mayBeOver: () => true,
    declines: 0,
    hearing: NOBODY_HEARD,
    sharing: undefined,
    askedBefore: false,
    waited: false,
    answers: new Map(),
  };
}

/** All that one decision is told beside what the clock says, which holds for the whole round. */
export function learn(
  known: Knowledge,
  { revision, answers, waited, message }: Turn,
  client: ClientKey,
  lane: ClientKey,
  circumstances: Circumstances,
): Known {
  known.client = client;
  known.revision = revision;
  known.deafRevision = circumstances.deafRevision;
  known.declines = circumstances.declinesOf(message?.hardware ?? NO_HARDWARE);
  known.answers = answers;
  known.hearing = circumstances.hearing;
  known.sharing = circumstances.sharing;
  known.askedBefore = circumstances.askedBefore(lane);
  known.waited = waited;
  return known;
}
