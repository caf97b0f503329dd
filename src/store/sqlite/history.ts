import type { Lease, LeaseRecord } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';

/** What happened to an address. freed: ended by somebody else than its client. */
export const HISTORY_EVENTS = ['bound', 'moved', 'released', 'expired', 'declined', 'freed', 'peer'] as const;
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];

/** A record that ended for one of these reasons has it for its event. */
const ENDINGS: readonly HistoryEvent[] = ['moved', 'released', 'expired'];

/** The history's row for a record that is replaced; undefined where nothing has changed but its time. */
export function eventOf(
  before: Lease | undefined,
  next: Pick<LeaseRecord, 'client' | 'state'>,
  change: Pick<LeaseChange, 'at' | 'reason'>,
): HistoryEvent | undefined {
  const isSame = before !== undefined && before.state === next.state && before.client === next.client;
  if (next.state === 'free') {
    if (before === undefined || before.state === 'free') return undefined;
    return ENDINGS.find((event) => event === change.reason) ?? 'freed';
  }
  if (isSame && before.expiresAt > change.at) return undefined;
  if (next.state === 'bound') return 'bound';
  if (next.state === 'declined') return 'declined';
  return isSame ? undefined : 'peer';
}
