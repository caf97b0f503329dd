import type { Clock } from '../../../lease/clock.ts';
import { CLOCK_TOLERANCE } from '../../../lease/lease-end.ts';
import { type Ipv4, ipv4FromText } from '../../../net/ipv4.ts';
import { type Etcd, endOfPrefix, type KeyValue, type Revision, type WatchEvent } from '../client/etcd.ts';
import { CLOCK_GRACE } from '../keys/clock-grace.ts';
import type { Keys } from '../keys/entry.ts';
import {
  decodeHeartbeat,
  type Heartbeat,
  heartbeatsIn,
  type MirrorInHeartbeat,
  type Profile,
} from '../keys/heartbeat.ts';
import { contradictionIn, differencesOf, type GatewayClaim, goesBefore, sameName } from './contradiction.ts';
import type { SharingProblem } from './sharing-problem.ts';
import { alarmsOf } from './space.ts';

/** etcd deletes a heartbeat this long after its gateway last renewed it: seconds. */
const HEARTBEAT_TTL_SECONDS = 10;
/** How often it is renewed: milliseconds. */
const HEARTBEAT_EVERY = 3000;
/** A predecessor's heartbeat is waited out for so long: milliseconds. */
const REGISTER_PATIENCE = 12_000;
const REGISTER_RETRY = 1000;
/** Of a gateway's clock so many heartbeats are kept; the one that was on its way for the least time counts. */
const SAMPLES = 4;
/** A heartbeat's key that another process has written so often in turn is another gateway's, not a predecessor's. */
const MOST_OVERWRITES = 3;

export interface MembersOptions {
  readonly etcd: Etcd;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly node: string;
  readonly instance: string;
  /** It may compact etcd. */
  readonly compacts: boolean;
  /** For the heartbeat. */
  readonly mirror: () => MirrorInHeartbeat;
}

interface KnownGateway {
  readonly heartbeat: Heartbeat;
  /** How far its clock is ahead of ours, by its last heartbeats, less their time on the way: milliseconds. */
  readonly offsets: readonly number[];
  /** Our wall clock less the monotonic one when the last of them came: milliseconds. */
  readonly base: number;
}

/**
 * The gateways of a segment: each keeps a key in etcd that ends with it. Two with one name or address, or with another
 * pool or identity than the others, would be mistakes of the settings, and one of them does not start.
 */
export class Members {
  readonly #options: MembersOptions;
  readonly #known = new Map<string, KnownGateway>();
  /** Undefined: this gateway has not been let in. */
  #profile: Profile | undefined;
  #etcdLease: string | undefined;
  /** The modification revision of this gateway's key, as it must be when it is written next; 0: it is not there. */
  #written: Revision = 0;
  #overwrites = 0;
  /** Of another process's heartbeat under this name, when it was met last. */
  #otherRevision: Revision = 0;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isBeating = false;
  #isRefused = false;
  #announcedGeneration = '';
  #conflict: string | undefined;
  #live: ReadonlySet<Ipv4> = new Set();
  #differences: readonly SharingProblem[] = [];
  #agreedAt: number | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** The other gateways that are alive and grant, by their server identifiers. */
  get live(): ReadonlySet<Ipv4> {
    return this.#live;
  }

  /** A mistake of the settings that showed after the start; undefined: none. */
  get problem(): string | undefined {
    return this.#conflict;
  }

  /** Of those that are alive, grant and may compact etcd, this one has the lowest address. */
  get isFirstToCompact(): boolean {
    const { compacts, node } = this.#options;
    const own = ipv4FromText(this.#profile?.listenIp ?? '');
    if (!compacts || own === undefined) return false;
    return ![...this.#known.values()].some(({ heartbeat }) => {
      const isRival = heartbeat.node !== node && !heartbeat.isRefused && heartbeat.compacts === true;
      return isRival && (ipv4FromText(heartbeat.listenIp) ?? own) < own;
    });
  }

  /** One for each setting that should be equal on all gateways, and is not. */
  get differences(): readonly SharingProblem[] {
    return this.#differences;
  }

