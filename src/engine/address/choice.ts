import type { Ipv4 } from '../../net/ipv4.ts';
import type { Decision } from '../decision/decision.ts';

/** The address that a client in INIT state gets, and what it has of it already; or what has to happen first. */
export type Choice =
  | { readonly address: Ipv4; readonly held: 'binding' | 'offer' | 'none' }
  | { readonly decision: Decision };
