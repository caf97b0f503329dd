import type { Clock } from '../../src/lease/clock.ts';
import type { LeaseChange } from '../../src/lease/lease-view.ts';
import type { Reservation } from '../../src/lease/reservation/reservation.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import type { WatchEvent } from '../../src/store/etcd/client/etcd.ts';
import { decodeEntry, type EtcdRecord } from '../../src/store/etcd/keys/entry.ts';
import { Keys } from '../../src/store/etcd/keys/keys.ts';
import { parseReservation } from '../../src/store/etcd/keys/reservation-value.ts';
import type { Outcome } from '../../src/store/lease-store.ts';
import { SEGMENT } from '../support/shared-store.ts';
import type { SimulatedCluster } from './etcd.ts';

/** A record, and when it was written by the true time, whatever the clock of its gateway said: milliseconds. */
export interface Written extends EtcdRecord {
  readonly writtenAt: number;
}

/** All records that each address ever had, as the model of etcd has them. */
export class EtcdRecords {
  readonly #keys = new Keys(SEGMENT);
  readonly #records = new Map<string, Written[]>();
  /** By their ids, also those that were removed and are not forgotten yet. */
  readonly #reservations = new Map<string, Reservation>();
  readonly #clock: Clock;
  readonly #fault: (text: string) => void;

  constructor(cluster: SimulatedCluster, fault: (text: string) => void) {
    this.#fault = fault;
    this.#clock = cluster.clock;
    cluster.watch(this.#keys.prefix, 1, {
      events: (events) => {
        let isNew = false;
        for (const event of events) {
          const id = this.#keys.reservationOf(event.kind === 'put' ? event.entry.key : event.key);
          if (id !== undefined) this.#noteReservation(id, event);
          if (event.kind !== 'put') continue;
          const address = this.#keys.addressOf(event.entry.key);
          const record = address === undefined ? undefined : decodeEntry(event.entry)?.record;
          if (address === undefined || record === undefined) continue;
          this.#note(ipv4ToText(address), record);
          isNew = true;
        }
        if (isNew) this.#checkClients();
      },
      ended: () => {},
    });
  }

  /** The record that each address has now, of those that had one. */
  newest(): readonly (readonly [address: string, record: Written])[] {
    return [...this.#records].flatMap(([address, records]) => {
      const newest = records.at(-1);
      return newest === undefined ? [] : [[address, newest] as const];
    });
  }

  /** True: there is a reservation of the address, in force or removed. */
  isKept(address: string): boolean {
    return [...this.#reservations.values()].some((each) => ipv4ToText(each.address) === address);
  }

  /** The address that is reserved for a network card; undefined: none. */
  reservedFor(hardware: number): string | undefined {
    const [found] = this.#reservationsOf(hardware);
    return found === undefined ? undefined : ipv4ToText(found.address);
  }

  /** `until`: by the true time. */
  wasBound(address: string, mac: number, until: number): boolean {
    return (this.#records.get(address) ?? []).some(
      (record) => record.state === 'bound' && record.mac === mac && endOf(record) >= until,
    );
  }

  /** True: it is in quarantine, or was at or after that true time. */
  wasQuarantined(address: string, since: number): boolean {
    const records = this.#records.get(address) ?? [];
    return records.some(
      ({ state }, index) => state === 'declined' && (records[index + 1]?.writtenAt ?? since) >= since,
    );
  }

  /** An outcome is true: what is committed has happened; what is refused has not, or others have written after it. */
  checkOutcomes(server: string, changes: readonly LeaseChange[], outcomes: readonly Outcome[]): void {
    for (const [index, change] of changes.entries()) {
      const outcome = outcomes[index];
      if (change.kind !== 'binding' || outcome === 'unknown') continue;
      for (const { address, next } of change.writes) {
        if (next === 'precondition-only' || next.state === 'free') continue;
        // Two gateways may do the same for a client in the same millisecond.
        const granter = next.granter === undefined ? server : ipv4ToText(next.granter);
        const isIts = (record: EtcdRecord | undefined) =>
          record?.granter === granter &&
          record.client === next.client &&
          record.state === next.state &&
          record.expiresAt === next.expiresAt &&
          record.updatedAt === change.at;
        const records = this.#records.get(ipv4ToText(address)) ?? [];
        const isTrue = outcome === 'committed' ? records.some(isIts) : !isIts(records.at(-1));
        if (!isTrue)
          this.#fault(`${change.reason} of ${ipv4ToText(address)} is called ${outcome} by ${server}`);
      }
    }
  }

  /** The client's key keeps two gateways from giving one client two leases. */
  #checkClients(): void {
    const addresses = new Map<string, string>();
    for (const [address, record] of this.newest()) {
      if (record.state !== 'bound' || endOf(record) <= this.#clock.now()) continue;
      const other = addresses.get(record.client);
      if (other !== undefined) this.#fault(`${record.client} has two leases: ${other} and ${address}`);
      addresses.set(record.client, address);
    }
  }

  #noteReservation(id: string, event: WatchEvent): void {
    const text = event.kind === 'put' ? Buffer.from(event.entry.value).toString('utf8') : '';
    const reservation = parseReservation(text, 1)?.reservation;
    if (reservation === undefined) this.#reservations.delete(id);
    else this.#reservations.set(id, reservation);
    for (const mac of reservation?.macs ?? []) {
      const all = this.#reservationsOf(mac).map((each) => each.id);
      if (all.length > 1) this.#fault(`${mac.toString(16)} has two reservations: ${all.join(' and ')}`);
    }
  }

  /** Those in force. */
  #reservationsOf(hardware: number): readonly Reservation[] {
    return [...this.#reservations.values()].filter(
      ({ macs, retiredUntil }) => retiredUntil === undefined && macs.some((mac) => mac === hardware),
    );
  }

  /** No gateway leases what is reserved in etcd to another client, however far it lags. */
  #checkReserved(address: string, { state, mac }: EtcdRecord): void {
    if (state !== 'bound') return;
    for (const { id, macs, address: reserved, retiredUntil } of this.#reservations.values())
      if (
        ipv4ToText(reserved) === address &&
        retiredUntil === undefined &&
        !macs.some((each) => each === mac)
      )
        this.#fault(`${address} is leased to ${mac.toString(16)}, though it is reserved as ${id}`);
  }

  #note(address: string, record: EtcdRecord): void {
    const records = this.#records.get(address);
    // A reservation of the address writes its key anew, and leaves the record as it is.
    const last = records?.at(-1);
    const writtenAt = last?.writtenAt ?? this.#clock.now();
    const isSame = JSON.stringify(last) === JSON.stringify({ ...record, writtenAt });
    if (!isSame) this.#checkReserved(address, record);
    const written = { ...record, writtenAt: isSame ? writtenAt : this.#clock.now() };
    if (records === undefined) this.#records.set(address, [written]);
    else records.push(written);
  }
}

/** By the true time. */
export function endOf({ writtenAt, expiresAt, updatedAt }: Written): number {
  return writtenAt + expiresAt - updatedAt;
}
