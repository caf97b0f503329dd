import type { Holding } from './guest.ts';

/** own: the attacker's frames name its one card. chaddr: each frame names the client that it speaks for. */
export type FrameSource = 'own' | 'chaddr';

/** What one machine of the segment does to all others. Rates are a second. */
export type Attack =
  /** DHCPREQUESTs for every address of the pool that name another gateway, once; it may answer ARP for that gateway. */
  | { readonly kind: 'claims'; readonly answersArp: boolean }
  /** DHCPDISCOVERs with ever new chaddr; `most`: so many in all. */
  | {
      readonly kind: 'discovers';
      readonly rate: number;
      readonly source: FrameSource;
      readonly most?: number;
    }
  /**
   * DHCPREQUESTs with ever new chaddr for addresses of the pool, as if in these states (RFC 2131 §4.3.2): SELECTING after an
   * offer by this server, RENEWING by unicast, REBINDING.
   */
  | {
      readonly kind: 'requests';
      readonly as: 'SELECTING' | 'RENEWING' | 'REBINDING';
      readonly rate: number;
    }
  /** Whole leases, with ever new chaddr or ever new client identifiers; `most`: so many in all. */
  | {
      readonly kind: 'leases';
      readonly rate: number;
      readonly of: 'chaddr' | 'identifier';
      readonly source: FrameSource;
      readonly most?: number;
    }
  /** Answers every ARP request and ping: each with a new hardware address, or all with its own. */
  | { readonly kind: 'liar'; readonly as: 'fresh' | 'one' }
  /** DHCPDECLINE and DHCPRELEASE in the name of each known guest, once a second. */
  | { readonly kind: 'ends'; readonly source: FrameSource }
  /** So many cards take a lease and release it, over and over: so many messages in all. */
  | { readonly kind: 'returns'; readonly rate: number; readonly cards: number };

/** What the attacker's process is told, as JSON. */
export interface AttackWork {
  readonly attack: Attack;
  readonly known: readonly Holding[];
  readonly server: { readonly address: string; readonly hardware: string };
}

/** The line that it writes at its end. */
export interface AttackResult {
  readonly sent: number;
  readonly seconds: number;
  /** Leases that it got. */
  readonly leased: number;
}
