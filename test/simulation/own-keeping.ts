import type { Clock } from '../../src/lease/clock.ts';
import { isClaim, type Lease } from '../../src/lease/lease.ts';
import type { LeaseChange } from '../../src/lease/lease-view.ts';
import { type Ipv4, ipv4, ipv4ToText, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { CLOCK_GRACE } from '../../src/store/etcd/keys/clock-grace.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { at } from '../support/plan.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Holding, Keeping } from './keeping.ts';
import type { Standstill } from './standstill.ts';

const SEGMENT = at('10.15.3.0');
const ADDRESSES = Array.from({ length: 256 }, (_, index): Ipv4 => ipv4(SEGMENT + index));
/** How long a commit takes at most, as long as the disk is well: milliseconds. */
const COMMIT = 8;

/** A lease in the place of what was perhaps still another's. */
export interface LastResort {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Who was known to have given it. */
  readonly granter: string;
  /** ARP had never shown its client there, or nobody knew whose it was. */
  readonly isClaimed: boolean;
  /** Since when it is reserved here; undefined: it is not. */
  readonly reservedAt: number | undefined;
}

/** The leases are in a file of this gateway's own, and what is committed is in it. */
export class OwnKeeping implements Keeping {
  /** How long a commit takes at most: milliseconds. */
  slowness = COMMIT;
  readonly #random: SeededRandom;
  #store: MemoryStore | undefined;
  /** By address, whose it is by a lease of this gateway's own, and since when without a break. */
  readonly #held = new Map<Ipv4, { readonly hardware: number; readonly since: number }>();
  /** By address and client, the last of such leases that has ended. */
  readonly #past = new Map<string, { readonly since: number; readonly until: number }>();
  /** By address, when it was given away last that was perhaps still another's: monotonic milliseconds. */
  readonly #lastResorts = new Map<Ipv4, LastResort>();
  /** By address, when a reservation of it was written last: monotonic milliseconds. */
  readonly #reserved = new Map<Ipv4, number>();
  /** By address, when the lease that is stored ends by the true time, whatever the clock of its gateway said. */
  readonly #ends = new Map<Ipv4, number>();
  /** By address, when a quarantine of it was written, or something in its place: monotonic milliseconds. */
  readonly #quarantines = new Map<Ipv4, number>();
  readonly #clock: Clock;
  readonly #fault: (text: string) => void;

