import type { Decision } from '../engine/decision/decision.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer/observer.ts';
import type { Order } from '../exchange/parts/order.ts';
import { NOBODY } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import { isClaim, type Lease, type LeaseRecord } from '../lease/lease.ts';
import type { LeaseChange, LeaseCounts, LeaseView } from '../lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** A claimed address is asked for by ARP so long after it was claimed, and once more so long after that: milliseconds. */
const FIRST = 2000;
const SECOND = 8000;
/** Claims that are followed; the oldest is forgotten first. It stays a claim. */
const LIMIT = 4096;
/** Requests that one beat sends at most. */
const BURST = 32;

const NOTHING: Decision = { kind: 'silence', reason: 'no-binding' };

export interface ClaimsParts {
  readonly leases: Pick<LeaseView & LeaseCounts, 'at' | 'recordAt' | 'bindingOf' | 'peerRecords'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly ask: (address: Ipv4) => void;
  readonly submit: (order: Order) => boolean;
}

interface Due {
  readonly address: Ipv4;
  readonly at: number;
}

/**
 * Clients that were heard selecting an address at another gateway. The client that answers ARP there has a lease of that
 * gateway; if another machine answers, nobody knows whose it is. If nobody does, it stays a claim, which gives way when nothing
 * else is free.
 */
export class Claims implements Observer {
  readonly #parts: ClaimsParts;
  /** By address, the card that claims it; NO_HARDWARE: it is not known which one does. The oldest is first. */
  readonly #cards = new Map<Ipv4, HardwareAddress>();
  readonly #addresses = new Map<HardwareAddress, Ipv4>();
  /** Those whose record is being changed. */
  readonly #pending = new Set<Ipv4>();
  /** What is to be asked for, the first to be asked first. */
  #first: Due[] = [];
  #second: Due[] = [];

  /** Those that an earlier process has stored are asked for too. */
  constructor(parts: ClaimsParts) {
    this.#parts = parts;
    for (const lease of parts.leases.peerRecords()) if (isClaim(lease)) this.note(lease.address);
  }

  /** The address that a card claims. */
  of(hardware: HardwareAddress): Ipv4 | undefined {
    return hardware === NO_HARDWARE ? undefined : this.#addresses.get(hardware);
  }

  /** What is stored of an address has changed. */
  note(address: Ipv4): void {
    const record = this.#parts.leases.recordAt(address);
    if (record === undefined || !isClaim(record)) {
      this.#forget(address);
      return;
    }
    if (this.#cards.get(address) === record.hardware) return;
    this.#forget(address);
    this.#cards.set(address, record.hardware);
    if (record.hardware !== NO_HARDWARE) this.#addresses.set(record.hardware, address);
    this.#first.push({ address, at: this.#parts.clock.monotonic() + FIRST });
    if (this.#cards.size <= LIMIT) return;
    for (const oldest of this.#cards.keys()) {
      this.#forget(oldest);
      break;
    }
    this.#first = this.#first.slice(-LIMIT);
  }

  /** Twice a second. */
  beat(): void {
    if (this.#first.length === 0 && this.#second.length === 0) return;
    const now = this.#parts.clock.monotonic();
    const first = this.#askDue(this.#first, now);
    this.#second.push(...first.map(({ address }) => ({ address, at: now + SECOND })));
    this.#askDue(this.#second, now);
  }

  decided(_message: unknown, _client: unknown, decision: Decision, outcome: DecisionOutcome): void {
    this.ordered(decision, outcome);
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    if (outcome !== 'committed' || !('change' in decision) || decision.change === undefined) return;
    for (const { address, next } of decision.change.writes)
      if (next !== 'precondition-only' && next.state === 'peer') this.note(address);
  }

  /** A machine was heard by ARP at an address. */
  hear(address: Ipv4, hardware: HardwareAddress): void {
    if (!this.#cards.has(address) || this.#pending.has(address)) return;
    const version = this.#parts.leases.recordAt(address)?.version;
    const isTaken = this.#parts.submit({
      decide: (now) => {
        const record = this.#parts.leases.recordAt(address);
        if (record === undefined || record.version !== version || !isClaim(record)) return NOTHING;
        return this.#confirm(record, hardware, now);
      },
      done: () => {
        this.#pending.delete(address);
        this.note(address);
      },
    });
    if (isTaken) this.#pending.add(address);
  }

  #confirm(record: Lease, hardware: HardwareAddress, now: Lease['updatedAt']): Decision {
    const { leases } = this.#parts;
    const { address, expiresAt, granter } = record;
    if (leases.at(address)?.version !== record.version) return NOTHING; // It is on offer: its client is asked for by ARP.
    const isOwn = record.hardware === hardware;
    const holder = isOwn ? record : { client: NOBODY, hardware: NO_HARDWARE };
    const next: LeaseRecord = {
      ...{ client: holder.client, hardware: holder.hardware },
      ...{ state: 'peer', expiresAt, granter, leaseSeconds: 0 },
    };
    const client = next.client;
    const change: LeaseChange = {
      kind: 'binding',
      client,
      expectedBindingVersion: leases.bindingOf(client)?.version ?? 0,
      writes: [{ address, expectedVersion: record.version, next }],
      at: now,
      reason: 'peer-granted',
    };
    return { kind: 'silence', reason: 'peer-granted', change };
  }

  /** Takes what is due out of its list, asks for what is claimed still, and returns that. */
  #askDue(list: Due[], now: number): readonly Due[] {
    const asked: Due[] = [];
    while (asked.length < BURST) {
      const next = list[0];
      if (next === undefined || next.at > now) break;
      list.shift();
      if (!this.#cards.has(next.address)) continue;
      this.#parts.ask(next.address);
      asked.push(next);
    }
    return asked;
  }

  #forget(address: Ipv4): void {
    const hardware = this.#cards.get(address);
    if (hardware === undefined) return;
    this.#cards.delete(address);
    if (this.#addresses.get(hardware) === address) this.#addresses.delete(hardware);
  }
}
