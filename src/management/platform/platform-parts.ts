import type { Say } from '../../log/say.ts';
import type { RouteParts } from '../routes/route-parts.ts';

/** What the calls of the platform work with: as the routes of the API. */
export type PlatformParts = Pick<
  RouteParts,
  | 'options'
  | 'subnet'
  | 'gateway'
  | 'asked'
  | 'leases'
  | 'counters'
  | 'events'
  | 'readEvents'
  | 'told'
  | 'now'
> & { readonly say: Say };

/** Who calls, and for how long. */
export interface PlatformCaller {
  /** The author in the history. */
  readonly author: string;
  /** Aborted when the time of the call is over, or its caller has gone. */
  readonly signal: AbortSignal;
}
