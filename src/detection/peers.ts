import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { PeerObservations, PeerRequest, Rival, RivalryOutcome } from '../engine/decision/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import { CLAIM_SECONDS, type Instant, instant, type Version } from '../lease/lease.ts';
import { CLOCK_TOLERANCE } from '../lease/lease-end.ts';
import type { Log } from '../log/log.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { HeardSelection, LastHeard } from '../store/lease-store.ts';
import type { Claims } from './claims.ts';
import { FoundGateways } from './found-gateways.ts';
import { HeardRequests } from './heard-requests.ts';

/** A peer is present for this time after it was last observed, or for the longest lease if that is longer: milliseconds. */
const PRESENT = 86_400_000;
/** A peer that only an earlier process observed is present for this many times longer: nobody observed it between them. */
const REMEMBERED_TIMES = 2;
/** A gateway that is there has answered ARP by then: milliseconds. */
const FINDING_TIME = 4000;

const REMEDY =
  'leave it so, unless no address may ever be given twice: a lost broadcast or a gateway that stands still can defeat hearing. Then share the leases in etcd (GATEWAY_ETCD_ENDPOINTS), or give each gateway its own part of the pool (GATEWAY_DHCP_SHARE)';

const ABSENT_REMEDY =
  'nothing: the addresses that they claim are given away when nothing else is free. If the gateway is to serve this segment, see that it answers ARP; else look for the guest that forges DHCPREQUESTs';

/** When a peer was last observed. */
interface Observation {
  /** Monotonic milliseconds; before the start of this process if an earlier one observed it. */
  readonly since: number;
  readonly isRemembered: boolean;
}

