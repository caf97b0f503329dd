import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Cluster } from '../detection/cluster.ts';
import type { Random } from '../lease/clock.ts';
import type { Lease } from '../lease/lease.ts';
import type { Say } from '../log/say.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { systemClock } from '../server/system-clock.ts';
import type { CertificateProblem, Certificates } from '../store/etcd/client/certificates.ts';
import { EtcdStore } from '../store/etcd/etcd-store.ts';
import { CLOCK_GRACE } from '../store/etcd/keys/clock-grace.ts';
import { Keys } from '../store/etcd/keys/entry.ts';
import { mirrorOf } from '../store/etcd/keys/heartbeat.ts';
import { Members } from '../store/etcd/membership/members.ts';
import { Upkeep } from '../store/etcd/membership/upkeep.ts';
import type { Mirror } from '../store/mirror.ts';
import type { EtcdConnection, EtcdSettings } from './etcd-connection.ts';

/** Clocks that differ by so much are worth a warning: milliseconds. */
const SKEW_WARNING = 5000;

/** What the settings say of a store that gateways share. */
export interface SharedSettings extends EtcdSettings {
  readonly segment: string;
  readonly node: string;
}

/** Undefined: no endpoints are set, and the leases are in the SQLite file alone. */
export function sharedSettings({ settings, origins }: LoadedSettings): SharedSettings | undefined {
  const { etcdEndpoints, segment } = settings;
  if (etcdEndpoints.length === 0 || segment === undefined) return undefined;
  return { settings, origins, segment, node: nodeOf(settings) };
}

/** GATEWAY_NODE_NAME, or the host's name. */
export function nodeOf({ nodeName }: Settings): string {
  return nodeName ?? hostname();
}

const RANDOM_BYTES = 6;

/** 0 <= x < 1, as nobody can know it. */
export const random: Random = () => randomBytes(RANDOM_BYTES).readUIntBE(0, RANDOM_BYTES) / 2 ** 48;

export interface SharedParts {
  readonly shared: SharedSettings;
  readonly etcd: EtcdConnection['etcd'];
  readonly mirror: Mirror;
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly say: Say;
}

/** The store that gateways share, not yet of a listen address. */
export function sharedStore({ shared, etcd, mirror, inFlight, say }: SharedParts): EtcdStore {
  const { segment, node, settings } = shared;
  const members = new Members({
    etcd,
    keys: new Keys(segment),
    clock: systemClock,
    node,
    instance: randomBytes(8).toString('hex'),
    compacts: settings.etcdCompact !== 'off',
    mirror: () => mirrorOf(mirror.standing, segment),
  });
  const { etcdCompact: compacting, etcdQuota: quota } = settings;
  const upkeep = new Upkeep({ etcd, clock: systemClock, compacting, quota, say });
  return new EtcdStore({
    ...{ etcd, segment, node, mirror, members, inFlight, clock: systemClock, random, say, upkeep },
  });
}

/** The gateways of the segment, as the server asks about them. */
export class SharingGateways implements Cluster {
  readonly grace = CLOCK_GRACE;
  /** Undefined until the store is there. */
  store: EtcdStore | undefined;
  /** Undefined until etcd is spoken to, and without TLS. */
  certificates: Certificates | undefined;

  get live(): ReadonlySet<Ipv4> {
    return this.store?.members.live ?? NOBODY;
  }

  get agreedAt(): number | undefined {
    return this.store?.members.agreedAt;
  }

  isByWallClock(lease: Lease): boolean {
    return this.store?.isByWallClock(lease) === true;
  }

  get certificateProblems(): readonly CertificateProblem[] {
    return this.certificates?.problems ?? [];
  }

  get problems(): readonly string[] {
    const { differences = [] } = this.store?.members ?? {};
    return [...this.#skewProblems(), ...differences, ...(this.store?.space ?? [])];
  }

  #skewProblems(): readonly string[] {
    const { milliseconds = 0, node = '' } = this.store?.members.skew ?? {};
    if (Math.abs(milliseconds) < SKEW_WARNING) return [];
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    return [
      `the clock of ${node} is ${seconds} s ${milliseconds > 0 ? 'ahead' : 'behind'}, and no lease ends by it here: see that both nodes set their time by NTP`,
    ];
  }
}

const NOBODY: ReadonlySet<Ipv4> = new Set();