  constructor(clock: Clock, random: SeededRandom, fault: (text: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#fault = fault;
  }

  begin(clock: Clock, standstill: Standstill): Holding {
    let store: MemoryStore | undefined;
    const underWay = new Set<LeaseChange>();
    return {
      open: (inFlight) => {
        const { lastHeard = new Map(), heardSelections = [] } = this.#store ?? {};
        const reservations = [...(this.#store?.reservations.all() ?? [])];
        const leases = this.records();
        store = new MemoryStore({ clock, inFlight, leases, reservations, lastHeard, heardSelections });
        store.clockNote = this.#store?.clockNote;
        this.#store = store;
        this.#watch(store, underWay, standstill);
        return store;
      },
      serve: async () => {},
      // The file may have what nobody was told of any more.
      die: () => {
        for (const change of underWay) {
          // Of a process that was stopped with the answer.
          const isWritten = store === undefined || store.conflicts(change);
          if (isWritten || !this.#random.chance(50)) continue;
          store?.applyForeign(change);
          this.#noteEnd(change);
        }
      },
    };
  }

  /** The disk is well again. */
  recover(): void {
    this.slowness = COMMIT;
  }

  sync(): void {}

  lose(): void {
    this.#store = undefined;
  }

  isDurable(address: string, mac: number, milliseconds: number): boolean {
    const record = this.#store?.table.recordAt(at(address));
    const end = this.#ends.get(at(address)) ?? 0;
    // A clock that was put back by less than the grace is believed: by it the lease runs for as much longer.
    const until = this.#clock.now() + milliseconds - CLOCK_GRACE;
    return record?.state === 'bound' && record.hardware === mac && end >= until;
  }

  contradicts(address: string, mac: number, now: number): boolean {
    const wanted = at(address === '' ? '0.0.0.0' : address);
    return this.records().some((record) => {
      const isLive = record.state === 'bound' && record.expiresAt > now;
      return isLive && (record.address === wanted) !== (record.hardware === mac);
    });
  }

  /**
   * This gateway has given away what was, as far as it knew, perhaps still another's, after that one had selected it. Its own
   * lease took the place of what it knew of the other: when that lease ends, the address is free here. Undefined: it has not.
   */
  lastResort(address: string, selectedAt: number): LastResort | undefined {
    const last = this.#lastResorts.get(at(address));
    return last !== undefined && last.at > selectedAt ? last : undefined;
  }

  /** Since when this gateway has leased the address to this client; undefined: it has not. */
  heldSince(address: string, mac: number): number | undefined {
    const held = this.#held.get(at(address));
    return held?.hardware === mac ? held.since : undefined;
  }

  /** True if this gateway had leased the address to this client at that time already, and has not ended it before. */
  heldAt(address: string, mac: number, time: number): boolean {
    const { since, until } = this.#past.get(`${at(address)}/${mac}`) ?? { since: time, until: time };
    return (since < time && time <= until) || (this.heldSince(address, mac) ?? time) < time;
  }

  /** The lease file says that other gateways were heard. */
  get remembersOthers(): boolean {
    return (this.#store?.lastHeard.size ?? 0) > 0;
  }

  /** True: there is a reservation of the address, in force or removed. */
  keeps(address: string): boolean {
    return this.#store?.reservations.at(at(address)) !== undefined;
  }

  /** True: the address is in quarantine, or was since a time. */
  wasQuarantined(address: string, since: number): boolean {
    const isNow = this.#store?.table.recordAt(at(address))?.state === 'declined';
    return isNow || (this.#quarantines.get(at(address)) ?? Number.NEGATIVE_INFINITY) > since;
  }

  records(): readonly Lease[] {
    const { table } = this.#store ?? {};
    if (table === undefined) return [];
    return ADDRESSES.map((address) => table.recordAt(address)).filter((record) => record !== undefined);
  }

  /** Each commit takes its own time. */
  #watch(store: MemoryStore, underWay: Set<LeaseChange>, standstill: Standstill): void {
    const commit = async (changes: readonly LeaseChange[]) => {
      const outcomes = await MemoryStore.prototype.commit.call(store, changes);
      for (const [index, change] of changes.entries())
        if (outcomes[index] === 'committed') {
          this.#noteEnd(change);
          this.#noteReserved(change);
        }
      return outcomes;
    };
    store.commit = async (changes) => {
      store.otherwise({ takes: 1 + this.#random.below(this.slowness) });
      for (const change of changes) {
        underWay.add(change);
        this.#checkReserved(store, change);
        this.#noteResorts(store, change);
        this.#noteQuarantines(store, change);
      }
      const outcomes = await standstill.commit(commit, changes);
      store.commits.length = 0;
      for (const [index, change] of changes.entries()) {
        underWay.delete(change);
        if (outcomes[index] === 'committed') this.#note(store, change);
      }
      return outcomes;
    };
  }

  /** What is reserved here is leased here to nobody else. */
  #checkReserved({ reservations }: MemoryStore, { writes }: LeaseChange): void {
    for (const { address, next } of writes) {
      const reservation = reservations.at(address);
      if (next === 'precondition-only' || next.state !== 'bound' || reservation === undefined) continue;
      if (reservation.retiredUntil !== undefined || reservation.macs.includes(next.hardware)) continue;
      const to = next.hardware.toString(16);
      this.#fault(`${ipv4ToText(address)} is leased to ${to}, though it is reserved as ${reservation.id}`);
    }
  }

  #noteResorts({ table, reservations }: MemoryStore, { writes }: LeaseChange): void {
    for (const { address, next } of writes) {
      const before = table.recordAt(address);
      if (next === 'precondition-only' || next.state !== 'bound' || before?.hardware === next.hardware)
        continue;
      if (before?.state !== 'peer') continue;
      const isReserved = reservations.at(address) !== undefined;
      const isClaimed = isClaim(before) || before.granter === UNSPECIFIED;
      const reservedAt = this.#reserved.get(address) ?? Number.POSITIVE_INFINITY;
      const known = { granter: ipv4ToText(before.granter), reservedAt: isReserved ? reservedAt : undefined };
      this.#lastResorts.set(address, { at: this.#clock.monotonic(), ...known, isClaimed });
    }
  }

  #noteReserved({ reservations = [] }: LeaseChange): void {
    for (const { next } of reservations)
      if (next !== 'removed') this.#reserved.set(next.address, this.#clock.monotonic());
  }

  #noteQuarantines({ table }: MemoryStore, { writes }: LeaseChange): void {
    for (const { address } of writes)
      if (table.recordAt(address)?.state === 'declined')
        this.#quarantines.set(address, this.#clock.monotonic());
  }

  #noteEnd({ writes, at: on }: LeaseChange): void {
    for (const { address, next } of writes)
      if (next !== 'precondition-only' && next.state === 'bound')
        this.#ends.set(address, this.#clock.now() + next.expiresAt - on);
  }

  /** The end of an offer leaves the lease under it. */
  #note({ table }: MemoryStore, { writes }: LeaseChange): void {
    for (const { address } of writes) {
      const record = table.recordAt(address);
      const held = this.#held.get(address);
      const now = this.#clock.monotonic();
      if (record?.state === 'bound' && record.hardware === held?.hardware) continue;
      if (held !== undefined)
        this.#past.set(`${address}/${held.hardware}`, { since: held.since, until: now });
      if (record?.state !== 'bound') this.#held.delete(address);
      else this.#held.set(address, { hardware: record.hardware, since: now });
    }
  }
}
