import type { Known } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';

/** The engine's `Known`, filled in anew for each decision. */
export type Knowledge = { -readonly [Field in keyof Known]: Known[Field] };

export function noKnowledge(): Knowledge {
  return {
    client: '' as ClientKey,
    revision: 0,
    deafRevision: 0,
    trustsClock: true,
    declines: 0,
    answers: new Map(),
  };
}
