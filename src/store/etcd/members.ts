import type { Clock } from '../../lease/clock.ts';
import { type Ipv4, ipv4FromText } from '../../net/ipv4.ts';
import type { Keys } from './entry.ts';
import { type Etcd, endOfPrefix, type KeyValue, type WatchEvent } from './etcd.ts';

/** A heartbeat ends so long after its gateway's last sign of life: seconds. */
const LIFE_SECONDS = 10;
/** How often it is renewed: milliseconds. */
const BEAT = 3000;
/** A predecessor's heartbeat is waited out for so long: milliseconds. */
const PATIENCE = 15_000;
const RETRY = 1000;
/** Of a gateway's clock so many heartbeats are kept; the one that was on its way for the least time counts. */
const SAMPLES = 4;
/** So many heartbeats of another process under this name are another gateway's: a predecessor that is ending has fewer. */
const DOUBLES = 3;

/** What a gateway says of itself to the others. */
export interface Profile {
  readonly listenIp: string;
  /** What all gateways of a segment must agree on, each as text. */
  readonly agreed: Readonly<Record<string, string>>;
}

/** The value of a heartbeat's key. */
export interface Heartbeat extends Profile {
  readonly node: string;
  /** This process; two that share a name are told apart by it. */
  readonly instance: string;
  /** Its clock: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The birth and revision of its mirror; '' and 0: it has none. */
  readonly birth: string;
  readonly revision: number;
}

export interface MembersOptions {
  readonly etcd: Etcd;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly node: string;
  readonly instance: string;
  /** For the heartbeat. */
  readonly mirror: () => { readonly birth: string; readonly revision: number };
}

interface Known {
  readonly heartbeat: Heartbeat;
  /** How far its clock is ahead of ours, by its last heartbeats, less their time on the way: milliseconds. */
  readonly offsets: readonly number[];
}

/**
 * The gateways of a segment: each keeps a key in etcd that ends with it. Two with one name or address, or with another
 * pool or identity than the others, would be mistakes of the settings, and one of them does not start.
 */
export class Members {
  readonly #options: MembersOptions;
  readonly #known = new Map<string, Known>();
  #profile: Profile | undefined;
  #etcdLease: string | undefined;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isBeating = false;
  #doubles = 0;
  #problem: string | undefined;
  #live: ReadonlySet<Ipv4> = new Set();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** The other gateways that are alive, by their server identifiers. */
  get live(): ReadonlySet<Ipv4> {
    return this.#live;
  }

