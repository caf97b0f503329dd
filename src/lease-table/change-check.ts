import type { Version } from '../lease/lease.ts';
import type { LeaseChange, LeaseWrite } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { TableContents } from './address-use.ts';
import type { ClientIndex } from './client-index.ts';

/**
 * offers: keeps the address for a client, in memory. withdraws: ends the offer, and leaves the record beneath it as it is;
 * a write that frees an address does so too, if its client was only offered it. records: becomes the address's record.
 */
export type WriteEffect = 'none' | 'offers' | 'withdraws' | 'records';

/** Compares changes with what the table has, and tells what their writes will do. It writes nothing. */
export class ChangeCheck {
  readonly #contents: TableContents;
  readonly #clients: ClientIndex;

  constructor(contents: TableContents, clients: ClientIndex) {
    this.#contents = contents;
    this.#clients = clients;
  }

  /** True if a version that the change expects has changed. */
  conflicts(change: LeaseChange): boolean {
    const { records } = this.#contents;
    const binding = this.#clients.slotOf(change.client);
    if ((binding < 0 ? 0 : records.versionAt(binding)) !== change.expectedBindingVersion) return true;
    for (const write of change.writes)
      if (this.#versionAt(write.address) !== write.expectedVersion) return true;
    return false;
  }

  /** What a write of a change without conflicts does. */
  effectOf(change: LeaseChange, write: LeaseWrite): WriteEffect {
    const { records, offers } = this.#contents;
    if (write.next === 'precondition-only') return 'none';
    if (write.next.state === 'offered') return 'offers';
    if (change.kind === 'offer') return 'withdraws';
    if (write.next.state !== 'free' || offers.at(write.address) === undefined) return 'records';
    const slot = records.slotOf(write.address);
    const isHolders = slot >= 0 && records.stateAt(slot) !== 'free' && records.names(slot, write.next.client);
    return isHolders ? 'records' : 'withdraws';
  }

  /** The version of the offer or the record at an address; 0: there is neither. */
  #versionAt(address: Ipv4): Version {
    const { records, offers } = this.#contents;
    const offer = offers.at(address);
    if (offer !== undefined) return offer.version;
    const slot = records.slotOf(address);
    return slot < 0 ? 0 : records.versionAt(slot);
  }
}
