import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { PeerObservations, PeerRequest, Rival, Rivalry } from '../engine/decision/decision.ts';
import { RIVAL_WINDOW, rivalryOfRepeated, rivalryOfSecond } from '../engine/decision/rivals.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import { type Instant, instant, type Version } from '../lease/lease.ts';
import { CLOCK_TOLERANCE } from '../lease/lease-end.ts';
import type { Log } from '../log/log.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { LastHeard } from '../store/lease-store.ts';

/** A peer that was heard within this time is there, or within the longest lease: milliseconds. */
const PRESENT = 86_400_000;
/** One that only an earlier process has heard counts for longer: while none ran it may have been heard of by nobody. */
const REMEMBERED_TIMES = 2;
/** For so long a client asks again for what it has selected (RFC 2131 §4.1): milliseconds. */
const SELECTION_TIME = 60_000;
/** Addresses that are remembered, and clients that ask for one of them. */
const RIVAL_LIMIT = 4096;
const RIVALS_OF_ONE = 8;

const REMEDY =
  'the gateways share the pool by hearing alone, which lost broadcasts and pauses can defeat: give each its own part (GATEWAY_DHCP_SHARE), or run one';

/** How long a peer has been silent, as far as it was listened for. */
interface Silence {
  /** Monotonic milliseconds; of one that an earlier process has heard it is before this one's start. */
  readonly since: number;
  readonly isRemembered: boolean;
}

interface HeardRival extends PeerRequest {
  /** When it was heard, and when its client asked the same gateway for the same address first: monotonic milliseconds. */
  readonly at: number;
  readonly firstAt: number;
  readonly rivalry: Rivalry;
}

/** The other gateways of the segment, by what clients ask of them: a DHCPREQUEST that names another server is heard by all. */
export class Peers implements PeerObservations {
  /** The addresses that may be gateways; the plan's. */
  known: ReadonlySet<Ipv4> = new Set();
  /** The longest lease that a gateway gives: milliseconds. */
  longestLease = 0;
  readonly #began: number;
  readonly #revision: () => Version;
  #since: Instant;
  /** The wall clock less the monotonic one, as all instants here have it: milliseconds. */
  #offset: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lastHeard = new Map<Ipv4, Instant>();
  /** Of all that are in `#heard`: the wall clock may jump. */
  readonly #silences = new Map<Ipv4, Silence>();
  #changeCount = 0;
  /** By address, the oldest first. */
  #rivals = new Map<Ipv4, readonly HeardRival[]>();

  /** `revision`: the newest change that is stored. */
  constructor(clock: Clock, log: Log, revision: () => Version = () => 0) {
    this.#clock = clock;
    this.#log = log;
    this.#revision = revision;
    this.#since = clock.now();
    this.#began = clock.monotonic();
    this.#offset = this.#since - this.#began;
  }

  get since(): Instant {
    return this.#since;
  }

