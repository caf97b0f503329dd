import type { OutsideId } from '../../src/lease/outside-id.ts';
import { readEntry } from '../../src/lease/reservation/read-entry.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import type { ReservationResult } from '../../src/server/order/reservation-intake.ts';
import { SeededRandom } from '../support/random.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Operator, OperatorParts, Reserved } from './operator.ts';

/** From one order to the next: milliseconds. */
const LEAST = 2000;
const MOST = 20_000;
/** Addresses that are reserved: some of the pool, and some beside it. */
const IN_POOL = ['10.15.3.20', '10.15.3.24', '10.15.3.29'];
const BESIDE = ['10.15.3.200', '10.15.3.201'];
const ADDRESSES = [...IN_POOL, ...BESIDE] as [string, ...string[]];
const MOST_IDS = 4;
/** Of a hundred orders those that come with another one for the same card. */
const RIVALS = 30;

/**
 * Where gateways share their reservations, each order goes to whatever gateway is up; some go to two, for one card at one moment.
 */
export class ReservingOperator implements Operator {
  readonly #parts: OperatorParts;
  readonly #random: SeededRandom;
  /** For what comes to a second gateway at the same moment. */
  readonly #rivals: SeededRandom;
  readonly #current = new Map<string, Reserved>();
  /** All that any order has named, whatever came of it: what is refused to a guest may be because of that. */
  readonly #named: Reserved[] = [];
  /** Cards with a reservation that a later order may have ended. */
  readonly #uncertain = new Set<string>();
  /** By the id that it is kept for, the address of a reservation that was removed. */
  readonly #removed = new Map<string, string>();
  /** By id, the newest version of its reservation that an outcome has told. */
  readonly #versions = new Map<string, number>();
  /** Ids of orders whose outcome is not known, and may never be. */
  readonly #open: string[] = [];
  #isOver = false;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.#random = new SeededRandom(parts.seed * 7919 + 13);
    this.#rivals = new SeededRandom(parts.seed * 7919 + 17);
  }

  begin(): void {
    this.#parts.clock.after(LEAST + this.#random.below(MOST - LEAST), () => {
      if (this.#isOver) return;
      this.#order();
      this.begin();
    });
  }

  end(): void {
    this.#isOver = true;
  }

  explains({ mac, address }: SimulatedGuest): boolean {
    return this.#named.some((each) => each.mac === mac || each.address === address);
  }

  get kept(): number {
    const addresses = this.#named
      .map(({ address }) => address)
      .filter((address) => IN_POOL.includes(address));
    return new Set(addresses).size;
  }

  get removed(): readonly string[] {
    return [...this.#removed].filter(([id]) => !this.#open.includes(id)).map(([, address]) => address);
  }

  get current(): readonly Reserved[] {
    return [...this.#current.values()].filter(({ mac }) => !this.#uncertain.has(mac));
  }

  /** @param isLast nothing was ordered since; else one that was removed may have been made anew. */
  #noteRemoved(id: string, wanted: Reserved | undefined, done: ReservationResult, isLast: boolean): void {
    if (done.outcome === 'unknown') return;
    if (wanted !== undefined) this.#open.splice(this.#open.indexOf(id), 1);
    if (done.outcome !== 'committed') return;
    if (wanted === undefined) {
      if (isLast) this.#removed.set(id, ipv4ToText(done.address));
      return;
    }
    // What was kept for the id is free when that has another address; and what was forgotten may be another one's.
    this.#removed.delete(id);
    for (const [other, address] of this.#removed) if (address === wanted.address) this.#removed.delete(other);
  }

  #order(): void {
    const id = `r${this.#random.below(MOST_IDS)}`;
    const gateway = this.#random.pick(this.#parts.gateways);
    if (this.#random.chance(25)) this.#remove(gateway, id);
    else this.#put(gateway, id);
  }

  #put(gateway: Gateway, id: string): void {
    const { mac } = this.#random.pick(this.#parts.guests as [SimulatedGuest, ...SimulatedGuest[]]);
    const orders = [{ gateway, id, address: this.#random.pick(ADDRESSES) }];
    const rival = {
      gateway: this.#rivals.pick(this.#parts.gateways),
      id: `r${this.#rivals.below(MOST_IDS)}`,
      address: this.#rivals.pick(ADDRESSES),
    };
    if (this.#rivals.chance(RIVALS) && rival.id !== id) orders.push(rival);
    for (const { address } of orders) this.#named.push({ mac, address });
    for (const each of orders) {
      const { address } = each;
      const read = readEntry({ mac: [mac], address }, each.id);
      if (!('entry' in read)) throw new Error('an entry of the simulation is wrong');
      const order = { kind: 'put', entry: read.entry, author: 'simulation' } as const;
      this.#follow(each.id, { mac, address }, each.gateway, order);
    }
  }

  #remove(gateway: Gateway, id: string): void {
    this.#follow(id, undefined, gateway, { kind: 'remove', id: id as OutsideId, author: 'simulation' });
  }

  #follow(
    id: string,
    wanted: Reserved | undefined,
    gateway: Gateway,
    order: Parameters<Gateway['order']>[0],
  ): void {
    const result = gateway.order(order);
    if (result === undefined) return;
    this.#current.delete(id); // What comes of it is not known yet, and may never be.
    const before = [...this.#named];
    if (wanted !== undefined) this.#open.push(id);
    void result.then((done) => {
      const isLast = before.length === this.#named.length;
      this.#noteRemoved(id, wanted, done, isLast);
      this.#parts.say(
        `${gateway.address} ${order.kind} ${id} ${JSON.stringify(wanted)}: ${JSON.stringify(done)}`,
      );
      if (this.#isOvertaken(id, done)) return;
      this.#current.delete(id); // An order to a frozen gateway is carried out after later ones.
      const isDone = done.outcome === 'committed' || done.outcome === 'unchanged';
      if (!isDone || wanted === undefined) return;
      if (isLast) this.#current.set(id, wanted);
      else this.#uncertain.add(wanted.mac);
    });
  }

  /** True if a later order for the id was carried out, and its outcome told before this one. */
  #isOvertaken(id: string, done: ReservationResult): boolean {
    if (done.outcome !== 'committed') return false;
    const newest = this.#versions.get(id) ?? 0;
    const version = done.reservation?.version ?? newest;
    if (version < newest) return true;
    this.#versions.set(id, version);
    return false;
  }
}
