/**
 * What happened to an address. freed: ended by somebody else than its client. returned: adds no row, but deletes one: the
 * client that released the address has it again, and the row of its release goes. reserved, unreserved: by an order. The journal has their indexes: only add.
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
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];
