import type { Reason } from '../../engine/decision/decision.ts';
import type { SharedEvent } from '../../reporting/shared-events.ts';

/** What has become of a lease or an address. */
export type ChangeEvent = 'granted' | 'moved' | 'released' | 'expired' | 'quarantined' | 'restored';

/** Renewals are none: they come by the thousand, and change no name and no address. */
const EVENTS: Readonly<Partial<Record<Reason, ChangeEvent>>> = {
  bound: 'granted',
  adopted: 'granted',
  bootp: 'granted',
  'imported-by-operator': 'granted',
  moved: 'moved',
  released: 'released',
  'released-by-operator': 'released',
  expired: 'expired',
  declined: 'quarantined',
  'address-in-use': 'quarantined',
  'still-in-use': 'quarantined',
  'quarantined-by-operator': 'quarantined',
  'quarantine-ended': 'restored',
  'restored-by-operator': 'restored',
};

/** A change as it is told; docs/hooks.md explains its members. */
export interface Change {
  readonly event: ChangeEvent;
  readonly reason: string;
  readonly at: string;
  readonly address: string;
  readonly previous_address: string | null;
  readonly mac: string | null;
  readonly client: string;
  readonly name: string | null;
  readonly names: readonly string[];
  readonly expires: string | null;
  readonly vps_id: string | null;
  readonly organization_id: string | null;
  readonly reservation_id: string | null;
  readonly port: string | null;
}

/** What one run of a program, or one request, gets. */
export interface ChangeDocument {
  /** The same when it is sent again. */
  readonly id: string;
  readonly segment: string;
  readonly node: string;
  /** How many changes were told to nobody before these; null: it is not known, as at the start. */
  readonly missed: number | null;
  readonly changes: readonly Change[];
}

/** The event of a decision; undefined: it has changed no lease that anybody is told of. */
export function hookEventOf({
  outcome,
  reason,
}: Pick<SharedEvent, 'outcome' | 'reason'>): ChangeEvent | undefined {
  return outcome === 'committed' ? EVENTS[reason] : undefined;
}
