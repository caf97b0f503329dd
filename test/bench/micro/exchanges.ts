import { decide } from '../../../src/engine/decide.ts';
import { NO_PEERS, NO_QUIET } from '../../../src/exchange/decision-context.ts';
import { Exchange } from '../../../src/exchange/exchange.ts';
import type { Instant, Lease } from '../../../src/lease/lease.ts';
import type { LeaseChange } from '../../../src/lease/lease-view.ts';
import { systemClock } from '../../../src/lease/system-clock.ts';
import { LeaseTable } from '../../../src/lease-table/lease-table.ts';
import { ReservationTable } from '../../../src/lease-table/reservation-table.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { prefixOf } from '../../../src/net/prefix.ts';
import type { LeaseStore, Outcome } from '../../../src/store/lease-store.ts';
import type { Arena, Batch, Datagram, Outgoing, Transport } from '../../../src/transport/transport.ts';
import { at, planOf, range, segment } from '../../support/plan.ts';
import { MESSAGE_BYTES, putDiscover, putSelecting, putTemplate, ReplyReader } from '../clients/messages.ts';
import type { MicroResult } from './repeat.ts';

const SLOT_BYTES = 2048;
const BATCH = 64;
const ROUNDS = 1000;
const WARM_UP = 300;
/** So few that nothing is collected while what they allocate is counted. */
const COUNTED = 100;
const ARRIVAL = { via: 'unicast', source: at('10.15.3.2'), local: at('10.15.3.10') } as const;

/** Whole exchanges without sockets and disk: receive, decide, commit where that is needed, encode, in batches of 64 clients. */
export async function measureExchanges(): Promise<readonly MicroResult[]> {
  const transport = new LoopTransport();
  const inFlight = new Set<Ipv4>();
  const store = new TableStore(inFlight);
  const nothing = () => {};
  const pools = [range('10.64.0.0', '10.71.255.255')];
  new Exchange({
    transport,
    store,
    decide,
    clock: systemClock,
    inFlight,
    plan: planOf({ subnet: segment({ prefix: prefixOf(at('10.0.0.0'), 8), pools }) }),
    prober: { probe: () => 'too-many' },
    serverState: {
      beginRound: nothing,
      readArp: nothing,
      lastGapRevision: 0,
      trustsClock: true,
      mayBeOver: () => true,
      sightingAt: () => undefined,
      quietAddresses: NO_QUIET,
      noteQuietOffer: nothing,
      peerObservations: NO_PEERS,
      clusterPeers: undefined,
      noteDiscover: () => {},
      isDiscoverRetry: () => false,
      noteRequest: nothing,
      noteReboot: nothing,
      noteReply: nothing,
      noteGap: nothing,
      declinesOf: () => 0,
      noteDecline: nothing,
    },
    observer: {
      decided: nothing,
      ordered: nothing,
      dropped: nothing,
      sentLate: nothing,
      omitted: nothing,
      broken: fail,
    },
  });
  for (let round = 0; round < WARM_UP; round += 1) await transport.exchange();
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round += 1) await transport.exchange();
  const took = performance.now() - start;

  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < COUNTED; round += 1) await transport.exchange();
  const bytes = (process.memoryUsage().heapUsed - before) / (COUNTED * BATCH);
  if (transport.acks !== (WARM_UP + ROUNDS + COUNTED) * BATCH) throw new Error(`${transport.acks} ACKs`);
  const name = 'a whole exchange without sockets and disk';
  return [{ name, nanoseconds: (took * 1e6) / (ROUNDS * BATCH), bytes }];
}

function fail(error: unknown): never {
  throw error;
}

/** Puts the DISCOVERs of new clients in, and REQUESTs for what they were offered. */
class LoopTransport implements Transport {
  readonly kind = 'simulated';
  readonly maximumPayload = 1472;
  readonly outbox = arenaOf(512);
  acks = 0;
  readonly #reply = new ReplyReader();
  readonly #datagrams: Datagram[] = [];
  #messages = arenaOf(BATCH);
  #run: () => void = () => {};
  #client = 0;
  #waiting = 0;

  constructor() {
    for (let slot = 0; slot < BATCH; slot += 1) {
      putTemplate(this.#messages.view, slot * SLOT_BYTES, 0);
      this.#datagrams.push({
        offset: slot * SLOT_BYTES,
        length: MESSAGE_BYTES,
        truncated: false,
        arrival: ARRIVAL,
      });
    }
  }

  async exchange(): Promise<void> {
    for (let slot = 0; slot < BATCH; slot += 1) {
      this.#client += 1;
      putDiscover(this.#messages.view, slot * SLOT_BYTES, slot, 0x02_0000_000000 + this.#client);
    }
    await this.#deliver();
    await this.#deliver();
  }

  arena(capacity: number): Arena {
    return arenaOf(capacity);
  }

  onReadable(run: () => void): void {
    this.#run = run;
  }

  receive(arena: Arena): Batch {
    arena.bytes.set(this.#messages.bytes.subarray(0, this.#waiting * SLOT_BYTES));
    const datagrams = this.#datagrams.slice(0, this.#waiting);
    this.#waiting = 0;
    return { arena, datagrams, drained: true };
  }

  send(outgoing: readonly Outgoing[]): number {
    for (const { offset, length } of outgoing) {
      this.#reply.read(this.outbox.view, offset, offset + length);
      const { xid, type, yiaddr, server } = this.#reply;
      if (type === 5) this.acks += 1;
      const hardware = 0x02_0000_000000 + this.#client - BATCH + 1 + xid;
      if (type === 2) putSelecting(this.#messages.view, xid * SLOT_BYTES, xid, hardware, yiaddr, server);
    }
    return outgoing.length;
  }

  pause(): void {}
  resume(): void {}
  close(): void {}

  async #deliver(): Promise<void> {
    this.#waiting = BATCH;
    this.#run();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function arenaOf(capacity: number): Arena {
  const bytes = new Uint8Array(capacity * SLOT_BYTES);
  return { bytes, view: new DataView(bytes.buffer), capacity };
}

/** The table of leases alone. */
class TableStore implements LeaseStore {
  readonly leases: LeaseTable;
  readonly reservations: ReservationTable;
  readonly failure = undefined;
  readonly trouble = undefined;
  readonly lastStoredAt = 0 as Instant;
  readonly depth = 1;
  readonly batchLimit = 512;

  constructor(inFlight: ReadonlySet<Ipv4>) {
    this.leases = new LeaseTable(inFlight, 0);
    this.reservations = new ReservationTable(this.leases);
  }

  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit' {
    if (change.kind === 'binding') return 'needs-commit';
    return this.#apply(change);
  }

  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    return Promise.resolve(changes.map((change) => this.#apply(change)));
  }

  sweep(): readonly Lease[] {
    return [];
  }

  prepare(): boolean {
    return true;
  }

  idle(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #apply(change: LeaseChange): 'committed' | 'conflict' {
    if (this.leases.conflicts(change)) return 'conflict';
    this.leases.apply(change);
    return 'committed';
  }
}
