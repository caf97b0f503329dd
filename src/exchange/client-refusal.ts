import type { ListRefusal } from '../subnet/client-rules.ts';

/** Why a client is not served though it asked well: the operator's rules (`Plan.clients`) keep it away. */
export type ClientRefusal = ListRefusal | 'unknown-client';
