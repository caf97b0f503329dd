import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Clock } from '../lease/clock.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../net/ipv4.ts';
import { goneRemedy, goneText } from '../store/gone-gateway.ts';
import { AskingGateways } from './asking-gateways.ts';
import type { ClusterPeersView } from './cluster-peers.ts';
import { LAP_LIMIT, LATELY } from './found-gateways.ts';
import type { Peers } from './peers.ts';

/**
 * there: ARP has shown it lately. away: it is asked for by ARP, and has not answered for more than two minutes. stopped: its
 * machine answers ARP, but no gateway asks from there any more. unknown: ARP cannot ask for it, or has not done so for two
 * minutes yet.
 */
export type GatewayState = 'there' | 'away' | 'stopped' | 'unknown';

/** Another gateway of the pool that shares no leases with this one, or a machine at an address that may be a gateway's. */
export interface OtherGateway {
  /** Dotted. */
  readonly address: string;
  readonly state: GatewayState;
  /** False: it has done nothing that only a gateway does, so it may be another machine. */
  readonly isGateway: boolean;
  /** Seconds since a client was heard selecting it; null: none was. */
  readonly selectedSeconds: number | null;
  /** Seconds since it was heard by ARP; null: it was not. */
  readonly arpSeconds: number | null;
  /**
   * Seconds since it last sent a broadcast ARP request for this gateway; null: not lately. A gateway sends one a minute. Any
   * other machine sends one now and then.
   */
  readonly arpAskedSeconds: number | null;
}

/** As `Peers.presentFor`. */
const TOLD_FOR = 'a day, or for the longest lease time if that is longer';
const LOOK = {
  cut: 'look at the link of this node first (`ip -br link`, `vps-gateway doctor`), then whether the nodes of the others are up and their gateways run (`systemctl status vps-gateway`)',
  away: 'look whether its node is up and reaches this segment (there: `ip -br link`), and then whether its gateway runs (`systemctl status vps-gateway`)',
  stopped: 'look on its node whether its gateway runs (`systemctl status vps-gateway`, `vps-gateway doctor`)',
} as const;