  /**
   * The wall clock less the monotonic one, as it is now. A clock that was set changes nothing of how long ago something
   * was heard: all instants move with it.
   */
  followClock(offset: number): void {
    const step = offset - this.#offset;
    if (Math.abs(step) <= CLOCK_TOLERANCE) return;
    this.#offset = offset;
    this.#since = instant(this.#since + step);
    for (const [peer, at] of this.#lastHeard) this.#lastHeard.set(peer, instant(at + step));
    const moved = (rival: HeardRival) => ({ ...rival, on: instant(rival.on + step) });
    this.#rivals = new Map([...this.#rivals].map(([address, rivals]) => [address, rivals.map(moved)]));
  }

  /** How long a peer that is silent counts: milliseconds. */
  get presentFor(): number {
    return Math.max(PRESENT, this.longestLease);
  }

  /** Gateways that were heard before this process began, and how long they had been silent then. */
  remember(lastHeard: LastHeard): void {
    for (const [peer, milliseconds] of lastHeard) {
      const silence = { since: this.#began - milliseconds, isRemembered: true };
      if (!this.known.has(peer) || this.#lastHeard.has(peer) || this.#isOver(silence)) continue;
      // It may have been heard of by others until just before.
      this.#lastHeard.set(peer, this.since);
      this.#silences.set(peer, silence);
      this.#changeCount += 1;
      const fields = { gateway: ipv4ToText(peer), remedy: REMEDY };
      this.#log.warn(fields, 'another gateway was heard on this segment before the start');
    }
  }

  get peers(): ReadonlyMap<Ipv4, Instant> {
    return this.#lastHeard;
  }

  /** Another number whenever a peer has come or gone. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** How long each has been silent. */
  get lastHeard(): LastHeard {
    const now = this.#clock.monotonic();
    return new Map([...this.#silences].map(([peer, { since }]) => [peer, now - since]));
  }

  /** A client asks another server for an address; what is no peer is nobody. */
  noteRequest(server: Ipv4, address: Ipv4, client: ClientKey, hardware: HardwareAddress): void {
    if (!this.known.has(server)) return;
    const isNew = !this.#lastHeard.has(server);
    this.followClock(this.#clock.now() - this.#clock.monotonic());
    this.#lastHeard.set(server, this.#clock.now());
    this.#silences.set(server, { since: this.#clock.monotonic(), isRemembered: false });
    const moment = { at: this.#clock.monotonic(), on: this.#clock.now() };
    const rival = { granter: server, client, hardware, revision: this.#revision(), ...moment };
    const rivals = withRival(this.#rivals.get(address) ?? [], rival);
    this.#rivals.delete(address);
    this.#rivals.set(address, rivals.slice(-RIVALS_OF_ONE));
    if (this.#rivals.size > RIVAL_LIMIT) this.#forgetOldest();
    if (isNew) {
      this.#changeCount += 1;
      this.#log.warn({ gateway: ipv4ToText(server), remedy: REMEDY }, 'another gateway serves this segment');
    }
  }

  rivalFor(address: Ipv4, client: ClientKey, within = Number.POSITIVE_INFINITY): Rival | undefined {
    const now = this.#clock.monotonic();
    let first: Rival | undefined;
    for (const rival of this.#rivals.get(address) ?? []) {
      if (rival.client === client || now - rival.at >= RIVAL_WINDOW || now - rival.firstAt >= within)
        continue;
      if (first === undefined || rival.granter < first.granter) first = rival;
    }
    return first;
  }

  rivalryOf(address: Ipv4, client: ClientKey): Rivalry {
    return this.#rivals.get(address)?.find((rival) => rival.client === client)?.rivalry ?? 'won';
  }

  lastRequestFor(address: Ipv4, client: ClientKey | undefined): PeerRequest | undefined {
    return this.#rivals
      .get(address)
      ?.findLast((rival) => rival.client !== client && rival.rivalry !== 'lost');
  }

  /** For now and then: who was not heard for long is gone. */
  check(): void {
    for (const [peer, silence] of this.#silences) {
      if (!this.#isOver(silence)) continue;
      this.#lastHeard.delete(peer);
      this.#silences.delete(peer);
      this.#changeCount += 1;
      this.#log.warn({ gateway: ipv4ToText(peer) }, 'another gateway has not been heard for long');
    }
  }

  /** What is wrong about it, for the status. */
  get problem(): RunningProblem | undefined {
    if (this.#lastHeard.size === 0) return undefined;
    const names = [...this.#lastHeard.keys()].map(ipv4ToText).join(', ');
    const message = `other gateways serve this pool, and nothing is shared with them: ${names}`;
    return { name: 'peers', message, remedy: REMEDY, stopsNewGuests: false };
  }

  #isOver({ since, isRemembered }: Silence): boolean {
    return this.#clock.monotonic() - since >= this.presentFor * (isRemembered ? REMEMBERED_TIMES : 1);
  }

  #forgetOldest(): void {
    for (const address of this.#rivals.keys()) {
      this.#rivals.delete(address);
      return;
    }
  }
}

/** All that have asked for one address, the oldest first: one client once, however often it has asked. */
function withRival(
  rivals: readonly HeardRival[],
  request: Omit<HeardRival, 'firstAt' | 'rivalry'>,
): readonly HeardRival[] {
  const before = rivals.find(({ client }) => client === request.client);
  const others = rivals.filter((rival) => rival !== before);
  // A client that selects another gateway has given up what it asked for before.
  if (before?.granter === request.granter && request.at - before.at < SELECTION_TIME) {
    const { firstAt } = before;
    const rivalry = rivalryOfRepeated(before.rivalry, request.at - firstAt);
    return [...others, { ...request, firstAt, rivalry }];
  }
  const beside = (rival: HeardRival) => rivalryBeside(rival, request);
  const all = others.map(beside);
  const rivalry = all.includes('lost') ? 'lost' : all.includes('open') ? 'open' : 'won';
  // Those that it has won against have lost.
  const left = others.map((rival) => {
    const was = beside(rival);
    if (rivalry === 'lost' || was === undefined) return rival;
    return { ...rival, rivalry: was === 'won' ? ('lost' as const) : was };
  });
  return [...left, { ...request, firstAt: request.at, rivalry }];
}

/** How a new request stands beside one that was heard before. Undefined: that one is no rival of it, or has lost. */
function rivalryBeside(
  rival: HeardRival,
  { granter, at }: Pick<HeardRival, 'granter' | 'at'>,
): Rivalry | undefined {
  const isRival = rival.rivalry !== 'lost' && rival.granter !== granter && at - rival.at < RIVAL_WINDOW;
  return isRival ? rivalryOfSecond(rival.granter, granter, at - rival.firstAt) : undefined;
}