/** Observes the other gateways of the segment: every gateway receives the broadcast DHCPREQUEST that selects one of them. */
export class Peers implements PeerObservations {
  /** The addresses that may be gateways, by the plan. */
  known: ReadonlySet<Ipv4> = new Set();
  /** The longest lease that a gateway grants: milliseconds. */
  longestLease = 0;
  readonly #began: number;
  readonly #revision: () => Version;
  #since: Instant;
  /** Wall clock minus monotonic clock, as in all instants here: milliseconds. */
  #offset: number;
  /** False: addresses are not asked for by ARP before they are promised, so that no claim could give way. */
  probes = true;
  /** Those that ARP has found. */
  readonly found: FoundGateways;
  /** The claims of clients that ARP has not confirmed yet. */
  claims: Pick<Claims, 'of'> | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Gateways that a client has named, or a stored record, and when first: monotonic milliseconds. */
  readonly #named = new Map<Ipv4, number>();
  /** Those of them that are not there, as was logged. */
  readonly #absent = new Set<Ipv4>();
  readonly #lastHeard = new Map<Ipv4, Instant>();
  /** When a client selected each address that may be a gateway's last: monotonic milliseconds. */
  readonly #selectedAt = new Map<Ipv4, number>();
  /** By the monotonic clock, since the wall clock may jump. It has the same keys as `#lastHeard`. */
  readonly #observations = new Map<Ipv4, Observation>();
  #changeCount = 0;
  /** Whom clients have selected, and for which addresses. */
  readonly requests = new HeardRequests((gateway) => this.#lastHeard.has(gateway));

  /** @param revision The newest change that is stored. */
  constructor(clock: Clock, log: Log, revision: () => Version = () => 0) {
    this.#clock = clock;
    this.#log = log;
    this.#revision = revision;
    this.#since = clock.now();
    this.#began = clock.monotonic();
    this.#offset = this.#since - this.#began;
    this.found = new FoundGateways(clock);
  }

  get since(): Instant {
    return this.#since;
  }

  /**
   * Moves all instants with a wall clock that was set, so that the time since each observation stays the same.
   *
   * @param offset Wall clock minus monotonic clock, now: milliseconds.
   */
  followClock(offset: number): void {
    const step = offset - this.#offset;
    if (Math.abs(step) <= CLOCK_TOLERANCE) return;
    this.#offset = offset;
    this.#since = instant(this.#since + step);
    for (const [peer, at] of this.#lastHeard) this.#lastHeard.set(peer, instant(at + step));
    this.requests.moveBy(step);
  }

  /** How long a silent peer counts as present: milliseconds. */
  get presentFor(): number {
    return Math.max(PRESENT, this.longestLease);
  }

  /** @param lastHeard Gateways that an earlier process observed, and how long each had been silent: milliseconds. */
  remember(lastHeard: LastHeard): void {
    for (const [peer, milliseconds] of lastHeard) {
      const observation = { since: this.#began - milliseconds, isRemembered: true };
      if (!this.known.has(peer) || this.#lastHeard.has(peer) || this.#isForgotten(observation)) continue;
      // Until the start, guests may have selected it.
      this.#lastHeard.set(peer, this.since);
      this.#observations.set(peer, observation);
      this.#selectedAt.set(peer, observation.since);
      this.name(peer);
      this.found.note(peer, observation.since);
      this.#changeCount += 1;
      const fields = { gateway: ipv4ToText(peer), remedy: REMEDY };
      this.#log.info(fields, 'another gateway was heard on this segment before the start');
    }
  }

  /** A stored record names a gateway: it counts when ARP finds it. */
  name(gateway: Ipv4): void {
    if (this.known.has(gateway) && !this.#named.has(gateway))
      this.#named.set(gateway, this.#clock.monotonic());
  }

  /** A machine was heard by ARP. */
  hear(address: Ipv4): void {
    if (!this.known.has(address)) return;
    this.found.note(address, this.#clock.monotonic());
    if (this.#named.has(address) && !this.#lastHeard.has(address)) this.#count(address);
  }

  isThere(gateway: Ipv4): boolean {
    if (!this.found.canFind) return true;
    const since = this.found.foundAt(gateway);
    const isRemembered = this.#observations.get(gateway)?.isRemembered === true;
    return since !== undefined && !this.#isForgotten({ since, isRemembered });
  }

  get claimSeconds(): number {
    return this.found.canFind && this.probes ? CLAIM_SECONDS : 0;
  }

  claimOf(hardware: HardwareAddress): Ipv4 | undefined {
    return this.claims?.of(hardware);
  }

  /** When a client selected this peer last: monotonic milliseconds. Undefined: no client was heard to, or it is no peer. */
  selectedAt(peer: Ipv4): number | undefined {
    return this.#lastHeard.has(peer) ? this.#selectedAt.get(peer) : undefined;
  }

  get peers(): ReadonlyMap<Ipv4, Instant> {
    return this.#lastHeard;
  }

  /** Changes whenever a peer appears or disappears. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** How long each peer has been silent: milliseconds. */
  get lastHeard(): LastHeard {
    const now = this.#clock.monotonic();
    return new Map([...this.#observations].map(([peer, { since }]) => [peer, now - since]));
  }

  /** A client asks another server for an address. A server that is no possible peer is ignored. */
  noteRequest(server: Ipv4, address: Ipv4, client: ClientKey, hardware: HardwareAddress): void {
    if (!this.known.has(server)) return;
    this.followClock(this.#clock.now() - this.#clock.monotonic());
    this.name(server);
    this.#selectedAt.set(server, this.#clock.monotonic());
    if (this.isThere(server)) this.#count(server);
    else this.found.want(server);
    const moment = { at: this.#clock.monotonic(), on: this.#clock.now() };
    this.requests.note(address, { granter: server, client, hardware, revision: this.#revision(), ...moment });
  }

  /** A request that an earlier process has heard: not in the future, whatever the clock was then. */
  recall(selection: HeardSelection): void {
    if (!this.known.has(selection.granter)) return;
    this.requests.recall({ ...selection, on: instant(Math.min(selection.on, this.#clock.now())) });
  }

  rivalFor(address: Ipv4, client: ClientKey, within = Number.POSITIVE_INFINITY): Rival | undefined {
    return this.requests.rivalFor(address, client, this.#clock.monotonic(), within);
  }

  rivalryOf(address: Ipv4, client: ClientKey): RivalryOutcome {
    return this.requests.rivalryOf(address, client);
  }

  lastRequestFor(address: Ipv4, client: ClientKey | undefined): PeerRequest | undefined {
    return this.requests.last(address, client);
  }

  /** Call it once a second: peers that have been silent for too long disappear. */
  check(): void {
    for (const [gateway, at] of this.#named) this.#noteAbsence(gateway, at);
    for (const [peer, observation] of this.#observations) {
      if (!this.#isForgotten(observation)) continue;
      this.#lastHeard.delete(peer);
      this.#observations.delete(peer);
      this.#named.delete(peer);
      this.#changeCount += 1;
      this.#log.warn({ gateway: ipv4ToText(peer) }, 'another gateway has not been heard for long');
    }
  }

  /**
   * The note that other gateways are present: nothing is wrong with that. Undefined: there are none.
   *
   * @param isGone Whether one of them is known not to be at work any more.
   */
  problem(isGone: (peer: Ipv4) => boolean = () => false): RunningProblem | undefined {
    if (this.#lastHeard.size === 0) return undefined;
    const nameOf = (peer: Ipv4) => `${ipv4ToText(peer)}${isGone(peer) ? ' (gone)' : ''}`;
    const names = [...this.#lastHeard.keys()].map(nameOf).join(', ');
    const message = `other gateways serve this pool, and nothing is shared with them: ${names}`;
    return { name: 'peers', message, remedy: REMEDY, stopsNewGuests: false, isNote: true };
  }

  /** ARP has had the time to find it. */
  #noteAbsence(gateway: Ipv4, at: number): void {
    if (this.isThere(gateway)) this.#absent.delete(gateway);
    else if (!this.#absent.has(gateway) && this.#clock.monotonic() - at >= FINDING_TIME) {
      this.#absent.add(gateway);
      const fields = { gateway: ipv4ToText(gateway), remedy: ABSENT_REMEDY };
      this.#log.warn(fields, 'clients name a gateway that is not on this segment');
    }
  }

  /** It is there, and a client has just named it. */
  #count(gateway: Ipv4): void {
    const isNew = !this.#lastHeard.has(gateway);
    this.#lastHeard.set(gateway, this.#clock.now());
    this.#observations.set(gateway, { since: this.#clock.monotonic(), isRemembered: false });
    if (!isNew) return;
    this.#changeCount += 1;
    this.#log.info({ gateway: ipv4ToText(gateway), remedy: REMEDY }, 'another gateway serves this segment');
  }

  #isForgotten({ since, isRemembered }: Observation): boolean {
    return this.#clock.monotonic() - since >= this.presentFor * (isRemembered ? REMEMBERED_TIMES : 1);
  }
}
