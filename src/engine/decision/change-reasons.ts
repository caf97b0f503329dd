import type { ReasonRow } from './reason-row.ts';

/** Reasons of changes that are no answer to a message: what has ended, what is ordered, and what was heard. */
export const CHANGE_REASONS = {
  expired: { kind: 'change', means: 'The lease is over, and was not renewed.' },
  'quarantine-ended': {
    kind: 'change',
    means: 'The quarantine of the address is over. The address is free again.',
  },
  'reserved-by-operator': {
    kind: 'change',
    means: 'An order has reserved an address for a guest.',
    isOrdered: true,
  },
  'reservation-changed': { kind: 'change', means: 'An order has changed a reservation.', isOrdered: true },
  'reservation-unchanged': {
    kind: 'change',
    means: 'An order wants a reservation as it is; nothing is written.',
    isOrdered: true,
  },
  'reservation-removed': {
    kind: 'change',
    means: 'An order has removed a reservation. Its address is kept for its id for a day.',
    isOrdered: true,
  },
  'reservation-forgotten': {
    kind: 'change',
    means: 'The day is over for which the address of a removed reservation was kept.',
  },
  'released-by-operator': {
    kind: 'change',
    means: 'An operator has ended the lease. Its client learns that when it renews.',
    isOrdered: true,
  },
  'imported-by-operator': {
    kind: 'change',
    means:
      'An order has taken over a lease that another server had given. Its guest keeps address and lease time.',
    isOrdered: true,
  },
  'quarantined-by-operator': {
    kind: 'change',
    means: 'An operator has taken the address out of use for a time.',
    isOrdered: true,
  },
  'restored-by-operator': {
    kind: 'change',
    means: 'An operator has ended the quarantine of the address. The address is free again.',
    isOrdered: true,
  },
  'offer-withdrawn': {
    kind: 'change',
    means: "The client took another server's offer, so our offer is free again.",
  },
  'peer-granted': {
    kind: 'change',
    means:
      'A broadcast of the client asks another gateway for the address, or ARP has shown the client there. This gateway gives it to others last.',
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;
