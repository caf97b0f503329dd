/**
 * What happened to an address. freed: ended by somebody else than its client. returned: no row, but the end of one: the
 * client that released the address is back, and the row of its release goes. Their places are in the journal: only add.
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
] as const;
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];
