import type { ClusterPeersView } from '../../src/detection/cluster-peers.ts';
import type { Clock } from '../../src/lease/clock.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';
import type { Standstill } from './standstill.ts';

/** One life of a gateway's store, from the start of its process to the crash. */
export interface Holding {
  /** The gateways that share the leases, if any do. */
  readonly cluster?: ClusterPeersView;
  open(inFlight: ReadonlySet<Ipv4>): LeaseStore;
  /** Before the sockets are opened. */
  serve(): Promise<void>;
  die(): void;
}

/** What a node keeps of the leases, whatever becomes of its gateway. */
export interface Keeping {
  /** `clock`: ends with the process, and stops with it. */
  begin(clock: Clock, standstill: Standstill): Holding;
  /** The lease file is as new as the process knows. */
  sync(): void;
  /** The lease file is gone; only while no process has it open. */
  lose(): void;
  /** RFC 2131 §3.1 (4): what an ACK promises is durable, for this client and for so many milliseconds from now. */
  isDurable(address: string, mac: number, milliseconds: number): boolean;
  /** A live lease of its own speaks against this client at this address. */
  contradicts(address: string, mac: number, now: number): boolean;
}
