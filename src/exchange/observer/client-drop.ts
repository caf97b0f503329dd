import type { ListDrop } from '../../subnet/client-rules.ts';

/**
 * Why a client is not served though it asked well: the operator's rules (`Plan.clients`) keep it away. It gets no answer, not
 * even a DHCPNAK.
 */
export type ClientDrop = ListDrop | 'unknown-client';

/** The same with what the classes of the settings file say, by which the engine decides. */
export type NotServed = ClientDrop | 'refused-by-class';
