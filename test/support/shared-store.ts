import type { Clock, Random } from '../../src/lease/clock.ts';
import type { Say } from '../../src/log/say.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { Etcd } from '../../src/store/etcd/client/etcd.ts';
import { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { encodeGeneration } from '../../src/store/etcd/keys/generation.ts';
import { mirrorOf, type Placement } from '../../src/store/etcd/keys/heartbeat.ts';
import { Keys } from '../../src/store/etcd/keys/keys.ts';
import { type Compacting, EtcdMaintenance } from '../../src/store/etcd/membership/etcd-maintenance.ts';
import { Members } from '../../src/store/etcd/membership/members.ts';
import type { Mirror } from '../../src/store/mirror.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { at } from './plan.ts';
import { SeededRandom } from './random.ts';

export interface SharedStoreOptions {
  readonly etcd: Etcd;
  readonly clock: Clock;
  /** 10: the gateway of node 1, at 10.15.3.10. */
  readonly place?: number;
  readonly segment?: string;
  readonly node?: string;
  readonly inFlight?: ReadonlySet<Ipv4>;
  readonly random?: Random;
  readonly mirror?: Mirror;
  readonly mustBeEqual?: Readonly<Record<string, string>>;
  readonly shouldBeEqual?: Readonly<Record<string, string>>;
  readonly compacting?: Compacting;
  /** Bytes. */
  readonly quota?: number;
  readonly placement?: () => Placement | undefined;
  /** Told to the operator: 'warn a message {"field":1}'. */
  readonly said?: string[];
}

export const SEGMENT = 'tenant-1';

/** A gateway's store on etcd, not yet of a listen address. */
export function sharedStore(options: SharedStoreOptions): EtcdStore {
  const { etcd, clock, place = 10, segment = SEGMENT, said = [], compacting = 'auto' } = options;
  const node = options.node ?? `pve${place - 9}`;
  const numbers = new SeededRandom(place);
  const random = options.random ?? (() => numbers.below(0x1_0000_0000) / 0x1_0000_0000);
  const mirror = options.mirror ?? new MemoryMirror();
  const members = new Members({
    etcd,
    keys: new Keys(segment),
    clock,
    node,
    instance: `${node}/${Math.floor(random() * 1e9)}`,
    compacts: compacting !== 'off',
    mirror: () => mirrorOf(mirror.position, segment),
    ...(options.placement === undefined ? {} : { placement: options.placement }),
  });
  const say: Say = (level, fields, message) => said.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const maintenance = new EtcdMaintenance({ etcd, clock, compacting, quota: options.quota ?? 2 ** 31, say });
  const inFlight = options.inFlight ?? new Set();
  return new EtcdStore({
    etcd,
    segment,
    node,
    mirror,
    members,
    clock,
    random,
    inFlight,
    say,
    maintenance,
  });
}

/** One that has said who it is, and has read all leases if etcd answers. */
export async function openSharedStore(options: SharedStoreOptions): Promise<EtcdStore> {
  const store = sharedStore(options);
  await store.serveAs(at(`10.15.3.${options.place ?? 10}`), {
    mustBeEqual: options.mustBeEqual ?? {},
    shouldBeEqual: options.shouldBeEqual ?? {},
  });
  return store;
}

/** What `cluster init` does, unless it is done. */
export async function beginSegment(etcd: Etcd, segment = SEGMENT, id = 'first generation'): Promise<void> {
  const key = new Keys(segment).generation;
  const value = encodeGeneration({ id, at: 0, by: 'test', replaces: [] });
  await etcd.transact({
    compare: [{ key, modRevision: 0 }],
    success: [{ kind: 'put', key, value }],
    failure: [],
  });
}
