import type { Decision } from '../engine/decision/decision.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer/observer.ts';
import type { Order } from '../exchange/parts/order.ts';
import type { Instant } from '../lease/lease.ts';
import type { LeaseChange, LeaseView, LeaseWrite } from '../lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Addresses that are kept; the oldest is forgotten first. */
const LIMIT = 4096;
/** Orders of one second at most. */
const BURST = 64;

const NOTHING: Decision = { kind: 'silence', reason: 'no-binding' };

export interface UnstoredClaimsParts {
  readonly leases: Pick<LeaseView, 'at' | 'bindingOf' | 'canPromise'>;
  readonly submit: (order: Order) => boolean;
}

/**
 * Clients that were heard selecting an address at another gateway while nothing could be stored: on a disk that was full, for
 * example. Nobody says it again when the disk takes it, so it is stored then, if nothing newer is stored of the address.
 */
export class UnstoredClaims implements Observer {
  readonly #parts: UnstoredClaimsParts;
  /** By the address that the client has selected. The oldest is first. */
  readonly #changes = new Map<Ipv4, LeaseChange>();
  readonly #addresses = new Map<HardwareAddress, Ipv4>();
  #pending = 0;

  constructor(parts: UnstoredClaimsParts) {
    this.#parts = parts;
  }

  decided(_message: unknown, _client: unknown, decision: Decision, outcome: DecisionOutcome): void {
    if (outcome !== 'failed' && outcome !== 'unknown') return;
    if (decision.kind !== 'silence' || decision.reason !== 'peer-granted') return;
    if (decision.change !== undefined) this.#keep(decision.change);
  }

  /** Once a second. */
  check(): void {
    if (this.#changes.size === 0 || this.#pending > 0 || !this.#parts.leases.canPromise) return;
    for (const [address, change] of [...this.#changes].slice(0, BURST)) {
      const isTaken = this.#parts.submit({
        decide: (now) => this.#again(change, now),
        done: (outcome) => {
          this.#pending -= 1;
          const isDone = outcome === 'committed' || outcome === 'nothing';
          if (isDone && this.#changes.get(address) === change) this.#forget(address);
        },
      });
      if (!isTaken) return;
      this.#pending += 1;
    }
  }

  #keep(change: LeaseChange): void {
    const [first] = change.writes;
    if (first === undefined || first.next === 'precondition-only') return;
    const { hardware } = first.next;
    // A network card has one claim: a newer one ends the older.
    const older = this.#addresses.get(hardware);
    if (older !== undefined && hardware !== NO_HARDWARE) this.#forget(older);
    this.#forget(first.address);
    this.#changes.set(first.address, change);
    this.#addresses.set(hardware, first.address);
    if (this.#changes.size <= LIMIT) return;
    for (const oldest of this.#changes.keys()) {
      this.#forget(oldest);
      return;
    }
  }

  #forget(address: Ipv4): void {
    const write = this.#changes.get(address)?.writes[0];
    this.#changes.delete(address);
    if (write === undefined || write.next === 'precondition-only') return;
    const { hardware } = write.next;
    if (this.#addresses.get(hardware) === address) this.#addresses.delete(hardware);
  }

  #again(change: LeaseChange, now: Instant): Decision {
    const { leases } = this.#parts;
    const isAsBefore = ({ address, expectedVersion }: LeaseWrite) =>
      (leases.at(address)?.version ?? 0) === expectedVersion;
    const [first] = change.writes;
    if (first === undefined || !isAsBefore(first)) return NOTHING;
    const again: LeaseChange = {
      ...change,
      expectedBindingVersion: leases.bindingOf(change.client)?.version ?? 0,
      writes: change.writes.filter(isAsBefore),
      at: now,
    };
    return { kind: 'silence', reason: 'peer-granted', change: again };
  }
}
