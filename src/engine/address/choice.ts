import type { Ipv4 } from '../../net/ipv4.ts';
import type { Decision } from '../decision/decision.ts';

/** unheld: the address is not kept from others until the client asks for it. */
type Held = 'binding' | 'offer' | 'none' | 'unheld';

/** The address that a client in INIT state gets, and what it has of it already; or what has to happen first. */
export type Choice =
  | {
      readonly address: Ipv4;
      readonly held: Held;
      /** True: it is offered without a wait, and the segment is asked for it beside. */
      readonly isQuiet?: boolean;
    }
  | { readonly decision: Decision };
