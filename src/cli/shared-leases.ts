import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Endpoint } from '../config/etcd-kinds.ts';
import { SETTINGS, type SettingKey, type Settings } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Random } from '../lease/clock.ts';
import type { Lease } from '../lease/lease.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Cluster } from '../server/cluster.ts';
import { systemClock } from '../server/system-clock.ts';
import type { Say } from '../store/etcd/admission.ts';
import { Keys } from '../store/etcd/entry.ts';
import type { Etcd } from '../store/etcd/etcd.ts';
import { EtcdStore } from '../store/etcd/etcd-store.ts';
import type { GrpcEtcdOptions } from '../store/etcd/grpc-etcd.ts';
import { Members } from '../store/etcd/members.ts';
import { CLOCK_GRACE } from '../store/etcd/reckoning.ts';
import type { Mirror } from '../store/mirror.ts';

/** Clocks that differ by so much are worth a warning: milliseconds. */
const SKEW_WARNING = 5000;

/** What the settings say of a store that gateways share. */
export interface SharedSettings {
  readonly settings: Settings;
  readonly segment: string;
  readonly node: string;
}

/** Undefined: no endpoints are set, and the leases are in the SQLite file alone. */
export function sharedSettings(settings: Settings): SharedSettings | undefined {
  const { etcdEndpoints, segment } = settings;
  if (etcdEndpoints.length === 0 || segment === undefined) return undefined;
  return { settings, segment, node: nodeOf(settings) };
}

/** GATEWAY_NODE_NAME, or the host's name. */
export function nodeOf({ nodeName }: Settings): string {
  return nodeName ?? hostname();
}

/** Connects to etcd when it is asked first. Throws bad-settings for certificates that cannot be read. */
export async function connect({ settings }: SharedSettings): Promise<Etcd> {
  const { etcdEndpoints, etcdUser, etcdPassword } = settings;
  const tls = isSecure(etcdEndpoints, settings.etcdCa ?? settings.etcdCert)
    ? {
        ...pem(settings, 'etcdCa', 'ca'),
        ...pem(settings, 'etcdCert', 'cert'),
        ...pem(settings, 'etcdKey', 'key'),
      }
    : undefined;
  const options: GrpcEtcdOptions = {
    endpoints: etcdEndpoints.map(({ target }) => target),
    clock: systemClock,
  };
  const user =
    etcdUser === undefined || etcdPassword === undefined
      ? undefined
      : { name: etcdUser, password: etcdPassword };
  const { GrpcEtcd } = await import('../store/etcd/grpc-etcd.ts'); // Whoever shares nothing need not wait for it.
  return new GrpcEtcd({
    ...options,
    ...(tls === undefined ? {} : { tls }),
    ...(user === undefined ? {} : { user }),
  });
}

function isSecure(endpoints: readonly Endpoint[], certificate: string | undefined): boolean {
  return endpoints.some(({ scheme }) => scheme === 'https') || certificate !== undefined;
}

function pem<Name extends string>(
  settings: Settings,
  key: 'etcdCa' | 'etcdCert' | 'etcdKey',
  name: Name,
): { readonly [Key in Name]?: Buffer } {
  const file = settings[key];
  if (file === undefined) return {};
  try {
    return { [name]: readFileSync(file) } as { [Key in Name]: Buffer };
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const remedy = `set ${SETTINGS[key].variable} to a PEM file that the gateway's user (${process.getuid?.() ?? '?'}) may read`;
    throw new GatewayError('bad-settings', `${SETTINGS[key].variable} '${file}': ${said}: ${remedy}`, cause);
  }
}

const RANDOM_BYTES = 6;

/** 0 <= x < 1, as nobody can know it. */
export const random: Random = () => randomBytes(RANDOM_BYTES).readUIntBE(0, RANDOM_BYTES) / 2 ** 48;

export interface SharedParts {
  readonly shared: SharedSettings;
  readonly mirror: Mirror;
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly say: Say;
}

/** The store that gateways share, not yet of a listen address. */
export async function sharedStore({ shared, mirror, inFlight, say }: SharedParts): Promise<EtcdStore> {
  const { segment, node } = shared;
  const etcd = await connect(shared);
  const members = new Members({
    etcd,
    keys: new Keys(segment),
    clock: systemClock,
    node,
    instance: randomBytes(8).toString('hex'),
    mirror: () => mirror.standing ?? { birth: '', revision: 0 },
  });
  return new EtcdStore({ etcd, segment, node, mirror, members, inFlight, clock: systemClock, random, say });
}

/** The settings that all gateways of a segment must have alike, by their variables. */
const AGREED: readonly SettingKey[] = [
  'gateway',
  'subnetMask',
  'poolStart',
  'poolEnd',
  'identity',
  'leaseTime',
  'leaseTimeMin',
  'leaseTimeMax',
];

export function agreedOf(settings: Settings): Readonly<Record<string, string>> {
  const addresses: readonly SettingKey[] = ['gateway', 'poolStart', 'poolEnd'];
  const entries = AGREED.map((key): [string, string] => {
    const value = settings[key];
    const isAddress = addresses.includes(key) && typeof value === 'number';
    return [SETTINGS[key].variable, isAddress ? ipv4ToText(value as Ipv4) : String(value ?? 'default')];
  });
  return Object.fromEntries(entries);
}

/** The gateways of the segment, as the server asks about them. */
export class SharingGateways implements Cluster {
  readonly grace = CLOCK_GRACE;
  /** Undefined until the store is there. */
  store: EtcdStore | undefined;

  get live(): ReadonlySet<Ipv4> {
    return this.store?.members.live ?? NOBODY;
  }

  get agreedAt(): number | undefined {
    return this.store?.members.agreedAt;
  }

  isByWallClock(lease: Lease): boolean {
    return this.store?.isByWallClock(lease) === true;
  }

  get problems(): readonly string[] {
    const { milliseconds = 0, node = '' } = this.store?.members.skew ?? {};
    if (Math.abs(milliseconds) < SKEW_WARNING) return [];
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    return [
      `the clock of ${node} is ${seconds} s ${milliseconds > 0 ? 'ahead' : 'behind'}, and no lease ends by it here: see that both nodes set their time by NTP`,
    ];
  }
}

const NOBODY: ReadonlySet<Ipv4> = new Set();
