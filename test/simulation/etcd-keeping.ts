import type { ClusterPeersView } from '../../src/detection/cluster-peers.ts';
import type { Clock } from '../../src/lease/clock.ts';
import { EtcdClusterPeers } from '../../src/sharing/etcd-cluster-peers.ts';
import type { KeptLease, Mirror } from '../../src/store/mirror.ts';
import { MemoryMirror } from '../support/memory-mirror.ts';
import { at } from '../support/plan.ts';
import type { SeededRandom } from '../support/random.ts';
import { sharedStore } from '../support/shared-store.ts';
import { EtcdLink, type SimulatedCluster } from './etcd.ts';
import type { EtcdRecords } from './etcd-records.ts';
import type { Holding, Keeping } from './keeping.ts';
import type { Mutation } from './mutations.ts';
import type { Standstill } from './standstill.ts';

export interface EtcdKeepingParts {
  readonly cluster: SimulatedCluster;
  readonly random: SeededRandom;
  readonly records: EtcdRecords;
  readonly mutation: Mutation;
}

/** What a lease file has. */
interface Kept extends Pick<Mirror, 'revisionTimes' | 'clockNote' | 'position'> {
  readonly leases: readonly KeptLease[];
}

const NO_FILE: Kept = { leases: [], position: undefined, revisionTimes: [], clockNote: undefined };

/** The leases are in etcd, and a copy of them in the lease file. */
export class EtcdKeeping implements Keeping {
  link: EtcdLink | undefined;
  readonly #address: string;
  readonly #parts: EtcdKeepingParts;
  /** What is in the lease file, which is behind what the process has put there. */
  #file = NO_FILE;
  #mirror = new MemoryMirror();

  constructor(address: string, parts: EtcdKeepingParts) {
    this.#address = address;
    this.#parts = parts;
  }

  begin(clock: Clock, standstill: Standstill): Holding {
    const { cluster, random, records, mutation } = this.#parts;
    const { leases, position, revisionTimes, clockNote } = this.#file;
    const mirror = new MemoryMirror(leases);
    Object.assign(mirror, { position, revisionTimes, clockNote });
    this.#mirror = mirror;
    const link = new EtcdLink(cluster, standstill);
    this.link = link;
    const sharing = new EtcdClusterPeers();
    return {
      cluster: mutation.cluster?.(sharing) ?? (sharing as ClusterPeersView),
      open: (inFlight) => {
        const store = sharedStore({
          ...{ clock, inFlight, mirror },
          etcd: mutation.etcd?.(link) ?? link,
          place: Number(this.#address.split('.')[3]),
          random: () => random.below(0x1_0000_0000) / 0x1_0000_0000,
        });
        mutation.store?.(store);
        const commit = store.commit.bind(store);
        store.commit = async (changes) => {
          const outcomes = await standstill.commit(commit, changes);
          records.checkOutcomes(this.#address, changes, outcomes);
          return outcomes;
        };
        sharing.store = store;
        return store;
      },
      serve: async () => {
        await sharing.store?.serveAs(at(this.#address), {
          mustBeEqual: { identity: 'the same' },
          shouldBeEqual: { pool: 'the same' },
        });
      },
      die: () => {
        link.die();
        this.link = undefined;
      },
    };
  }

  sync(): void {
    const { position, revisionTimes, clockNote } = this.#mirror;
    this.#file = { leases: this.#mirror.leases(), position, revisionTimes, clockNote };
  }

  lose(): void {
    this.#file = NO_FILE;
  }

  isDurable(address: string, mac: number, milliseconds: number): boolean {
    const { records, cluster } = this.#parts;
    return records.wasBound(address, mac, cluster.clock.now() + milliseconds);
  }

  /** Nobody has leases of his own. */
  contradicts(): boolean {
    return false;
  }
}
