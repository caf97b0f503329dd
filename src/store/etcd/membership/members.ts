import type { Clock } from '../../../lease/clock.ts';
import { type Ipv4, ipv4FromText } from '../../../net/ipv4.ts';
import { type Etcd, endOfPrefix, type KeyValue, type WatchEvent } from '../client/etcd.ts';
import {
  answeringEnds,
  decodeHeartbeat,
  type Heartbeat,
  heartbeatsIn,
  type MirrorInHeartbeat,
  type Placement,
  type Profile,
} from '../keys/heartbeat.ts';
import type { Keys } from '../keys/keys.ts';
import { contradictionIn, differencesOf, type GatewayClaim, goesBefore, sameName } from './contradiction.ts';
import { GoneGateways } from './gone-gateways.ts';
import { OwnHeartbeat } from './own-heartbeat.ts';
import { PeerClocks } from './peer-clocks.ts';
import type { SharingProblem } from './sharing-problem.ts';
import { alarmsOf } from './space.ts';

/** How long `register` waits for the heartbeat of a previous process to end: milliseconds. */
const REGISTER_PATIENCE = 12_000;
const REGISTER_RETRY = 1000;

export interface MembersOptions {
  readonly etcd: Etcd;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly node: string;
  readonly instance: string;
  /** True: this gateway may compact etcd. */
  readonly compacts: boolean;
  /** How far this gateway's mirror has come. */
  readonly mirror: () => MirrorInHeartbeat;
  /** Where this gateway is; absent or undefined: nothing is told of that. */
  readonly placement?: () => Placement | undefined;
}

/**
 * The gateways of a segment. Each keeps a heartbeat in etcd, a key that etcd deletes soon after the gateway has gone. Two
 * gateways with one name or address, or with different settings that must agree, are a mistake, and one of them refuses
 * to grant.
 */
