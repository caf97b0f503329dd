import type { LeaseChange } from '../../src/lease/lease-view.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { type Claim, decodeEntry, Keys } from '../../src/store/etcd/entry.ts';
import type { Outcome } from '../../src/store/lease-store.ts';
import { optionOf } from '../support/conversation.ts';
import { SEGMENT } from '../support/shared-store.ts';
import type { SimulatedCluster } from './etcd.ts';
import type { SimulatedGuest } from './guest.ts';

/** From a decision to the leaving of its reply it takes at most: milliseconds. */
const UNDER_WAY = 8000;
const ACK = 5;

/** What must hold at every step; looks at the guests and at the model of etcd, and never into a gateway. */
export class Invariants {
  readonly faults: string[] = [];
  readonly #keys = new Keys(SEGMENT);
  /** All records that each address ever had. */
  readonly #records = new Map<string, Claim[]>();
  readonly #guests: () => readonly SimulatedGuest[];

  constructor(cluster: SimulatedCluster, guests: () => readonly SimulatedGuest[]) {
    this.#guests = guests;
    cluster.watch(this.#keys.prefix, 1, {
      events: (events) => {
        for (const event of events) {
          if (event.kind !== 'put') continue;
          const address = this.#keys.addressOf(event.entry.key);
          const record = address === undefined ? undefined : decodeEntry(event.entry)?.record;
          if (address !== undefined && record !== undefined) this.#noteRecord(ipv4ToText(address), record);
        }
      },
      ended: () => {},
    });
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  /** The record that each address has now, of those that had one. */
  newest(): readonly (readonly [address: string, record: Claim])[] {
    return [...this.#records].flatMap(([address, records]) => {
      const newest = records.at(-1);
      return newest === undefined ? [] : [[address, newest] as const];
    });
  }

  /** RFC 2131 §3.1 (4): what an ACK promises is on the disks of a majority, for this client and for so long. */
  checkReply(server: string, now: number, bytes: Uint8Array): void {
    if (optionOf(bytes, 53)?.[0] !== ACK) return;
    const seconds = (optionOf(bytes, 51) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
    const address = [...bytes.subarray(16, 20)].join('.');
    const mac = Buffer.from(bytes).readUIntBE(28, 6);
    const isDurable = (this.#records.get(address) ?? []).some(
      (record) =>
        record.state === 'bound' &&
        record.mac === mac &&
        record.expiresAt + UNDER_WAY >= now + seconds * 1000,
    );
    if (!isDurable)
      this.fault(`not durable: ACK of ${address} to ${mac.toString(16)} for ${seconds} s by ${server}`);
  }

  /** An outcome is true: what is committed has happened; what is refused has not, or others have written after it. */
  checkOutcomes(server: string, changes: readonly LeaseChange[], outcomes: readonly Outcome[]): void {
    for (const [index, change] of changes.entries()) {
      const outcome = outcomes[index];
      if (change.kind !== 'binding' || outcome === 'unknown') continue;
      for (const { address, next } of change.writes) {
        if (next === 'as seen' || next.state === 'free') continue;
        const isIts = (record: Claim | undefined) =>
          record?.client === next.client &&
          record.state === next.state &&
          record.expiresAt === next.expiresAt &&
          record.updatedAt === change.at;
        const records = this.#records.get(ipv4ToText(address)) ?? [];
        const isTrue = outcome === 'committed' ? records.some(isIts) : !isIts(records.at(-1));
        if (!isTrue)
          this.fault(`${change.reason} of ${ipv4ToText(address)} is called ${outcome} by ${server}`);
      }
    }
  }

  /** No address for two, by the guests' own reckoning. */
  checkBound(guest: SimulatedGuest): void {
    for (const other of this.#guests()) {
      if (other === guest || other.address !== guest.address || !other.holds) continue;
      if (guest.isUnseen || other.isUnseen || (other.isUndone && !other.isOn)) continue;
      this.fault(
        `${guest.address} is ${other.mac}'s and ${guest.mac}'s, by ${other.server} and ${guest.server}`,
      );
    }
  }

  checkRefused(guest: SimulatedGuest, server: string): void {
    if (!guest.isUndone) this.fault(`${server} has refused ${guest.mac} its valid ${guest.address}`);
  }

  #noteRecord(address: string, record: Claim): void {
    const records = this.#records.get(address);
    if (records === undefined) this.#records.set(address, [record]);
    else records.push(record);
  }
}