/** What is known of the other gateways that share no leases with this one: by clients' selections, and by ARP. */
export class OtherGateways {
  #known: ReadonlySet<Ipv4> = new Set();
  /** This gateway's address, for which others ask. */
  #self: Ipv4 = UNSPECIFIED;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #log: Log;
  readonly #peers: Peers;
  /** Undefined: leases are not shared. */
  readonly #sharing: Pick<ClusterPeersView, 'live'> | undefined;
  #asking: AskingGateways;
  /** When a client of another node selected each last, as far as is known: monotonic milliseconds. */
  readonly #selectedAt = new Map<Ipv4, number>();
  /** Those that ARP has shown elsewhere than behind a guest's port of this node; and those that it has shown only there. */
  readonly #shown = new Set<Ipv4>();
  readonly #shownByGuests = new Set<Ipv4>();
  /** Those that are logged as gone. */
  readonly #gone = new Set<Ipv4>();

  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    log: Log,
    peers: Peers,
    sharing: Pick<ClusterPeersView, 'live'> | undefined,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#peers = peers;
    this.#sharing = sharing;
    this.#asking = new AskingGateways(clock);
  }

  /** All addresses of the plan that may be gateways; `Peers.known` are those that are listened to. */
  get known(): ReadonlySet<Ipv4> {
    return this.#known;
  }

  /** This gateway has this address from now on, and those may be other gateways. */
  follow(self: Ipv4, known: ReadonlySet<Ipv4>): void {
    // Whoever has asked for the old address need not know the new one, so its silence tells nothing.
    if (self !== this.#self) this.#asking = new AskingGateways(this.#clock);
    this.#self = self;
    this.#known = known;
  }

  /**
   * A machine was heard by ARP.
   *
   * @param isOfGuest Whether the machine is a guest of this node.
   */
  hear(address: Ipv4, isOfGuest: () => boolean): void {
    if (!this.#known.has(address)) return;
    if (!this.#shown.has(address)) {
      if (isOfGuest()) this.#shownByGuests.add(address);
      else this.#shown.add(address);
    }
    this.#peers.found.note(address, this.#clock.monotonic());
    this.#peers.hear(address);
  }

  /**
   * A machine has asked everybody by ARP for this gateway's address.
   *
   * @param isOfGuest As of `hear`: a guest may name any address as its own.
   */
  hearAsker(address: Ipv4, isOfGuest: () => boolean): void {
    if (this.#known.has(address) && !isOfGuest()) this.#asking.note(address);
  }

  /** A client that is no guest of this node, as far as is known, has selected a gateway. */
  noteSelection(gateway: Ipv4): void {
    if (this.#known.has(gateway)) this.#selectedAt.set(gateway, this.#clock.monotonic());
  }

  /** By address, in order. */
  get list(): readonly OtherGateway[] {
    const now = this.#clock.monotonic();
    const secondsSince = (at: number | undefined) =>
      at === undefined ? null : Math.round((now - at) / 1000);
    return this.#addresses().map((address) => ({
      address: ipv4ToText(address),
      state: this.#stateOf(address),
      isGateway: this.#isGateway(address),
      selectedSeconds: secondsSince(this.#peers.selectedAt(address)),
      arpSeconds: secondsSince(this.#peers.found.foundAt(address)),
      arpAskedSeconds: secondsSince(this.#asking.askedAt(address)),
    }));
  }

  /** True: a gateway is or was there, or a machine that may be one. */
  isKnown(address: Ipv4): boolean {
    const { peers, found, presentFor } = this.#peers;
    if (peers.has(address)) return this.#sharing?.live.has(address) !== true;
    // Gateways that share leases know each other from the store, so a machine that only answers ARP is no gateway.
    if (this.#sharing !== undefined || !this.#known.has(address)) return false;
    const foundAt = found.foundAt(address);
    return foundAt !== undefined && this.#clock.monotonic() - foundAt < presentFor;
  }

  /** True: it was a gateway at work, and now it does not answer ARP, or only its machine does. */
  isGone(address: Ipv4): boolean {
    return this.isKnown(address) && this.#isGateway(address) && isGone(this.#stateOf(address));
  }

  /** Call it once a second. */
  check(): void {
    this.#forget();
    const states = this.#states();
    for (const address of this.#gone)
      if (!(states.has(address) && this.#isGateway(address))) this.#gone.delete(address);
    for (const [address, state] of states) this.#logChange(address, state, states);
  }

  /** Undefined: none is gone. */
  get problem(): RunningProblem | undefined {
    const states = this.#states();
    const gone = [...states].filter(([address, state]) => isGone(state) && this.#isGateway(address));
    if (gone.length === 0) return undefined;
    const texts = gone.map(([address, state]) => this.#goneText(address, state));
    if (isCut(states))
      texts.push('no other gateway answers: it may be this node that is cut off from the segment');
    const [, state] = gone.find(([, each]) => each === 'away') ?? gone[0] ?? [];
    const remedy = goneRemedy(lookOf(state, states), TOLD_FOR);
    return { name: 'gateway-gone', message: texts.join('; '), remedy, stopsNewGuests: false };
  }

  /** Its machine may answer ARP for ever, so the time counts from when its process was at work last. */
  #forget(): void {
    const { presentFor } = this.#peers;
    const now = this.#clock.monotonic();
    const forgotten = this.#asking.check((address) => now - (this.#atWorkAt(address) ?? now) >= presentFor);
    // It is not back.
    for (const address of forgotten) this.#gone.delete(address);
  }

  #addresses(): readonly Ipv4[] {
    const all = new Set([...this.#known, ...this.#peers.peers.keys()]);
    return [...all].filter((address) => this.isKnown(address)).sort((one, other) => one - other);
  }

  #states(): ReadonlyMap<Ipv4, GatewayState> {
    return new Map(this.#addresses().map((address) => [address, this.#stateOf(address)]));
  }

  /** True: it has done what only a gateway does: a client selected it, or it asks as a gateway does. */
  #isGateway(address: Ipv4): boolean {
    if (this.#asking.isGateway(address)) return true;
    const isGuest = this.#shownByGuests.has(address) && !this.#shown.has(address);
    return this.#peers.peers.has(address) && !isGuest;
  }

  #stateOf(address: Ipv4): GatewayState {
    const { found } = this.#peers;
    const now = this.#clock.monotonic();
    const askedSince = found.askedSince(address);
    const isLong = askedSince !== undefined && now - askedSince >= LATELY;
    if (!found.isThere(address)) return isLong ? 'away' : 'unknown';
    const isAtWork = now - (this.#atWorkAt(address) ?? now) < LATELY;
    // Of more addresses than that, its own laps need not ask for this gateway, so that it does not ask tells nothing.
    const hasToAsk = this.#known.size <= LAP_LIMIT && this.#asking.isGateway(address);
    return isLong && hasToAsk && !isAtWork ? 'stopped' : 'there';
  }

  /**
   * When its process last showed that it is at work: it asked, or a client selected it, which it had just answered.
   * Undefined: never.
   */
  #atWorkAt(address: Ipv4): number | undefined {
    const [askedAt, selectedAt] = [this.#asking.askedAt(address), this.#selectedAt.get(address)];
    return askedAt === undefined ? selectedAt : Math.max(askedAt, selectedAt ?? askedAt);
  }

  #goneText(address: Ipv4, state: GatewayState): string {
    const now = this.#clock.monotonic();
    const { found } = this.#peers;
    const seenAt = state === 'away' ? [found.foundAt(address), this.#peers.selectedAt(address)] : [];
    const times = [...seenAt, this.#atWorkAt(address)].filter((at) => at !== undefined);
    const lastAt = times.length === 0 ? now : Math.max(...times);
    const what =
      state === 'away' ? 'does not answer ARP' : 'only its machine answers ARP, as if its process had ended';
    return goneText(ipv4ToText(address), this.#clock.now() - (now - lastAt), what);
  }

  #logChange(address: Ipv4, state: GatewayState, states: ReadonlyMap<Ipv4, GatewayState>): void {
    if (state === 'there' && this.#gone.delete(address))
      this.#log.info({ gateway: ipv4ToText(address) }, 'another gateway is back');
    if (!isGone(state) || this.#gone.has(address) || !this.#isGateway(address)) return;
    this.#gone.add(address);
    const fields = { gateway: ipv4ToText(address), cause: this.#goneText(address, state) };
    const remedy = goneRemedy(lookOf(state, states), TOLD_FOR);
    this.#log.warn({ ...fields, remedy }, 'another gateway is gone');
  }
}

function isGone(state: GatewayState): state is 'away' | 'stopped' {
  return state === 'away' || state === 'stopped';
}

/** True if none of them answers ARP: then it may be this node that is cut off. */
function isCut(states: ReadonlyMap<Ipv4, GatewayState>): boolean {
  return [...states.values()].every((state) => state === 'away');
}

function lookOf(state: GatewayState | undefined, states: ReadonlyMap<Ipv4, GatewayState>): string {
  if (isCut(states)) return LOOK.cut;
  return state === 'away' ? LOOK.away : LOOK.stopped;
}
