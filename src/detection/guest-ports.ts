import type { GuestHost } from '../engine/decision/decision.ts';
import { Bucket } from '../exchange/admission/bucket.ts';
import type { GuestPorts } from '../exchange/parts/exchange-parts.ts';
import type { Clock } from '../lease/clock.ts';
import { type BridgePort, portToText } from '../net/bridge-port.ts';
import type { Arrival } from '../net/datagram.ts';
import { type HardwareAddress, isStation } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { SegmentPorts } from '../transport/transport.ts';
import type { Message } from '../wire/message.ts';

/**
 * Cards whose ports are kept: a power of two. Each has a few cells to be in, of which the next card takes the one that was
 * asked for longest ago. So the cards of one round hardly ever take each other's.
 */
const CELLS = 8192;
const CELLS_OF_ONE = 4;
/** How long an answer is kept: milliseconds. A guest that was moved to another host is found elsewhere then. */
const KEPT_FOR = 600_000;
/** The same for a DHCPDISCOVER, with which a guest starts that was moved. */
const KEPT_FOR_START = 10_000;
/** The same where the bridge knows nothing of the card. */
const UNKNOWN_FOR = 1000;
/**
 * A question that takes longer than this shows that somebody else changes the kernel's network settings, which it waits
 * for: milliseconds. Then nothing is asked for so many times as long, so that most of the time is the messages'.
 */
const SLOW = 50;
const HOLD_OFF = 5;
/** But no longer than this: milliseconds. */
const MOST_HOLD_OFF = 1000;
/** Questions about cards that speak by ARP: so many at once, and 16 more a second. */
const QUESTIONS = { burst: 64, interval: 1000 / 16 };
/** Time from one search for the bridge to the next: milliseconds. */
const REFRESH = 30_000;

/**
 * Where the guests are plugged in, asked once for each, and kept. The kernel is asked for all cards of a round together. Its
 * memory is fixed, whatever MACs are forged. Nothing safe rests on it: not to know is an answer too.
 */
export class BridgeGuestPorts implements GuestPorts {
  readonly #segment: SegmentPorts;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #seed: number;
  readonly #cards = new Float64Array(CELLS);
  /** Monotonic milliseconds. */
  readonly #askedAt = new Float64Array(CELLS).fill(Number.NEGATIVE_INFINITY);
  readonly #ports: (BridgePort | undefined)[] = new Array<undefined>(CELLS).fill(undefined);
  /** Of cards behind a tunnel. */
  readonly #hosts: (Ipv4 | undefined)[] = new Array<undefined>(CELLS).fill(undefined);
  readonly #wanted: HardwareAddress[] = [];
  #heldOffUntil = Number.NEGATIVE_INFINITY;
  #refreshedAt: number;
  readonly #questions = new Bucket();

  /** `seed`: of 32 bits, and known to no client. */
  constructor(segment: SegmentPorts, clock: Pick<Clock, 'monotonic'>, seed: number) {
    this.#segment = segment;
    this.#clock = clock;
    this.#seed = seed;
    this.#refreshedAt = clock.monotonic();
  }

