import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease, Version } from '../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../lease/lease-view.ts';
import type { Arrival, Destination } from '../net/datagram.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Message } from '../wire/message.ts';
import type { Reply } from '../wire/reply.ts';
import type { RelayRefusal } from './relay.ts';

/**
 * Why a message was met as it was: the field of the log line, the label of the metric and the assertion of the test.
 * Each is used once in the engine, at the line that is the rule.
 */
export type Reason =
  // replies
  | 'offered' // DHCPDISCOVER: an address is held for the client
  | 'offered-to-clone' // DHCPDISCOVER: another machine with this identifier is alive; this one gets an address of its own
  | 'offered-again' // DHCPDISCOVER: the client's binding or its standing offer
  | 'bound' // the client's first lease on this address
  | 'moved' // the client gets another address; its old one is freed with it
  | 'renewed' // the lease is extended
  | 'rebooted' // INIT-REBOOT: confirmed
  | 'cached' // the lease has only begun: what is left of it, and nothing is written
  | 'as-committed' // nothing new can be promised now: what is left of the lease
  | 'adopted' // RENEWING or REBINDING of a lease that the store had lost
  | 'informed' // DHCPINFORM
  | 'bootp' // a BOOTP client's address
  // DHCPNAK
  | 'wrong-network'
  | 'excluded' // the address is the router's, a gateway's, or the network's own
  | 'not-in-pool'
  | 'bound-to-another'
  | 'offered-to-another'
  | 'bound-elsewhere' // the client's own binding is another address
  | 'quarantined'
  | 'rival-won' // another gateway's client asked for the address at the same moment, and that gateway goes first
  // state without a reply
  | 'released'
  | 'declined'
  | 'address-in-use' // ARP named another holder
  | 'still-in-use' // ARP named the client whose lease of it is over
  | 'expired'
  | 'offer-withdrawn' // the client took another server's offer
  | 'peer-granted' // the client took an address from another gateway, which has it from now on
  // waits
  | 'asking-address' // ARP before an address that nothing vouches for
  | 'asking-client' // ARP for a binding whose identifier a second hardware address presents
  | 'asking-card' // ARP for a lease that the asking network card has under another client identifier
  | 'asking-declined'
  | 'asking-quarantined' // ARP for the client's own address in quarantine: is it seen there, and nobody else?
  | 'listening' // the first lease of an address, while another gateway may be giving it away
  | 'deferring' // the gateway that granted the lease answers first
  // silence
  | 'not-for-us' // another server is named
  | 'no-server' // a DHCPDECLINE that names none
  | 'not-first' // another gateway that shares the leases answers this client first
  | 'no-binding'
  | 'no-subnet'
  | RelayRefusal
  | 'no-address' // the message lacks the address that its state requires
  | 'pool-full'
  | 'crowded' // so much of what is free stands offered to clients that nobody knows that no more is
  | 'too-many-identifiers' // its network card has as many leases as it may, and all of them are used
  | 'too-many-declines'
  | 'used-by-client' // DHCPDECLINE of an address that the client itself answers for
  | 'from-elsewhere' // DHCPRELEASE that does not come from the address
  | 'overtaken' // the client's record is newer than this message
  | 'in-flight' // decided on what is on its way: decide again after it
  | 'cannot-promise'
  | 'bootp-off'
  | 'not-a-request' // not a client's message
  | 'unknown-type'
  | 'unknown-state'; // a DHCPREQUEST that no client state sends

/**
 * What to do about a message. Before a waiting message is decided again, what it keeps in flight itself is let go, so
 * that `isInFlight` speaks of others only.
 */
export type Decision =
  | {
      readonly kind: 'reply';
      readonly reply: Reply;
      readonly destination: Destination;
      readonly reason: Reason;
      readonly change?: LeaseChange;
      /** The other machine that the reason speaks of. */
      readonly other?: HardwareAddress;
    }
  | {
      readonly kind: 'silence';
      readonly reason: Reason;
      readonly change?: LeaseChange;
      readonly other?: HardwareAddress;
    }
  /** Client and address stay in flight; decided again when the address is answered for, or at `until`. */
  | {
      readonly kind: 'wait';
      readonly until: Instant;
      readonly address: Ipv4;
      readonly probe: boolean;
      readonly reason: Reason;
    }
  /** The change is made durable first, then the message is decided again. */
  | {
      readonly kind: 'again';
      readonly reason: Reason;
      readonly change: LeaseChange;
      readonly other?: HardwareAddress;
    };

/** What is known beside the message and the leases. */
export interface Known {
  /** The client's key, before clones are told apart. */
  readonly client: ClientKey;
  /** The store's revision when the datagram was read. */
  readonly revision: Version;
  /** Records up to this version have not been confirmed since we last may have missed something. */
  readonly deafRevision: Version;
  /** False: the clock is in doubt, and what has run out is not given to others. */
  readonly trustsClock: boolean;
  /** False: the lease may run still though its time is past by the clock, so that nobody else gets its address. */
  readonly mayBeOver: (lease: Lease) => boolean;
  /** DHCPDECLINEs of this client in the last ten minutes, this one not counted. */
  readonly declines: number;
  /** What was heard of the other gateways. */
  readonly hearing: Hearing;
  /** The gateways that share the leases; undefined: the leases are this one's alone. */
  readonly sharing: Sharing | undefined;
  /** This client has sent a DHCPDISCOVER just before this one. */
  readonly askedBefore: boolean;
  /** True once a wait that asks nobody is over. */
  readonly waited: boolean;
  /** Who answered for each address that this message waited for; undefined: nobody did. Empty for most messages. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
}

/** What was heard of the other gateways, each of which gives addresses of the same pool. */
export interface Hearing {
  /** Those heard lately, and when last. Empty: this gateway is alone. */
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  /**
   * The peer's client, other than this one, that has just asked for an address, and that peer: the lowest, if several
   * have. Undefined: nobody has. `within`: milliseconds, a second at the most.
   */
  rivalFor(address: Ipv4, client: ClientKey, within?: number): Rival | undefined;
  /**
   * The client, other than this one, that was heard last asking a peer for an address, and when; undefined: none, as far
   * as is known.
   */
  askedBy(address: Ipv4, client: ClientKey | undefined): Asking | undefined;
  /** Since when it is heard. */
  readonly since: Instant;
}

/** The gateways that share their leases. */
export interface Sharing {
  /** The others that are alive, by their server identifiers. */
  readonly live: ReadonlySet<Ipv4>;
  /** What one has granted is over for the others so long after its end, for clocks differ: milliseconds. */
  readonly grace: number;
}

export interface Rival {
  readonly granter: Ipv4;
  readonly client: ClientKey;
}

export interface Asking extends Rival {
  readonly hardware: HardwareAddress;
  readonly on: Instant;
}

export type Decide = (
  message: Message,
  arrival: Arrival,
  known: Known,
  now: Instant,
  leases: LeaseView,
  plan: Plan,
) => Decision;