export class Members {
  readonly #options: MembersOptions;
  readonly #clocks: PeerClocks;
  readonly #gone: GoneGateways;
  readonly #own: OwnHeartbeat;
  /** The heartbeats of all gateways that are alive, this one's too, by their nodes. */
  readonly #heartbeats = new Map<string, Heartbeat>();
  /** Undefined: this gateway has not registered. */
  #profile: Profile | undefined;
  #isRefused = false;
  #announcedGeneration = '';
  #conflict: string | undefined;
  #live: ReadonlySet<Ipv4> = new Set();
  /** The other gateways that answer the guests of their own hosts now, by where the tunnels of those end. */
  #byHost: ReadonlyMap<Ipv4, Ipv4> = new Map();
  /** As JSON. */
  #announcedPlacement: string | undefined;
  #differences: readonly SharingProblem[] = [];

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#clocks = new PeerClocks(options.clock);
    this.#gone = new GoneGateways(options.clock);
    const { etcd, clock, keys, node, instance } = options;
    this.#own = new OwnHeartbeat({ etcd, clock, key: keys.ofGateway(node), instance });
  }

  /** The other gateways that are alive and grant, by their server identifiers. */
  get live(): ReadonlySet<Ipv4> {
    return this.#live;
  }

  /** The gateway at another host that is alive, sees where its guests are plugged in, and grants now. */
  gatewayAt(host: Ipv4): Ipv4 | undefined {
    return this.#byHost.get(host);
  }

  /** Why this gateway may not grant: another one contradicts its settings. Undefined: none does. */
  get problem(): string | undefined {
    return this.#conflict;
  }

  /** True: it is this gateway's task to compact etcd. Of those that grant and may compact, it has the lowest address. */
  get isFirstToCompact(): boolean {
    const { compacts, node } = this.#options;
    const own = ipv4FromText(this.#profile?.listenIp ?? '');
    if (!compacts || own === undefined) return false;
    return ![...this.#heartbeats.values()].some((heartbeat) => {
      const isRival = heartbeat.node !== node && !heartbeat.isRefused && heartbeat.compacts === true;
      return isRival && (ipv4FromText(heartbeat.listenIp) ?? own) < own;
    });
  }

  /** One for each setting that should be equal on all gateways, and is not. */
  get differences(): readonly SharingProblem[] {
    return this.#differences;
  }

  /** One for each gateway that has gone and has not said so. */
  get goneProblems(): readonly SharingProblem[] {
    return this.#gone.problems;
  }

  /** Their listen IPs. */
  get gone(): ReadonlySet<Ipv4> {
    return this.#gone.addresses;
  }

  /** The same, by their nodes, and dotted. */
  get goneAddresses(): Readonly<Record<string, string>> {
    return this.#gone.byNode;
  }

  /** Every gateway that is alive, this one too: its listen IP, dotted, by its node. */
  get addresses(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#heartbeats].map(([node, { listenIp }]) => [node, listenIp]));
  }

  /** The wall clocks of the other gateways. */
  get clocks(): PeerClocks {
    return this.#clocks;
  }

  /**
   * Registers this process as the gateway of its node. While another gateway contradicts it, it asks again, as long as the
   * heartbeat of a previous process may last.
   *
   * @param waits Called once, with the contradiction, where `register` waits.
   * @returns The contradiction that stays; undefined: none, or etcd does not answer now.
   */
  async register(profile: Profile, waits: (cause: string) => void): Promise<string | undefined> {
    const { clock, etcd, keys } = this.#options;
    this.#profile = undefined;
    const start = clock.monotonic();
    for (let isFirst = true; ; isFirst = false) {
      const range = await etcd.range(keys.gateways, endOfPrefix(keys.gateways)).catch(() => undefined);
      const found = range && new Map(range.found.map((entry) => [entry.key, entry]));
      const others = found === undefined ? [] : heartbeatsIn(keys, found);
      const contradiction = contradictionIn(others, this.#claimOf(profile));
      if (contradiction === undefined) {
        this.#profile = profile;
        this.#conflict = undefined;
        this.#own.take(found?.get(keys.ofGateway(this.#options.node)));
        await this.renewHeartbeat();
        return undefined;
      }
      if (clock.monotonic() - start >= REGISTER_PATIENCE) return contradiction;
      if (isFirst) waits(contradiction);
      await new Promise<void>((resolve) => clock.after(REGISTER_RETRY, resolve));
    }
  }

  /** Other settings are in force; the others hear of it at once. */
  describe(settings: Omit<Profile, 'listenIp'>): void {
    if (this.#profile === undefined) return;
    this.#profile = { ...this.#profile, ...settings };
    this.#own.hurry();
    this.#judge();
    void this.renewHeartbeat();
  }

  /** Tells the other gateways whether this one refuses to grant; at once if that is new. Never rejects. */
  announce(isRefused: boolean): void {
    const { birth: generation } = this.#options.mirror();
    if (isRefused === this.#isRefused && generation === this.#announcedGeneration) return;
    this.#isRefused = isRefused;
    this.#announcedGeneration = generation;
    this.#own.hurry();
    void this.renewHeartbeat();
  }

  /** Call it once a second: renews the heartbeat when it is time. True: etcd has accepted it. Never rejects. */
  async renewHeartbeat(): Promise<boolean> {
    const profile = this.#profile;
    if (profile === undefined) return false;
    const placement = JSON.stringify(this.#options.placement?.());
    if (!this.#own.isDue(placement !== this.#announcedPlacement)) return false;
    this.#announcedPlacement = placement;
    const renewal = await this.#own.renew(() => this.#heartbeatOf(profile));
    if (renewal.kind === 'reclaimed') this.#conflict = undefined;
    if (renewal.kind === 'overwritten' && renewal.other !== undefined)
      this.#conflict = sameName(this.#options.node, renewal.other);
    return renewal.kind === 'accepted' || renewal.kind === 'reclaimed';
  }

  /** Takes the heartbeats of a snapshot. They may be old, so no clock is judged by them. */
  learnAll(found: ReadonlyMap<string, KeyValue>): void {
    const { keys } = this.#options;
    for (const node of this.#heartbeats.keys()) if (!found.has(keys.ofGateway(node))) this.#forget(node);
    for (const entry of found.values()) this.#learn(entry, undefined);
    this.#judge();
  }

  learn(event: WatchEvent): void {
    const { keys, clock } = this.#options;
    const key = event.kind === 'put' ? event.entry.key : event.key;
    const node = keys.gatewayOf(key);
    if (node === undefined) return;
    if (event.kind === 'delete') {
      if (node !== this.#options.node) this.#gone.ended(node, this.#heartbeats.get(node)?.listenIp ?? '');
      this.#forget(node);
    } else this.#learn(event.entry, clock.now());
    this.#judge();
  }

  /**
   * Ends the heartbeat, so the others need not wait until it runs out. A full etcd grants no new one: there the heartbeat
   * stays, and the next process takes it over. Never rejects.
   */
  async leave(): Promise<void> {
    const { etcd } = this.#options;
    this.#profile = undefined;
    const lease = this.#own.etcdLease;
    if (lease === undefined) return;
    const alarms = await alarmsOf(etcd).catch(() => undefined);
    if (alarms === undefined || alarms.some(({ kind }) => kind === 'no-space')) return;
    await etcd.revokeEtcdLease(lease).catch(() => undefined);
  }

  /** @param now The time at which the heartbeat arrived; undefined: it is of a snapshot, and may be old. */
  #learn(entry: KeyValue, now: number | undefined): void {
    const name = this.#options.keys.gatewayOf(entry.key);
    const heartbeat = name === undefined ? undefined : decodeHeartbeat(entry.value);
    if (name === undefined || heartbeat === undefined) return;
    this.#heartbeats.set(name, heartbeat);
    this.#gone.heard(name);
    if (now !== undefined && name !== this.#options.node) this.#clocks.learn(name, heartbeat.at, now);
  }

  #forget(node: string): void {
    this.#heartbeats.delete(node);
    this.#clocks.forget(node);
  }

  /** Judges all heartbeats anew: who is alive, and whether one contradicts this gateway, which may have begun without etcd. */
  #judge(): void {
    const { node } = this.#options;
    const others = [...this.#heartbeats.values()];
    const granting = others.filter((other) => other.node !== node && !other.isRefused);
    const addresses = granting.map(({ listenIp }) => ipv4FromText(listenIp));
    this.#live = new Set(addresses.filter((address) => address !== undefined));
    this.#byHost = new Map(granting.flatMap(gatewayByHost));
    if (this.#profile === undefined) return;
    const profile = this.#profile;
    // This gateway's settings, not those in the heartbeat of its previous process.
    const self = { node, agreed: { ...profile.mustBeEqual, ...profile.shouldBeEqual } };
    const gateways = [self, ...others.filter((other) => other.node !== node)];
    this.#differences = differencesOf(gateways, profile);
    if (this.#own.isTaken) return;
    const claim = this.#claimOf(profile);
    this.#conflict = contradictionIn(
      others.filter((other) => goesBefore(other, claim)),
      claim,
    );
  }

  #claimOf(profile: Profile): GatewayClaim {
    const { node, instance } = this.#options;
    return { ...profile, node, instance };
  }

  #heartbeatOf({ listenIp, mustBeEqual, shouldBeEqual }: Profile): Heartbeat {
    const { clock, node, instance, mirror, compacts } = this.#options;
    const placement = this.#options.placement?.();
    const where = placement === undefined ? {} : { placement };
    const state = { ...mirror(), isRefused: this.#isRefused, compacts, ...where };
    const texts = { listenIp, agreed: { ...mustBeEqual, ...shouldBeEqual } };
    return { node, ...texts, instance, at: clock.now(), ...state };
  }
}

/** Its server identifier, by each address at which a tunnel of its host ends. */
function gatewayByHost(heartbeat: Heartbeat): [host: Ipv4, gateway: Ipv4][] {
  const gateway = ipv4FromText(heartbeat.listenIp);
  const hosts = answeringEnds(heartbeat).map((end) => ipv4FromText(end));
  return hosts.flatMap((host) => (host === undefined || gateway === undefined ? [] : [[host, gateway]]));
}
