import type { Arrival, Destination } from '../../src/net/datagram.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { ArpSpeech } from '../../src/transport/linux/arp.ts';
import {
  type Arena,
  type Batch,
  type Datagram,
  type ListenIpArp,
  type ListenIpSign,
  type Outbox,
  type Outgoing,
  RECEIVE_SLOT_BYTES,
  SEND_SLOT_BYTES,
  type SegmentArp,
  type Transport,
} from '../../src/transport/transport.ts';
import { at } from './plan.ts';

/** A reply as it left: its own copy of the bytes. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly destination: Destination;
}

/** Fills an arena where no datagram lies. */
const UNREAD = 0xaa;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly arrival: Arrival;
}

export interface SimulatedTransportOptions {
  /** The listen IP. */
  readonly local?: Ipv4;
  /** How many replies one send takes. */
  readonly outboxCapacity?: number;
  /** How many datagrams an arena takes at most; as many as are wished for unless said. */
  readonly arenaCapacity?: number;
  readonly maximumPayload?: number;
}

/** Sockets without a network. Tests put datagrams in and read replies out. */
export class SimulatedTransport implements Transport {
  readonly kind = 'simulated';
  readonly maximumPayload: number;
  readonly outbox: Outbox;
  /** Every reply in the order of leaving. */
  readonly sent: Sent[] = [];
  /** How many replies each call of `send` had. */
  readonly sends: number[] = [];
  /** Called with every reply, before `send` returns. */
  onSent: (reply: Sent) => void = () => {};
  /** True: the kernel takes no reply. */
  refuses = false;
  isPaused = false;
  isClosed = false;
  readonly #local: Ipv4;
  readonly #arenaCapacity: number;
  #unicast: Waiting[] = [];
  #broadcast: Waiting[] = [];
  #run: () => void = () => {};
  readonly #arenas: Arena[] = [];
  /** Slots that the last datagrams lie in. */
  readonly #used = new WeakMap<Arena, number>();

  constructor(options: SimulatedTransportOptions = {}) {
    this.#local = options.local ?? at('10.15.3.10');
    this.maximumPayload = options.maximumPayload ?? 1472;
    this.#arenaCapacity = options.arenaCapacity ?? Number.POSITIVE_INFINITY;
    const capacity = options.outboxCapacity ?? 64;
    const bytes = new Uint8Array(capacity * SEND_SLOT_BYTES);
    this.outbox = { bytes, view: new DataView(bytes.buffer), capacity };
  }

  /** How many arenas were made. */
  get arenas(): number {
    return this.#arenas.length;
  }

  /** Datagrams that wait to be read. */
  get unread(): number {
    return this.#unicast.length + this.#broadcast.length;
  }