  /** The greatest difference between this clock and another gateway's, in milliseconds, and whose. */
  get skew(): { readonly milliseconds: number; readonly node: string } {
    let greatest = { milliseconds: 0, node: '' };
    for (const [node, { offsets }] of this.#known) {
      if (node === this.#options.node || offsets.length < SAMPLES) continue;
      const milliseconds = Math.max(...offsets);
      if (Math.abs(milliseconds) > Math.abs(greatest.milliseconds)) greatest = { milliseconds, node };
    }
    return greatest;
  }

  /** When another gateway's heartbeat, the moment it came, agreed with this clock last: monotonic milliseconds. */
  get agreedAt(): number | undefined {
    return this.#agreedAt;
  }

  /** True if the newest heartbeat of another live gateway agrees with this clock as it is now, and that of none differs. */
  get agrees(): boolean {
    return this.#newestOffsets().length > 0 && !this.differs;
  }

  /** True if the newest heartbeat of another live gateway differs from this clock: what that was set by since it came counts. */
  get differs(): boolean {
    return this.#newestOffsets().some((offset) => Math.abs(offset) > CLOCK_GRACE);
  }

  /**
   * Says who this is, unless another gateway contradicts it: then it is asked again as long as a predecessor's heartbeat
   * may last, and the contradiction returned. Undefined: there is none, or etcd cannot be had now. `waits` hears why.
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
        const before = found?.get(keys.ofGateway(this.#options.node));
        this.#written = before?.modRevision ?? 0;
        // Of the process before this one: an etcd without space grants no new one.
        if (before !== undefined && before.etcdLease !== '0') this.#etcdLease ??= before.etcdLease;
        await this.beat();
        return undefined;
      }
      if (clock.monotonic() - start >= REGISTER_PATIENCE) return contradiction;
      if (isFirst) waits(contradiction);
      await new Promise<void>((resolve) => clock.after(REGISTER_RETRY, resolve));
    }
  }

  /** Whether this gateway finds in etcd what it knows; the others hear of it at once if it is new. */
  announce(isRefused: boolean): void {
    const { birth: generation } = this.#options.mirror();
    if (isRefused === this.#isRefused && generation === this.#announcedGeneration) return;
    this.#isRefused = isRefused;
    this.#announcedGeneration = generation;
    this.#beatAt = Number.NEGATIVE_INFINITY;
    void this.beat();
  }

  /** For every second; says that this gateway is alive when it is time. True: etcd has taken it. Never rejects. */
  async beat(): Promise<boolean> {
    const { clock } = this.#options;
    if (this.#profile === undefined || this.#isBeating) return false;
    if (clock.monotonic() - this.#beatAt < HEARTBEAT_EVERY) return false;
    this.#beatAt = clock.monotonic();
    this.#isBeating = true;
    try {
      return await this.#put(this.#profile);
    } catch {
      return false; // With the same etcd lease again: while etcd has no space, it grants no new one and keeps this alive.
    } finally {
      this.#isBeating = false;
    }
  }

  /** What a snapshot has; the heartbeats in it may be old, and say nothing of clocks. */
  learnAll(found: ReadonlyMap<string, KeyValue>): void {
    const { keys } = this.#options;
    for (const node of this.#known.keys()) if (!found.has(keys.ofGateway(node))) this.#known.delete(node);
    for (const entry of found.values()) this.#learn(entry, undefined);
    this.#count();
  }

  learn(event: WatchEvent): void {
    const { keys, clock } = this.#options;
    const key = event.kind === 'put' ? event.entry.key : event.key;
    const node = keys.gatewayOf(key);
    if (node === undefined) return;
    if (event.kind === 'delete') this.#known.delete(node);
    else this.#learn(event.entry, clock.now());
    this.#count();
  }

  /**
   * The heartbeat ends now, and the others need not wait for it to run out. Where etcd is full it is left to run out: the
   * next process takes it over, for etcd grants no new one, and the gateway would serve unseen. Never rejects.
   */
  async leave(): Promise<void> {
    const { etcd } = this.#options;
    this.#profile = undefined;
    const lease = this.#etcdLease;
    if (lease === undefined) return;
    const alarms = await alarmsOf(etcd).catch(() => undefined);
    if (alarms === undefined || alarms.some(({ kind }) => kind === 'no-space')) return;
    await etcd.revokeEtcdLease(lease).catch(() => undefined);
  }

  get #base(): number {
    return this.#options.clock.now() - this.#options.clock.monotonic();
  }

  #newestOffsets(): readonly number[] {
    const others = [...this.#known].filter(([node]) => node !== this.#options.node);
    const base = this.#base;
    return others.flatMap(([, known]) => {
      const newest = known.offsets.at(-1);
      return newest === undefined ? [] : [newest + known.base - base];
    });
  }

  #learn(entry: KeyValue, now: number | undefined): void {
    const name = this.#options.keys.gatewayOf(entry.key);
    const heartbeat = name === undefined ? undefined : decodeHeartbeat(entry.value);
    if (name === undefined || heartbeat === undefined) return;
    const { offsets: before, base } = this.#known.get(name) ?? { offsets: [], base: 0 };
    if (now === undefined) this.#known.set(name, { heartbeat, offsets: before, base });
    else {
      const offsets = [...before, heartbeat.at - now].slice(-SAMPLES);
      this.#known.set(name, { heartbeat, offsets, base: this.#base });
    }
    const { node, clock } = this.#options;
    if (now === undefined || name === node || Math.abs(heartbeat.at - now) > CLOCK_TOLERANCE) return;
    this.#agreedAt = clock.monotonic();
  }

  /** Who is alive now, and whether this gateway may be among them: it may have begun while nobody could be asked. */
  #count(): void {
    const { node } = this.#options;
    const others = [...this.#known.values()].map(({ heartbeat }) => heartbeat);
    const granting = others.filter((other) => other.node !== node && !other.isRefused);
    const addresses = granting.map(({ listenIp }) => ipv4FromText(listenIp));
    this.#live = new Set(addresses.filter((address) => address !== undefined));
    if (this.#profile === undefined) return;
    const profile = this.#profile;
    // Of this gateway its own settings count, not those of the process before it.
    const self = { node, agreed: { ...profile.agreed, ...profile.alike } };
    const gateways = [self, ...others.filter((other) => other.node !== node)];
    this.#differences = differencesOf(gateways, profile);
    if (this.#overwrites >= MOST_OVERWRITES) return;
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

  /** False: another process has written the key, or it has ended, and nothing was written. */
  async #put(profile: Profile): Promise<boolean> {
    const { etcd, keys, clock, node, instance, mirror, compacts } = this.#options;
    const isKept = this.#etcdLease !== undefined && (await etcd.keepAlive(this.#etcdLease));
    if (!isKept) this.#etcdLease = await etcd.grantEtcdLease(HEARTBEAT_TTL_SECONDS);
    const etcdLease = this.#etcdLease;
    if (etcdLease === undefined) return false;
    const key = keys.ofGateway(node);
    const state = { ...mirror(), isRefused: this.#isRefused, compacts };
    const { listenIp, agreed, alike } = profile;
    const texts = { listenIp, agreed: { ...agreed, ...alike } };
    const heartbeat: Heartbeat = { node, ...texts, instance, at: clock.now(), ...state };
    const value = Buffer.from(JSON.stringify(heartbeat), 'utf8');
    // Nested as leases are: what etcd takes of the one without space, it takes of the other.
    const put = { compare: [], success: [{ kind: 'put', key, value, etcdLease }], failure: [] } as const;
    const { succeeded, revision, results } = await etcd.transact({
      compare: [{ key, modRevision: this.#written }],
      success: [{ kind: 'transaction', transaction: put }],
      failure: [{ kind: 'get', key }],
    });
    if (succeeded) {
      this.#written = revision;
      if (this.#overwrites >= MOST_OVERWRITES) this.#conflict = undefined;
      this.#overwrites = 0;
      return true;
    }
    const [read] = results;
    const found = read?.kind === 'get' ? read.found : undefined;
    const other = found === undefined ? undefined : decodeHeartbeat(found.value);
    const isSilent = found?.modRevision === this.#otherRevision;
    this.#otherRevision = found?.modRevision ?? 0;
    if (found === undefined || other === undefined || other.instance === instance || isSilent) {
      // It had ended; or the answer to the last one was lost; or it is a predecessor's, who beats no more.
      this.#written = this.#otherRevision;
      this.#beatAt = Number.NEGATIVE_INFINITY; // Again within a second.
      return false;
    }
    this.#overwrites += 1;
    if (this.#overwrites >= MOST_OVERWRITES) this.#conflict = sameName(node, other);
    return false;
  }
}
