import type { ClientKey } from '../../src/lease/client-key.ts';
import type { Instant, Lease } from '../../src/lease/lease.ts';
import type { AddressRange, LeaseChange } from '../../src/lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';

/** The lease table as one would write it for ten addresses: lists, and a look at everything for every question. */
export class NaiveTable {
  readonly records: Lease[] = [];
  offers: Lease[] = [];
  revision = 0;
  readonly inFlight: ReadonlySet<Ipv4>;
  /** Addresses whose record is free and that are not on offer, in the order in which they became so. */
  #free: Ipv4[] = [];

  constructor(inFlight: ReadonlySet<Ipv4>) {
    this.inFlight = inFlight;
  }

  at(address: Ipv4): Lease | undefined {
    return this.offers.find((offer) => offer.address === address) ?? this.recordAt(address);
  }

  recordAt(address: Ipv4): Lease | undefined {
    return this.records.find((record) => record.address === address);
  }

  bindingOf(client: ClientKey): Lease | undefined {
    const named = this.records.filter((record) => record.client === client);
    const live = named.filter((record) => record.state === 'bound' || record.state === 'peer');
    return (live.length > 0 ? live : named).sort((a, b) => b.version - a.version)[0];
  }

  offerTo(client: ClientKey): Lease | undefined {
    return this.offers.find((offer) => offer.client === client);
  }

  apply(change: LeaseChange): void {
    const version = this.revision + 1;
    for (const { address, next } of change.writes) {
      if (next === 'precondition-only') continue;
      this.revision = version;
      const record = this.recordAt(address);
      const isOffered = this.offers.some((offer) => offer.address === address);
      const isHolders = record !== undefined && record.state !== 'free' && record.client === next.client;
      const { client, hardware, granter = UNSPECIFIED, state, expiresAt, leaseSeconds = 0 } = next;
      const times = { expiresAt, updatedAt: change.at, leaseSeconds };
      const lease = { address, client, hardware, granter, state, ...times, version };
      this.#drop(address);
      if (state === 'offered') {
        const other = this.offerTo(client);
        if (other !== undefined) this.#drop(other.address);
        this.offers.push(lease);
        this.#free = this.#free.filter((known) => known !== address);
      } else if (change.kind === 'binding' && (state !== 'free' || !isOffered || isHolders)) {
        if (record !== undefined) this.records.splice(this.records.indexOf(record), 1);
        this.records.push(lease);
        this.#free = this.#free.filter((known) => known !== address);
        if (state === 'free') this.#free.push(address);
      }
    }
  }

  sweep(now: Instant): Lease[] {
    for (const offer of [...this.offers]) {
      if (offer.expiresAt <= now && !this.inFlight.has(offer.address)) this.#drop(offer.address);
    }
    return this.records.filter(
      (record) =>
        (record.state === 'bound' || record.state === 'declined') &&
        record.expiresAt <= now &&
        !this.inFlight.has(record.address) &&
        this.at(record.address) === record,
    );
  }

  longestFree(range: AddressRange): Ipv4 | undefined {
    const all = Array.from(
      { length: range.last - range.first + 1 },
      (_, index) => (range.first + index) as Ipv4,
    );
    const unused = all.filter((address) => this.at(address) === undefined);
    const inRange = this.#free.filter((address) => address >= range.first && address <= range.last);
    return [...unused, ...inRange].find(
      (address) => !this.inFlight.has(address) && !range.excluded.has(address),
    );
  }

  oldestOffer(range: AddressRange): Lease | undefined {
    return this.offers.find((offer) => {
      const { address } = offer;
      const record = this.recordAt(address);
      const isOver =
        record === undefined ||
        record.state === 'free' ||
        (record.state !== 'peer' && record.expiresAt <= offer.updatedAt);
      const isGiven = address >= range.first && address <= range.last && !range.excluded.has(address);
      return isOver && isGiven && !this.inFlight.has(address);
    });
  }

  #drop(address: Ipv4): void {
    if (!this.offers.some((offer) => offer.address === address)) return;
    this.offers = this.offers.filter((offer) => offer.address !== address);
    if (this.recordAt(address)?.state === 'free') this.#free.push(address);
  }
}
