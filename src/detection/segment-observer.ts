import type { NotServed } from '../exchange/observer/client-drop.ts';

/** A DHCP server that is no gateway of ours, as the status shows it. Times are ISO 8601, UTC. */
export interface RogueServerStatus {
  /** Its server identifier. */
  readonly server: string;
  /** replies: its replies were heard. asked-for: a client has asked it for an address; it may have been invented. */
  readonly by: 'replies' | 'asked-for';
  /** The network card that its replies come from; null: none was heard. */
  readonly hardware: string | null;
  /** The address that it has given somebody last; null: it is not known. */
  readonly offered: string | null;
  /** The network card of the client that it replied to, or that has asked for it, last. */
  readonly client: string | null;
  /** Where `hardware`, or if nothing was heard of it `client`, is plugged in: `VM 104, tap104i0`; null: it is not known. */
  readonly port: string | null;
  readonly since: string;
  readonly lastHeard: string;
}

/** A client that the operator's rules keep away, as the status shows it. Times are ISO 8601, UTC. */
export interface RefusedClientStatus {
  readonly hardware: string;
  /** Its key, from its client identifier or its MAC. */
  readonly client: string | null;
  /** The cause, as in the counter of drops. */
  readonly why: NotServed;
  readonly hostname: string | null;
  /** Option 60. */
  readonly vendorClass: string | null;
  /** Messages that were refused. */
  readonly count: number;
  readonly since: string;
  readonly lastAsked: string;
}

/**
 * Sees what is found out about the segment beside the decisions. It runs on the packets' thread, must return soon, and must
 * not throw. Each call is rare: guests can cause no more of them than lines of the log.
 */
export interface SegmentObserver {
  /** A DHCP server that is no gateway of this pool was heard, or asked for by a guest, for the first time or in another way. */
  rogueServer(rogue: RogueServerStatus): void;
  /** The operator's rules have kept a client away for the first time, or for another cause than before. */
  refusedClient(refused: RefusedClientStatus): void;
}
