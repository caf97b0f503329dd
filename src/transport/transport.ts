import type { BridgePort } from '../net/bridge-port.ts';
import type { Arrival, Destination } from '../net/datagram.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ArpSign, ArpSpeech } from './linux/arp.ts';

/** Bytes of a receive slot. A longer datagram is cut and marked as truncated. */
export const RECEIVE_SLOT_BYTES = 2048;
/** Bytes of one slot to send from. */
export const SEND_SLOT_BYTES = 2048;
/** Bytes before the payload in a slot to send from, where the transport may put IPv4 and UDP headers. */
export const SEND_HEADROOM_BYTES = 64;

/** One received datagram: a part of its arena, overwritten when the arena is filled again. */
export interface Datagram {
  readonly offset: number;
  readonly length: number;
  /** True if it was longer than the slot. */
  readonly truncated: boolean;
  readonly arrival: Arrival;
}

/** Memory that one receive fills: slots of RECEIVE_SLOT_BYTES each. Made by the transport, owned by the exchange. */
export interface Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacity: number;
}

export interface Batch {
  readonly arena: Arena;
  /** At most the arena's capacity; unicast ones first. */
  readonly datagrams: readonly Datagram[];
  /** True: no more datagrams are waiting. */
  readonly drained: boolean;
}

/** Memory that replies are encoded into: slots of SEND_SLOT_BYTES each, reused as soon as `send` has returned. */
export interface Outbox {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacity: number;
}

export interface Outgoing {
  /** Of the payload, in the outbox: SEND_HEADROOM_BYTES into its slot. */
  readonly offset: number;
  readonly length: number;
  readonly destination: Destination;
}

/** raw: libc's sockets and frames. broadcast: libc's sockets, no frames. dgram: Node's own sockets. none: nothing is open. */
export type TransportKind = 'raw' | 'broadcast' | 'dgram' | 'simulated' | 'none';

export interface Transport {
  readonly kind: TransportKind;
  /** Octets that one UDP payload may have on this link: its MTU less 28. */
  readonly maximumPayload: number;
  readonly outbox: Outbox;
  arena(capacity: number): Arena;
  /** Calls `run` from the event loop while datagrams wait, unless `pause` was called. */
  onReadable(run: () => void): void;
  /** Stops and resumes the calls of `run`; datagrams wait in the kernel meanwhile. */
  pause(): void;
  resume(): void;
  /**
   * Reads waiting datagrams until the arena is full; the unicast socket first, so no broadcast overtakes a DHCPRELEASE.
   *
   * @param isAgain The event loop has not run since the sockets were read, so nothing has told which of them can be read.
   */
  receive(arena: Arena, isAgain?: boolean): Batch;
  /** Returns how many the kernel accepted. The transport counts those that it refused. */
  send(outgoing: readonly Outgoing[]): number;
  close(): void;
}

/** The bridge of the segment: behind which of its ports the guests' network cards were seen last. */
export interface SegmentPorts {
  /** False: the segment's interface has to do with no bridge of this host, so nothing is known. */
  readonly hasBridge: boolean;
  /** Finds the bridge and its ports anew. */
  refresh(): void;
  /** The ports of these cards, in their order; undefined: not known. A few system calls for all of them. */
  portsOf(cards: readonly HardwareAddress[]): readonly (BridgePort | undefined)[];
  /** Where the bridge's tunnels end at this host. Empty: no guests of other hosts come by a tunnel, as far as is known. */
  readonly tunnelEnds: readonly Ipv4[];
  /**
   * The other hosts that these cards behind a tunnel are at, each by the address at which the tunnel ends there; undefined:
   * not known.
   */
  hostsOf(cards: readonly HardwareAddress[], tunnel: BridgePort): readonly (Ipv4 | undefined)[];
}

/** ARP (RFC 826) on the segment: questions, and what other machines send. */
export interface SegmentArp {
  /** False: there is no ARP socket, so no question is ever answered. */
  readonly canAsk: boolean;
  /** Sends one request for an address. False: it could not be sent. */
  ask(address: Ipv4): boolean;
  /** Requests that were sent so far. */
  readonly questions?: number;
  /**
   * Calls `hear` for each ARP message with a sender address: with that address, and the machine that has sent it. That is
   * the network card that the frame comes from, whatever the message says; only where frames do not show that (a network
   * that translates MACs), the one that the message names.
   */
  onHeard(hear: (address: Ipv4, machine: HardwareAddress, speech: ArpSpeech) => void): void;
  /**
   * Calls `hear` for each ARP probe of another machine (RFC 5227 §1.1), with the address that it would like to have and
   * the machine, as above.
   */
  onProbed(hear: (address: Ipv4, hardware: HardwareAddress) => void): void;
  /**
   * Calls `hear` for each broadcast request for the listen IP, with the address that it comes from and the machine, as above.
   * A kernel sends one only before it speaks to this host for the first time; another gateway sends one a minute. Absent:
   * that is not told.
   */
  onAsked?(hear: (asker: Ipv4, machine: HardwareAddress) => void): void;
  /** Reads the messages that have arrived, without waiting for the event loop; absent: they are told as they come. */
  hearNow?(): void;
  /** ARP about the listen IP itself; absent: not possible. */
  readonly listenIp?: ListenIpArp;
}

/** What another machine's ARP message tells of the listen IP. proxy: it answers for any address, even the network's. */
export type ListenIpSign = ArpSign | 'proxy';

/** RFC 5227: finds out whether another machine has the listen IP. */
export interface ListenIpArp {
  /** The interface's hardware address now. */
  readonly hardware: HardwareAddress;
  /** Asks who has the listen IP without naming a sender, which changes nobody's ARP cache (RFC 5227 §2.1.1). */
  probe(): void;
  /** Asks for the segment's network address, which nobody has: a machine that answers is a proxy. */
  probeNobody(): void;
  /** Announces that this machine has the listen IP (RFC 5227 §2.3). */
  announce(): void;
  /** Calls `hear` for each message of another machine about the listen IP. */
  onSign(hear: (sign: ListenIpSign, hardware: HardwareAddress) => void): void;
  /** Reads the messages that have arrived, without waiting for the event loop. */
  hearNow(): void;
}