  /** All that are alive, this one too once it has been heard. */
  get heartbeats(): readonly Heartbeat[] {
    return [...this.#known.values()].map(({ heartbeat }) => heartbeat);
  }

  /** A mistake of the settings that showed after the start; undefined: none. */
  get problem(): string | undefined {
    return this.#problem;
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

  /**
   * Says who this is, unless another gateway contradicts it: then it is asked again as long as a predecessor's heartbeat
   * may last, and the contradiction returned. Undefined: there is none, or etcd cannot be had now.
   */
  async claim(profile: Profile): Promise<string | undefined> {
    const { clock } = this.#options;
    this.#profile = profile;
    const start = clock.monotonic();
    for (;;) {
      const contradiction = await this.#contradiction(profile).catch(() => undefined);
      if (contradiction === undefined || clock.monotonic() - start >= PATIENCE) {
        this.#problem = contradiction;
        if (contradiction === undefined) await this.beat();
        return contradiction;
      }
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }

  /** For every second; says that this gateway is alive when it is time. Never rejects. */
  async beat(): Promise<void> {
    const { clock } = this.#options;
    if (this.#profile === undefined || this.#isBeating || this.#problem !== undefined) return;
    if (clock.monotonic() - this.#beatAt < BEAT) return;
    this.#beatAt = clock.monotonic();
    this.#isBeating = true;
    try {
      await this.#put(this.#profile);
    } catch {
      this.#etcdLease = undefined; // It is tried again with a new one.
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

  /** The heartbeat ends now, and the others need not wait for it to run out. Never rejects. */
  async leave(): Promise<void> {
    this.#profile = undefined;
    const lease = this.#etcdLease;
    if (lease === undefined) return;
    await this.#options.etcd.revokeEtcdLease(lease).catch(() => undefined);
  }

  #learn(entry: KeyValue, now: number | undefined): void {
    const { keys, node, instance } = this.#options;
    const name = keys.gatewayOf(entry.key);
    const heartbeat = name === undefined ? undefined : decodeHeartbeat(entry.value);
    if (name === undefined || heartbeat === undefined) return;
    const before = this.#known.get(name)?.offsets ?? [];
    const offsets = now === undefined ? before : [...before, heartbeat.at - now].slice(-SAMPLES);
    this.#known.set(name, { heartbeat, offsets });
    if (name !== node || heartbeat.instance === instance || now === undefined) return;
    this.#doubles += 1;
    if (this.#doubles >= DOUBLES) this.#problem = sameName(node, heartbeat);
  }

  #count(): void {
    const own = this.#options.node;
    const others = this.heartbeats.filter(({ node }) => node !== own);
    this.#live = new Set(
      others.map(({ listenIp }) => ipv4FromText(listenIp)).filter((one) => one !== undefined),
    );
  }

  async #contradiction(profile: Profile): Promise<string | undefined> {
    const { etcd, keys, node, instance } = this.#options;
    const { found } = await etcd.range(keys.gateways, endOfPrefix(keys.gateways));
    for (const { value } of found) {
      const other = decodeHeartbeat(value);
      if (other === undefined || other.instance === instance) continue;
      if (other.node === node) {
        // The process before this one, on the same node, is no other gateway.
        if (other.listenIp !== profile.listenIp) return sameName(node, other);
        continue;
      }
      if (other.listenIp === profile.listenIp)
        return `${other.node} has the listen IP ${profile.listenIp} too: each gateway needs its own (GATEWAY_DHCP_LISTEN_IP)`;
      const differing = Object.entries(profile.agreed).find(([name, value]) => other.agreed[name] !== value);
      if (differing !== undefined) {
        const [name, value] = differing;
        return `${name} is ${value} here and ${other.agreed[name]} on ${other.node} (${other.listenIp}): all gateways of a segment must agree`;
      }
    }
    return undefined;
  }

  async #put(profile: Profile): Promise<void> {
    const { etcd, keys, clock, node, instance, mirror } = this.#options;
    const isKept = this.#etcdLease !== undefined && (await etcd.keepAlive(this.#etcdLease));
    if (!isKept) this.#etcdLease = await etcd.grantEtcdLease(LIFE_SECONDS);
    const etcdLease = this.#etcdLease;
    if (etcdLease === undefined) return;
    const heartbeat: Heartbeat = { node, ...profile, instance, at: clock.now(), ...mirror() };
    const value = Buffer.from(JSON.stringify(heartbeat), 'utf8');
    const success = [{ kind: 'put', key: keys.ofGateway(node), value, etcdLease }] as const;
    await etcd.transact({ compare: [], success, failure: [] });
  }
}

function sameName(node: string, { listenIp }: Heartbeat): string {
  return `another gateway, at ${listenIp}, has the node name ${node} too: each needs its own (GATEWAY_NODE_NAME)`;
}

/** Undefined for what no version of us has written. */
export function decodeHeartbeat(value: Uint8Array): Heartbeat | undefined {
  try {
    const heartbeat = JSON.parse(Buffer.from(value).toString('utf8')) as Heartbeat;
    const { node, listenIp, instance, at, agreed } = heartbeat;
    const areTexts = [node, listenIp, instance].every((text) => typeof text === 'string');
    return areTexts && typeof at === 'number' && typeof agreed === 'object' && agreed !== null
      ? heartbeat
      : undefined;
  } catch {
    return undefined;
  }
}
