import type { Arrival, Destination } from '../net/datagram.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ArpSign } from './linux/arp.ts';

/** Bytes that one receive may fill in one slot; a longer datagram is cut and marked. */
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
  /** True if every datagram that waited has been read. */
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
  /** Calls `run` whenever datagrams wait, again and again while they do, unless `pause` was called. */
  onReadable(run: () => void): void;
  /** Stops and resumes the calls of `run`; datagrams wait in the kernel meanwhile. */
  pause(): void;
  resume(): void;
  /** Reads all that waits, as far as the arena holds it; the unicast socket first, so that a RELEASE is not overtaken. */
  receive(arena: Arena): Batch;
  /** How many the kernel took; those that it refused are counted by the transport. */
  send(outgoing: readonly Outgoing[]): number;
  close(): void;
}

/** What can be asked of and heard on the segment by ARP (RFC 826). */
export interface SegmentArp {
  /** False: there is no socket for it, and nothing will ever be answered. */
  readonly canAsk: boolean;
  /** Sends one request for an address. */
  ask(address: Ipv4): void;
  /** Calls `hear` with each sender (address, hardware) of an ARP message that names a sender address. */
  onHeard(hear: (address: Ipv4, holder: HardwareAddress) => void): void;
  /** The same for the listen IP itself; absent: nothing can be asked or heard of it. */
  readonly listenIp?: ListenIpArp;
}

/** What another machine says of the listen IP. proxy: it answers for an address that nobody can have, so for any. */
export type ListenIpSign = ArpSign | 'proxy';

/** RFC 5227: whether the listen IP is this machine's alone. */
export interface ListenIpArp {
  /** Of the interface, now. */
  readonly hardware: HardwareAddress;
  /** Asks who has the listen IP without naming a sender, which changes nobody's ARP cache (RFC 5227 §2.1.1). */
  probe(): void;
  /** Asks for the segment's network address: who answers is a proxy. */
  probeNobody(): void;
  /** Says to everybody that the listen IP is here (RFC 5227 §2.3). */
  announce(): void;
  /** Calls `hear` with what other machines say of the listen IP. */
  onSign(hear: (sign: ListenIpSign, hardware: HardwareAddress) => void): void;
  /** Reads what has come and was not read yet. */
  hearNow(): void;
}
