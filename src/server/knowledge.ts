import type { Hearing, Known } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';

/** For a gateway that is alone. */
export const NOBODY_HEARD: Hearing = { peers: new Map(), rivalFor: () => undefined };

/** The engine's `Known`, filled in anew for each decision. */
export type Knowledge = { -readonly [Field in keyof Known]: Known[Field] };

export function noKnowledge(): Knowledge {
  return {
    client: '' as ClientKey,
    revision: 0,
    deafRevision: 0,
    trustsClock: true,
    declines: 0,
    hearing: NOBODY_HEARD,
    waited: false,
    answers: new Map(),
  };
}