  note({ type, hardware, giaddr }: Message, { frameSource }: Arrival): void {
    if (!this.#segment.hasBridge || giaddr !== UNSPECIFIED || !isStation(hardware)) return;
    if (frameSource !== undefined) return; // Another card has sent it.
    const now = this.#clock.monotonic();
    const found = this.#find(hardware);
    const isKnown = found >= 0;
    const cell = isKnown ? found : this.#oldestFor(hardware);
    const keptFor = type === 'DHCPDISCOVER' ? KEPT_FOR_START : KEPT_FOR;
    const kept = this.#ports[cell] === undefined ? UNKNOWN_FOR : keptFor;
    if (isKnown && now - (this.#askedAt[cell] ?? 0) < kept) return;
    if (now < this.#heldOffUntil) return;
    if (!isKnown) {
      this.#ports[cell] = undefined;
      this.#hosts[cell] = undefined;
    }
    this.#cards[cell] = hardware;
    this.#askedAt[cell] = now;
    this.#wanted.push(hardware);
  }

  ask(): void {
    if (this.#wanted.length === 0) return;
    const begun = this.#clock.monotonic();
    const ports = this.#segment.portsOf(this.#wanted);
    this.#keep(this.#wanted, this.#ports, ports);
    this.#askHosts(ports);
    const ended = this.#clock.monotonic();
    if (ended - begun >= SLOW)
      this.#heldOffUntil = ended + Math.min(MOST_HOLD_OFF, HOLD_OFF * (ended - begun));
    this.#wanted.length = 0;
  }

  /** At which other hosts those are that are behind a tunnel. */
  #askHosts(ports: readonly (BridgePort | undefined)[]): void {
    const tunnel = ports.find((port) => port?.kind === 'tunnel');
    if (tunnel === undefined) return;
    const cards = this.#wanted.filter((_card, index) => ports[index]?.index === tunnel.index);
    this.#keep(cards, this.#hosts, this.#segment.hostsOf(cards, tunnel));
  }

  #keep<Kept>(
    cards: readonly HardwareAddress[],
    column: (Kept | undefined)[],
    values: readonly (Kept | undefined)[],
  ): void {
    for (const [index, card] of cards.entries()) {
      const cell = this.#find(card);
      if (cell >= 0) column[cell] = values[index];
    }
  }

  hostOf({ hardware, giaddr }: Message): GuestHost {
    return giaddr === UNSPECIFIED ? this.hostOfCard(hardware) : undefined;
  }

  /** The host that a card is at. It asks nobody. */
  hostOfCard(card: HardwareAddress): GuestHost {
    const cell = this.#find(card);
    const port = cell < 0 ? undefined : this.#ports[cell];
    if (port === undefined) return undefined;
    if (port.kind === 'tunnel') return this.#hosts[cell];
    // Where guests of other hosts come by a tunnel, all others are at this one.
    return port.kind === 'guest' || this.#segment.tunnelEnds.length > 0 ? 'own' : undefined;
  }

  /** Where the tunnels of this host end, by which other gateways know it. Empty: nothing comes by a tunnel here. */
  get tunnelEnds(): readonly Ipv4[] {
    return this.#segment.tunnelEnds;
  }

  portOf({ hardware, giaddr }: Message): BridgePort | undefined {
    return giaddr === UNSPECIFIED ? this.portOfCard(hardware) : undefined;
  }

  /** Undefined: not known. It asks nobody. */
  portOfCard(card: HardwareAddress): BridgePort | undefined {
    const cell = this.#find(card);
    return cell < 0 ? undefined : this.#ports[cell];
  }

  /** Where a card is plugged in, for people; asks the kernel if it is not kept. For a line of the log, not for each message. */
  portTextOf(card: HardwareAddress): string | undefined {
    const cell = this.#find(card);
    const port = cell < 0 ? this.#segment.portsOf([card])[0] : this.#ports[cell];
    return port === undefined ? undefined : portToText(port);
  }

  /** True if a card is behind a guest's port now. Asks the kernel, but not too often: what is not known then is false. */
  isOfGuest(card: HardwareAddress): boolean {
    const now = this.#clock.monotonic();
    if (!this.#segment.hasBridge || now < this.#heldOffUntil) return false;
    if (!this.#questions.takeIfFree(now, QUESTIONS)) return false;
    const [port] = this.#segment.portsOf([card]);
    return port?.kind === 'guest';
  }

  /** Call it about once a second: the interface may have become a port, or the bridge another one. */
  check(): void {
    const now = this.#clock.monotonic();
    if (now - this.#refreshedAt < REFRESH) return;
    this.#refreshedAt = now;
    this.#segment.refresh();
  }

  /** The cell of a card; negative: it has none, or there is no bridge any more. */
  #find(card: HardwareAddress): number {
    if (!this.#segment.hasBridge) return -1;
    const first = this.#firstFor(card);
    for (let cell = first; cell < first + CELLS_OF_ONE; cell += 1)
      if (this.#cards[cell] === card) return cell;
    return -1;
  }

  #oldestFor(card: HardwareAddress): number {
    const first = this.#firstFor(card);
    let oldest = first;
    for (let cell = first + 1; cell < first + CELLS_OF_ONE; cell += 1)
      if ((this.#askedAt[cell] ?? 0) < (this.#askedAt[oldest] ?? 0)) oldest = cell;
    return oldest;
  }

  #firstFor(card: HardwareAddress): number {
    const low = Math.imul((card >>> 0) ^ this.#seed, 0x85ebca6b);
    const hash = Math.imul(low ^ (low >>> 15) ^ Math.floor(card / 0x1_0000_0000), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & (CELLS - CELLS_OF_ONE);
  }
}