  /** A client's datagram arrives; it is read by the next `deliver`. */
  put(bytes: Uint8Array, source: Ipv4 = UNSPECIFIED): void {
    const via = source === UNSPECIFIED ? 'broadcast' : 'unicast';
    const waiting = { bytes, arrival: { via, source, local: this.#local } } as const;
    if (via === 'unicast') this.#unicast.push(waiting);
    else this.#broadcast.push(waiting);
  }

  /** The sockets are readable, as often as datagrams wait. */
  deliver(): void {
    while (this.unread > 0 && !this.isPaused) this.#run();
  }

  arena(wished: number): Arena {
    const capacity = Math.min(wished, this.#arenaCapacity);
    const bytes = new Uint8Array(capacity * RECEIVE_SLOT_BYTES).fill(UNREAD);
    const arena = { bytes, view: new DataView(bytes.buffer), capacity };
    this.#arenas.push(arena);
    return arena;
  }

  onReadable(run: () => void): void {
    this.#run = run;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  receive(arena: Arena): Batch {
    this.#forget(arena);
    const datagrams: Datagram[] = [];
    while (datagrams.length < arena.capacity) {
      const next = this.#unicast.shift() ?? this.#broadcast.shift();
      if (next === undefined) break;
      const offset = datagrams.length * RECEIVE_SLOT_BYTES;
      const length = Math.min(next.bytes.length, RECEIVE_SLOT_BYTES);
      arena.bytes.set(next.bytes.subarray(0, length), offset);
      datagrams.push({ offset, length, truncated: length < next.bytes.length, arrival: next.arrival });
    }
    this.#used.set(arena, datagrams.length);
    return { arena, datagrams, drained: this.unread === 0 };
  }

  /** What lay here before must not be read again. */
  #forget(arena: Arena): void {
    arena.bytes.fill(UNREAD, 0, (this.#used.get(arena) ?? 0) * RECEIVE_SLOT_BYTES);
  }

  send(outgoing: readonly Outgoing[]): number {
    this.sends.push(outgoing.length);
    if (this.refuses) return 0;
    for (const { offset, length, destination } of outgoing) {
      const sent = { bytes: this.outbox.bytes.slice(offset, offset + length), destination };
      this.sent.push(sent);
      this.onSent(sent);
    }
    return outgoing.length;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** The listen IP on a segment where nobody else has it until a test says so. */
export class SimulatedListenIpArp implements ListenIpArp {
  readonly hardware: HardwareAddress;
  /** What was sent, in order. */
  readonly sent: ('probe' | 'announcement')[] = [];
  /** Who answers each probe, within the call. */
  readonly holders = new Set<HardwareAddress>();
  /** Who of them answers for every address. */
  readonly proxies = new Set<HardwareAddress>();
  /** How often an address that nobody can have was asked for. */
  askedForNobody = 0;
  #hear: (sign: ListenIpSign, hardware: HardwareAddress) => void = () => {};

  constructor(hardware: HardwareAddress) {
    this.hardware = hardware;
  }

  probe(): void {
    this.sent.push('probe');
    for (const holder of this.holders) this.say('use', holder);
  }

  probeNobody(): void {
    this.askedForNobody += 1;
    for (const proxy of this.proxies) this.say('proxy', proxy);
  }

  announce(): void {
    this.sent.push('announcement');
  }

  onSign(hear: (sign: ListenIpSign, hardware: HardwareAddress) => void): void {
    this.#hear = hear;
  }

  hearNow(): void {}

  /** Another machine sends ARP about the listen IP. */
  say(sign: ListenIpSign, hardware: HardwareAddress): void {
    this.#hear(sign, hardware);
  }
}

/** A segment on which nobody lives until a test says so. */
export class SimulatedSegment implements SegmentArp {
  canAsk = true;
  /** True: the kernel takes no request. */
  refuses = false;
  /** Every request, in order. */
  readonly asked: Ipv4[] = [];
  /** Who answers at once, within the call. */
  readonly holders = new Map<Ipv4, HardwareAddress>();
  /** Who answers beside them for an address that is asked for; undefined: nobody. */
  liar: (address: Ipv4) => HardwareAddress | undefined = () => undefined;
  /** What lies in the socket until it is read. */
  readonly unread: [address: Ipv4, holder: HardwareAddress][] = [];
  #hear: (address: Ipv4, machine: HardwareAddress, speech: ArpSpeech) => void = () => {};
  #hearProbe: (address: Ipv4, hardware: HardwareAddress) => void = () => {};
  #hearAsker: (asker: Ipv4, machine: HardwareAddress) => void = () => {};

  ask(address: Ipv4): boolean {
    if (this.refuses) return false;
    this.asked.push(address);
    const holder = this.holders.get(address);
    if (holder !== undefined) this.say(address, holder);
    const liar = this.liar(address);
    if (liar !== undefined) this.say(address, liar);
    return true;
  }

  onHeard(hear: (address: Ipv4, machine: HardwareAddress, speech: ArpSpeech) => void): void {
    this.#hear = hear;
  }

  onProbed(hear: (address: Ipv4, hardware: HardwareAddress) => void): void {
    this.#hearProbe = hear;
  }

  onAsked(hear: (asker: Ipv4, machine: HardwareAddress) => void): void {
    this.#hearAsker = hear;
  }

  /** Another gateway asks everybody for the listen IP. */
  askForSelf(asker: Ipv4, machine: HardwareAddress): void {
    this.#hearAsker(asker, machine);
  }

  hearNow(): void {
    for (const [address, holder] of this.unread.splice(0)) this.say(address, holder);
  }

  /** Somebody would like to have an address. */
  probe(address: Ipv4, hardware: HardwareAddress): void {
    this.#hearProbe(address, hardware);
  }

  /** Somebody names an address as its own. */
  say(address: Ipv4, holder: HardwareAddress, speech: ArpSpeech = 'answer'): void {
    this.#hear(address, holder, speech);
  }
}
