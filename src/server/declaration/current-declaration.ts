import { withDerived } from '../../config/loading/derived-values.ts';
import type { ShownSetting } from '../../config/loading/shown-settings.ts';
import type { RefusedChange } from '../../config/needs-restart.ts';
import { doubtsOfPlan, isNobodys } from '../../diagnosis/plan-doubts.ts';
import type { Clock } from '../../lease/clock.ts';
import type { Lease } from '../../lease/lease.ts';
import { NO_RESERVATIONS } from '../../lease/reservation/reservation-view.ts';
import type { Log } from '../../log/log.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Plan } from '../../subnet/plan.ts';
import { type Adoption, type Declaration, refusalsOf } from './declaration.ts';

/** Pause between two steps, so that no packet waits: milliseconds. */
const PAUSE = 1;
/** Leases that one step looks at. */
const LEASES_PER_STEP = 4096;

/** The parts of a server that it uses, with the declaration of the start. */
interface DeclarationParts extends Declaration {
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: no other gateway shares the store. */
  readonly clusterPeers?: object;
  /** Called when another declaration takes effect. */
  adopted?(declaration: Declaration): void;
}

/** What serves on a listen address by a plan, and takes another one. */
interface PlanAdopter {
  readonly listen: ListenAddress;
  adopt(plan: Plan): void;
}

/** The declaration that the server serves by. `adopt` replaces it. */
export class CurrentDeclaration {
  readonly #parts: DeclarationParts;
  /** Undefined: nothing is served. */
  readonly #service: () => PlanAdopter | undefined;
  /** Undefined: the server has not started, or has stopped. */
  readonly #store: () => LeaseStore | undefined;
  #current: Declaration;
  /** The last adoption. There is one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    parts: DeclarationParts,
    service: () => PlanAdopter | undefined,
    store: () => LeaseStore | undefined,
  ) {
    this.#parts = parts;
    this.#service = service;
    this.#store = store;
    this.#current = parts;
  }

  get current(): Declaration {
    return this.#current;
  }

  /** The settings as they are shown to operators, with what is in force where none is set. */
  get shown(): readonly ShownSetting[] {
    const { settings = [], values } = this.#current;
    return values === undefined ? settings : withDerived(settings, values, this.#service()?.listen);
  }

  /** The plan of a declaration, with the reservations of the store. */
  planOf(listen: ListenAddress, declaration = this.#current): Plan {
    const plan = declaration.planOf(listen);
    const reservations = this.#store()?.reservations;
    const hasOthers = plan.subnet.reservations !== NO_RESERVATIONS;
    if (reservations === undefined || hasOthers) return plan;
    return { ...plan, subnet: { ...plan.subnet, reservations } };
  }

  adopt(next: Declaration): Promise<Adoption> {
    const adoption = this.#last.then(() => this.#adopt(next));
    this.#last = adoption.catch(() => undefined);
    return adoption;
  }

  /** Where the settings and the reservations came from, anew; their values are those in force. */
  show({ settings, reservations }: Declaration): void {
    if (settings !== undefined) this.#current = { ...this.#current, settings };
    if (reservations !== undefined) this.#current = { ...this.#current, reservations };
  }

  refusals(next: Declaration): readonly RefusedChange[] {
    const listen = this.#service()?.listen;
    return refusalsOf(this.#current, next, listen, this.#parts.clusterPeers !== undefined);
  }

  async #adopt(next: Declaration): Promise<Adoption> {
    const refusals = this.refusals(next);
    if (refusals.length > 0) return { kind: 'refused', refusals };
    await this.#prepare(next);
    // From here on without a pause: no decision may use only a part of it.
    const service = this.#service();
    this.#current = next;
    const plan = service && this.planOf(service.listen, next);
    if (plan !== undefined) service?.adopt(plan);
    this.#parts.adopted?.(next);
    this.#parts.log.info({}, 'other settings are in force');
    if (plan !== undefined) void this.#logDoubts(plan);
    return { kind: 'adopted' };
  }

  /** Prepares the pools in steps. There is nothing to prepare while the server does not serve. */
  async #prepare(next: Declaration): Promise<void> {
    let service: PlanAdopter | undefined;
    let pools: Plan['subnet']['pools'] = [];
    for (;;) {
      const serving = this.#service();
      if (serving === undefined) return;
      if (serving !== service) pools = next.planOf(serving.listen).subnet.pools;
      service = serving;
      if (this.#store()?.prepare(pools) !== false) return;
      await this.#pause();
    }
  }

  async #logDoubts(plan: Plan): Promise<void> {
    const { clock, log } = this.#parts;
    const found: Lease[] = [];
    for (let from = 0; ; from += LEASES_PER_STEP) {
      const leases = this.#store()?.leases;
      if (leases === undefined) return;
      const records = Object.values(leases.countByState()).reduce((sum, count) => sum + count, 0);
      if (from >= records) break;
      const isDoubtful = (address: Lease['address']) => isNobodys(plan, address);
      found.push(...leases.running(clock.now(), isDoubtful, from, from + LEASES_PER_STEP));
      await this.#pause();
    }
    for (const { message, ...fields } of doubtsOfPlan(plan, found)) log.warn(fields, message);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(PAUSE, resolve));
  }
}
