import type { ReconcileResult } from '../../src/management/reconcile/reconcile-result.ts';
import { SeededRandom } from '../support/random.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Operator, OperatorParts, Reserved } from './operator.ts';

/** From one change of the desired set to the next: milliseconds. */
const LEAST = 4000;
const MOST = 40_000;
/** From one gateway to the next, and to a new attempt where one was not reached: milliseconds. */
const STEP = 6000;
const SCOPE = { label: 'of', value: 'simulation' };
const MOST_IDS = 4;
/** A wish that a gateway refuses so often is given up. */
const PATIENCE = 3;

/**
 * Where gateways share nothing, the operator has one desired set, and gives it to one gateway after the other: between two of
 * them they differ.
 */
export class ReconcilingOperator implements Operator {
  readonly #parts: OperatorParts;
  readonly #random: SeededRandom;
  readonly #addresses: readonly [string, ...string[]];
  readonly #isInPool: (address: string) => boolean;
  readonly #desired = new Map<string, Reserved>();
  /** The newest desired set, by its number. */
  #newest = 0;
  /** The set that each gateway has. */
  readonly #reached = new Map<Gateway, number>();
  /** The process of each gateway that has a run under way. */
  readonly #under = new Map<Gateway, number>();
  /** By address, the id for which it is kept since its reservation was removed. */
  readonly #keptFor = new Map<string, string>();
  readonly #refusals = new Map<string, number>();
  readonly #named: Reserved[] = [];
  #isOver = false;

  constructor(
    parts: OperatorParts,
    addresses: readonly [string, ...string[]],
    isInPool: (address: string) => boolean,
  ) {
    this.#parts = parts;
    this.#addresses = addresses;
    this.#isInPool = isInPool;
    this.#random = new SeededRandom(parts.seed * 7919 + 17);
  }

  begin(): void {
    this.#change();
    this.#visit();
  }

  end(): void {
    this.#isOver = true;
  }

  explains({ mac, address }: SimulatedGuest): boolean {
    return this.#named.some((each) => each.mac === mac || each.address === address);
  }

  get kept(): number {
    return new Set(this.#named.map(({ address }) => address).filter(this.#isInPool)).size;
  }

  get current(): readonly Reserved[] {
    return this.#isEverywhere ? [...this.#desired.values()] : [];
  }

  get removed(): readonly string[] {
    return this.#isEverywhere ? [...this.#keptFor.keys()] : [];
  }

  get #isEverywhere(): boolean {
    return this.#parts.gateways.every((each) => this.#reached.get(each) === this.#newest);
  }

  #change(): void {
    this.#parts.clock.after(LEAST + this.#random.below(MOST - LEAST), () => {
      if (this.#isOver) return;
      this.#wish();
      this.#change();
    });
  }

  #wish(): void {
    const id = `r${this.#random.below(MOST_IDS)}`;
    const before = this.#desired.get(id);
    const other = [...this.#desired.keys()].find((each) => each !== id);
    const which = this.#random.below(100);
    if (before !== undefined && which < 25) this.#remove(id, before);
    else if (before !== undefined && other !== undefined && which < 50) this.#exchange(id, other);
    else this.#put(id);
  }

  #remove(id: string, { address }: Reserved): void {
    this.#desired.delete(id);
    this.#keptFor.set(address, id);
    this.#say();
  }

  /** Two guests change their addresses. */
  #exchange(id: string, other: string): void {
    const [one, two] = [this.#desired.get(id), this.#desired.get(other)];
    if (one === undefined || two === undefined) return;
    this.#reserve(id, { mac: one.mac, address: two.address });
    this.#reserve(other, { mac: two.mac, address: one.address });
    this.#say();
  }

  /** A new one, or one that moves to another address, or goes to another guest. */
  #put(id: string): void {
    const before = this.#desired.get(id);
    const others = [...this.#desired].filter(([each]) => each !== id).map(([, reserved]) => reserved);
    const isOpen = (address: string) =>
      !others.some((each) => each.address === address) && (this.#keptFor.get(address) ?? id) === id;
    const [first, ...more] = this.#addresses.filter(isOpen);
    const [guest, ...guests] = this.#parts.guests.filter(
      ({ mac }) => !others.some((each) => each.mac === mac),
    );
    if (first === undefined || guest === undefined) return;
    const chosen = this.#random.pick([guest, ...guests]).mac;
    const mac = before !== undefined && this.#random.chance(60) ? before.mac : chosen;
    const address =
      before !== undefined && this.#random.chance(30) ? before.address : this.#random.pick([first, ...more]);
    this.#reserve(id, { mac, address });
    this.#say();
  }

  #reserve(id: string, reserved: Reserved): void {
    this.#desired.set(id, reserved);
    // What was kept for its id is free when that has another address.
    for (const [address, keptFor] of this.#keptFor) if (keptFor === id) this.#keptFor.delete(address);
    this.#refusals.delete(id);
    this.#named.push(reserved);
  }

  #say(): void {
    this.#newest += 1;
    this.#parts.say(`wish ${this.#newest}: ${JSON.stringify([...this.#desired])}`);
  }

  /** One gateway that has not the newest set gets it; it goes on when there are no new wishes. */
  #visit(): void {
    this.#parts.clock.after(1 + this.#random.below(STEP), () => {
      const behind = this.#parts.gateways.filter((each) => this.#reached.get(each) !== this.#newest);
      const [first, ...more] = behind.filter((each) => this.#under.get(each) !== each.life);
      if (first !== undefined) this.#give(this.#random.pick([first, ...more]));
      this.#visit();
    });
  }

  #give(gateway: Gateway): void {
    const number = this.#newest;
    const { life } = gateway;
    const entries = [...this.#desired].map(([id, { mac, address }]) => ({ id, mac: [mac], address }));
    const run = gateway.reconcile({ scope: SCOPE, entries, author: 'simulation', mayBeEmpty: true });
    if (run === undefined) return;
    this.#under.set(gateway, life);
    void run.then((result) => {
      if (gateway.life !== life) return;
      this.#under.delete(gateway);
      this.#parts.say(`${gateway.address} has wish ${number}: ${inShort(result)}`);
      if (result.kind !== 'done') return;
      if (result.refused.length === 0) this.#reached.set(gateway, number);
      else if (number === this.#newest) for (const { id } of result.refused) this.#refused(id);
    });
  }

  /** The address of one that was removed may be kept at one gateway, though another has missed that. */
  #refused(id: string | undefined): void {
    if (id === undefined || !this.#desired.has(id)) return;
    const refusals = (this.#refusals.get(id) ?? 0) + 1;
    this.#refusals.set(id, refusals);
    if (refusals < PATIENCE) return;
    this.#desired.delete(id);
    this.#say();
  }
}

function inShort(result: ReconcileResult): string {
  if (result.kind !== 'done') return result.kind;
  const { added, changed, removed, refused } = result;
  const counts = `${added.length} added, ${changed.length} changed, ${removed.length} removed`;
  return refused.length === 0 ? counts : `${counts}, refused ${JSON.stringify(refused)}`;
}
