import { quoted } from './reservation-order.ts';

/** How long the address of a removed reservation is kept: milliseconds. */
const KEPT = 86_400_000;

/** A lease of the address of a reservation that is removed. */
export interface LeftLease {
  /** Of the reservation. */
  readonly id: string;
  readonly address: string;
  readonly mac: string | null;
  /** never: it has no end. */
  readonly expires: string | null;
}

/**
 * What the removal means for the guest that has the address, as sentences. A renewal is answered with what is left of the lease,
 * a DHCPDISCOVER with another address.
 */
export function removedGuestText({ id, address, mac, expires }: LeftLease, isDryRun: boolean): string {
  const who = mac ?? 'who has a lease of it';
  const keeps = isDryRun ? 'would keep' : 'keeps';
  const card = mac === null ? '' : ` --mac ${mac}`;
  const undo = `\`vps-gateway reservations set ${quoted(id)}${card} --address ${address}\` lets it stay`;
  if (expires === null || expires === 'never')
    return `${who} ${keeps} ${address}: its lease has no end; ${undo}`;
  // The address is kept for a day: a longer lease may be extended again after that.
  const isLonger = Date.parse(expires) > Date.now() + KEPT;
  const renewals = isLonger ? 'its renewals within the day' : 'its renewals';
  return (
    `${who} ${keeps} ${address} until its lease ends at ${expires.replace(/\.\d+Z$/, 'Z')}: ${renewals} do not extend it. ` +
    `After that, or if it asks anew with a DHCPDISCOVER, it gets another address; ${undo}`
  );
}
