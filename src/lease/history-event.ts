/**
 * What happened to an address. freed: ended by somebody else than its client. returned: adds no row, but deletes one: the
 * client that released the address has it again, and the row of its release goes. reserved, unreserved: by an order. The
 * journal has their indexes: only add.
 */
export const HISTORY_EVENTS = [
  'bound',
  'moved',
  'released',
  'expired',
  'declined',
  'freed',
  'peer',
  'returned',
  'reserved',
  'unreserved',
] as const;
/**
 * An operator's word that the time is right has ended a doubt about the clock. Its row is about no address (0.0.0.0); it is no
 * event of a lease, and never in the journal.
 */
export const CLOCK_TRUSTED = 'clock-trusted';

export type HistoryEvent = (typeof HISTORY_EVENTS)[number];
