import type { Decision } from '../engine/decision/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Instant } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Plan } from '../subnet/plan.ts';
import { contextFor, emptyContext, type MutableContext } from './decision-context.ts';
import type { ExchangeParts } from './parts/exchange-parts.ts';
import { isDiscover, type Pending, PendingOrder } from './pending/pending.ts';
import type { PendingQueues } from './pending/pending-queues.ts';
import { UnheldOffers } from './unheld-offers.ts';

/** Asks the engine what to answer, with all that it is told beside the message. One context serves all decisions. */
export class Decisions {
  readonly #parts: ExchangeParts;
  readonly #queues: PendingQueues;
  readonly #context: MutableContext;
  readonly #unheldOffers = new UnheldOffers();
  #now: Instant;
  #monotonic: number;

  constructor(parts: ExchangeParts, queues: PendingQueues) {
    const { serverState, clock } = parts;
    this.#parts = parts;
    this.#queues = queues;
    this.#context = emptyContext();
    this.#context.mayBeOver = (lease) => serverState.mayBeOver(lease);
    this.#context.sightingAt = (address) => serverState.sightingAt(address);
    this.#context.quietAddresses = serverState.quietAddresses;
    this.#context.isOfferedBeside = (address, client) =>
      this.#unheldOffers.isAnothers(address, client, this.#monotonic);
    this.#now = clock.now();
    this.#monotonic = clock.monotonic();
  }

  /** All decisions of a round have one time. */
  beginRound(now: Instant, monotonic: number): void {
    this.#now = now;
    this.#monotonic = monotonic;
    this.#context.trustsClock = this.#parts.serverState.trustsClock;
  }

  decide(pending: Pending, plan: Plan): Decision {
    const { store, decide, serverState } = this.#parts;
    if (pending instanceof PendingOrder) return pending.order.decide(this.#now, store.leases, plan);
    if (isDiscover(pending) && pending.past.hasPaused)
      serverState.noteUnanswered?.(pending.message, pending.past.leftTo);
    const context = contextFor(this.#context, pending, serverState, this.#monotonic);
    const { port } = context;
    this.#context.leasesAtPort = port === undefined ? 0 : this.#leasesAt(port.name);
    const decision = decide(pending.message, pending.arrival, context, this.#now, store.leases, plan);
    if (isLeftToOthers(decision)) serverState.firstGateways?.noteLeft(this.#monotonic);
    return decision;
  }

  /** An address was offered without being held: as long as there are others, the next client is offered another one. */
  noteUnheldOffer(address: Ipv4, client: ClientKey): void {
    this.#unheldOffers.note(address, client, this.#monotonic);
  }

  #leasesAt(port: string): number {
    return this.#parts.store.leases.leasesAt(port) + this.#queues.leasesAt(port);
  }
}

/** True if the client is left to a gateway that may answer it first, or to what is claimed for one. */
function isLeftToOthers({ kind, reason }: Decision): boolean {
  return kind === 'wait' && (reason === 'left-to-gateway' || reason === 'left-to-claims');
}
