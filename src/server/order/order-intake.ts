import { Sightings } from '../../detection/sightings.ts';
import type { Decision, Reason } from '../../engine/decision/decision.ts';
import {
  decideOrder,
  type OperatorOrder,
  type OrderInput,
  type OrderRefusal,
} from '../../engine/operator-order.ts';
import { Exchange } from '../../exchange/exchange.ts';
import type { Lease } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import { ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { LeaseStore, Outcome, WhatIsWritten } from '../../store/lease-store.ts';
import { type Memory, mayLeaseBeOver } from '../parts/memory.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import { serverStateOf } from '../service/server-state.ts';
import type { Service } from '../service/service.ts';
import { NoTransport } from './no-transport.ts';

/** Time before an order is tried again, if there was no room or the sockets were being opened: milliseconds. */
const RETRY = 10;
const RETRIES = 500;
const NOTHING: Decision = { kind: 'silence', reason: 'no-binding' };
/** The plan for this address serves orders only. */
const NOWHERE: ListenAddress = {
  interfaceName: '',
  interfaceIndex: 0,
  listenIp: UNSPECIFIED,
  prefixLength: 0,
  mtu: 1500, // A plan has an MTU for its guests (option 26), who are not answered by it.
};

/** The result of an order from outside. unknown: it may have been stored or not; read the lease to find out. */
export type OrderResult =
  | { readonly outcome: 'committed'; readonly reason: Reason }
  | { readonly outcome: 'refused'; readonly why: OrderRefusal | 'busy' | 'stopped' }
  /** Decided again, it would conflict again: `detail` says which key of the shared store cannot be read, and what to do. */
  | { readonly outcome: 'unreadable-key'; readonly detail: string }
  | { readonly outcome: 'conflict' | 'failed' | 'unknown' };

/** What became of an order, and how it was decided last. 'nothing': there was nothing to write. */
export type OrderRun<Verdict> =
  | { readonly outcome: Outcome | 'nothing'; readonly verdict: Verdict }
  | { readonly outcome: 'busy' | 'stopped' };

/** Submits orders from outside to the exchange, the only writer of leases; while no sockets are open, to an exchange without any. */
export class OrderIntake {
  readonly #parts: ServerParts;
  readonly #service: () => Service | undefined;
  readonly #memory: () => Memory | undefined;
  /** The exchange without sockets; it exists only while there is no service. */
  #orderExchange: Exchange | undefined;
  #isHandingOver = false;

  constructor(parts: ServerParts, service: () => Service | undefined, memory: () => Memory | undefined) {
    this.#parts = parts;
    this.#service = service;
    this.#memory = memory;
  }

  async submit(order: OperatorOrder): Promise<OrderResult> {
    const run = await this.run((input) => decideOrder(order, input), decisionIn);
    return this.#resultOf(order, run);
  }

  /**
   * Decides an order in the exchange, and resolves when what it changes is durable.
   *
   * @param decide Pure; it may be called several times, and the last verdict counts.
   * @param decisionOf What a verdict changes; undefined: nothing.
   */
  async run<Verdict>(
    decide: (input: OrderInput, store: LeaseStore) => Verdict,
    decisionOf: (verdict: Verdict) => Decision | undefined,
  ): Promise<OrderRun<Verdict>> {
    for (let attempt = 0; attempt < RETRIES; attempt += 1) {
      const memory = this.#memory();
      if (memory === undefined) return { outcome: 'stopped' };
      const run = this.#take(decide, decisionOf, memory);
      if (run !== undefined) return await run;
      await new Promise<void>((resolve) => this.#parts.clock.after(RETRY, resolve));
    }
    return { outcome: 'busy' };
  }

  /** Sockets have been opened: ends the exchange without sockets before another one begins. */
  async handOver(): Promise<void> {
    this.#isHandingOver = true;
    await this.#orderExchange?.stop();
    this.#orderExchange = undefined;
  }

  /** The service has begun, or its sockets are closed again. */
  handedOver(): void {
    this.#isHandingOver = false;
  }

  /** Undefined: there is no room for the order now. */
  #take<Verdict>(
    decide: (input: OrderInput, store: LeaseStore) => Verdict,
    decisionOf: (verdict: Verdict) => Decision | undefined,
    memory: Memory,
  ): Promise<OrderRun<Verdict>> | undefined {
    const exchange = this.#service()?.exchange ?? this.#exchangeFor(memory);
    if (exchange === undefined) return undefined;
    let last: { readonly verdict: Verdict } | undefined;
    let settle: (outcome: Outcome | 'nothing') => void = () => {};
    const outcome = new Promise<Outcome | 'nothing'>((resolve) => (settle = resolve));
    const isTaken = exchange.submit({
      decide: (now, leases, plan) => {
        const verdict = decide({ now, leases, plan, context: contextOf(memory) }, memory.store);
        last = { verdict };
        return decisionOf(verdict) ?? NOTHING;
      },
      done: settle,
    });
    if (!isTaken) return undefined;
    return outcome.then((end) => (last === undefined ? { outcome: 'stopped' } : { outcome: end, ...last }));
  }

  #resultOf(
    { kind, address, author, note }: OperatorOrder,
    run: OrderRun<Decision | OrderRefusal>,
  ): OrderResult {
    if (!('verdict' in run)) return { outcome: 'refused', why: run.outcome };
    const { outcome, verdict } = run;
    const refusal = typeof verdict === 'string' ? verdict : undefined;
    const fields = { order: kind, address: ipv4ToText(address), author, note, outcome, refusal };
    this.#parts.log.info(fields, 'order from outside');
    if (typeof verdict === 'string') return { outcome: 'refused', why: verdict };
    if (outcome === 'nothing') return { outcome: 'refused', why: 'stopped' };
    if (outcome === 'committed') return { outcome, reason: verdict.reason };
    const detail = outcome === 'conflict' ? this.unreadable(changeIn(verdict)) : undefined;
    return detail === undefined ? { outcome } : { outcome: 'unreadable-key', detail };
  }

  /** Why what would be written conflicts however often it is decided again, with what to do; undefined: it need not. */
  unreadable(change: WhatIsWritten | undefined): string | undefined {
    const found = change === undefined ? undefined : this.#memory()?.store.unreadableKey?.(change);
    if (found === undefined) return undefined;
    return `the key ${found.key} in etcd holds text that this version cannot read, and that is not overwritten; ${found.remedy}`;
  }

  #exchangeFor(memory: Memory): Exchange | undefined {
    if (this.#isHandingOver) return undefined;
    const { clock, decide } = this.#parts;
    const { store, inFlight, observer, makeRoom } = memory;
    const sightings = new Sightings(store.leases, clock);
    this.#orderExchange ??= new Exchange({
      transport: new NoTransport(),
      store,
      inFlight,
      clock,
      decide,
      plan: memory.planOf(NOWHERE),
      prober: { probe: () => 'too-many' },
      serverState: serverStateOf(memory, { sightings }, () => clock.monotonic()),
      observer,
      makeRoom,
    });
    this.#orderExchange.plan = memory.planOf(NOWHERE); // The plan may have changed.
    return this.#orderExchange;
  }
}

function decisionIn(verdict: Decision | OrderRefusal): Decision | undefined {
  return typeof verdict === 'string' ? undefined : verdict;
}

export function changeIn(decision: Decision): LeaseChange | undefined {
  return decision.kind === 'silence' ? decision.change : undefined;
}

export function contextOf(memory: Memory) {
  const { peers: peerObservations, clusterPeers } = memory;
  return { peerObservations, clusterPeers, mayBeOver: (lease: Lease) => mayLeaseBeOver(memory, lease) };
}
