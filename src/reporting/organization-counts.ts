import type { Decision } from '../engine/decision/decision.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer/observer.ts';
import type { LeaseView } from '../lease/lease-view.ts';

/** Organizations that are counted one by one; further ones are counted together. */
const MOST = 1000;
const OTHERS = 'other';

export interface LeaseCount {
  readonly allocations: number;
  readonly releases: number;
}

/**
 * Leases since the start: those given to clients that had none, and those that clients or an operator ended. In all and by
 * organization; all numbers are of one moment.
 */
export interface OrganizationCounts extends LeaseCount {
  readonly of: Readonly<Record<string, LeaseCount>>;
}

export const NO_COUNTS: OrganizationCounts = { allocations: 0, releases: 0, of: {} };

/** Counts leases by the organization that the reservation of their guest names. Guests have no say in that. */
export class OrganizationCounter implements Observer {
  readonly #leases: Pick<LeaseView, 'recordAt'>;
  readonly #of = new Map<string, { allocations: number; releases: number }>();
  #allocations = 0;
  #releases = 0;

  constructor(leases: Pick<LeaseView, 'recordAt'>) {
    this.#leases = leases;
  }

  get counts(): OrganizationCounts {
    return {
      allocations: this.#allocations,
      releases: this.#releases,
      of: Object.fromEntries([...this.#of].map(([name, count]) => [name, { ...count }])),
    };
  }

  decided(_message: unknown, _client: unknown, decision: Decision, outcome: DecisionOutcome): void {
    if (outcome === 'committed') this.#committed(decision);
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    if (outcome === 'committed') this.#committed(decision);
  }

  #committed(decision: Decision): void {
    switch (decision.reason) {
      case 'bound':
      case 'moved':
      case 'adopted':
      case 'bootp':
        this.#allocations += 1;
        this.#count(decision, 'allocations');
        break;
      case 'released':
      case 'released-by-operator':
        this.#releases += 1;
        this.#count(decision, 'releases');
        break;
      default:
    }
  }

  #count(decision: Decision, what: keyof LeaseCount): void {
    const write = decision.kind === 'wait' ? undefined : decision.change?.writes[0];
    if (write === undefined || write.next === 'precondition-only') return;
    // A record that is free keeps the ids of its client.
    const ids = what === 'allocations' ? write.next.ids : this.#leases.recordAt(write.address)?.ids;
    const organization = ids?.organizationId;
    if (organization === undefined) return;
    const name = this.#of.has(organization) || this.#of.size < MOST ? organization : OTHERS;
    const count = this.#of.get(name) ?? { allocations: 0, releases: 0 };
    count[what] += 1;
    this.#of.set(name, count);
  }
}
