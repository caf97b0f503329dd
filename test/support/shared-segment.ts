import { FirstGatewayList } from '../../src/detection/first-gateways.ts';
import { Peers } from '../../src/detection/peers.ts';
import { Sightings } from '../../src/detection/sightings.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { FakeClock, settle } from './clock.ts';
import { ExchangeBench } from './exchange-bench.ts';
import { LogLines } from './log-lines.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';
import { at } from './plan.ts';

/** One gateway of a segment. */
export interface Node {
  readonly address: string;
  readonly bench: ExchangeBench<MemoryStore>;
  readonly peers: Peers;
  /** Who was heard by ARP. */
  readonly sightings: Sightings;
  readonly log: LogLines;
}

/** Several gateways on one segment, each with a store of its own: a broadcast is heard by all of them. */
export class SharedSegment {
  readonly clock = new FakeClock();
  readonly nodes: readonly Node[];

  constructor(addresses: readonly string[], plan: Partial<Plan> = {}) {
    const gateways = new Set(addresses.map(at));
    this.nodes = addresses.map((address) => {
      const inFlight = new Set<Ipv4>();
      const store = memoryStore({ clock: this.clock, inFlight });
      const others = new Set([...gateways].filter((each) => each !== at(address)));
      const bench = new ExchangeBench(store, inFlight, this.clock, {
        plan: { ...plan, serverIdentifier: at(address), peers: others },
        transport: { local: at(address) },
      });
      const log = new LogLines();
      const peers = new Peers(this.clock, log, () => store.leases.revision);
      peers.known = others;
      peers.longestLease = (plan.subnet?.leaseTimes.maximum ?? 0) * 1000;
      bench.serverState.peerObservations = peers;
      bench.serverState.noteRequest = (...heard) => peers.noteRequest(...heard);
      const sightings = new Sightings(store.leases, this.clock);
      bench.serverState.sightingAt = (wanted) => sightings.at(wanted);
      bench.serverState.noteReboot = (...heard) => sightings.noteReboot(...heard);
      return { address, bench, peers, sightings, log };
    });
  }

  node(address: string): Node {
    const found = this.nodes.find((node) => node.address === address);
    if (found === undefined) throw new Error(`no gateway ${address}`);
    return found;
  }

  /** Heard by all, or by those of them that are named. */
  async broadcast(bytes: Uint8Array, ...only: readonly string[]): Promise<void> {
    for (const { address, bench } of this.nodes) {
      if (only.length > 0 && !only.includes(address)) continue;
      bench.transport.put(bytes);
      bench.transport.deliver();
    }
    await settle();
  }

  /** What each has sent since the last time: '10.15.3.10 DHCPACK 10.15.3.20 to 52:54:00:00:00:01'. */
  replies(): string[] {
    return this.nodes.flatMap(({ address, bench }) => bench.replies().map((reply) => `${address} ${reply}`));
  }

  /** From now on each guest is left to one of the gateways for a moment. */
  leaveGuests(): void {
    for (const { bench, peers } of this.nodes) {
      const firstGateways = new FirstGatewayList(this.clock, peers);
      Object.assign(bench.serverState, {
        firstGateways,
        noteRequest: (...heard: Parameters<typeof peers.noteRequest>) => {
          firstGateways.noteSelection(heard[0]);
          peers.noteRequest(...heard);
        },
        noteUnanswered: (_message: unknown, gateway: Ipv4 | undefined) => {
          if (gateway !== undefined) firstGateways.noteUnanswered(gateway);
        },
      });
    }
  }

  /** Every gateway has heard every other one. */
  introduce(): void {
    for (const { peers } of this.nodes) {
      for (const other of peers.known)
        peers.noteRequest(other, at('10.15.3.1'), keyOfIdentifier(Uint8Array.of(0, 0)), NO_HARDWARE);
    }
  }
}
