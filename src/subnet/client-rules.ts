import type { HardwareAddress } from '../net/hardware-address.ts';
import { MacList } from '../net/mac-list.ts';

/** Vendor classes (RFC 2132 §9.13): one, or with `isPrefix` all that begin so. */
export interface VendorClass {
  readonly text: string;
  readonly isPrefix: boolean;
}

/** Which clients are served at all. A list of what is allowed that is empty allows everything. */
export interface ClientRules {
  /** True: only those that are known. */
  readonly knownOnly: boolean;
  /** leased: who has a lease, or has had one, or has a reservation. reserved: who has a reservation. */
  readonly knownBy: 'leased' | 'reserved';
  /** Known besides. */
  readonly knownMacs: MacList;
  readonly allowedMacs: MacList;
  readonly deniedMacs: MacList;
  readonly allowedVendorClasses: readonly VendorClass[];
  readonly deniedVendorClasses: readonly VendorClass[];
}

const NO_MACS = new MacList([]);

/** Every client is served. */
export const NO_CLIENT_RULES: ClientRules = {
  knownOnly: false,
  knownBy: 'leased',
  knownMacs: NO_MACS,
  allowedMacs: NO_MACS,
  deniedMacs: NO_MACS,
  allowedVendorClasses: [],
  deniedVendorClasses: [],
};

/** Why a list keeps a client away: what is denied counts before what is allowed, and each list for itself. */
export type ListDrop = 'denied' | 'not-allowed';

/**
 * @param vendorClass Option 60, an octet a character; undefined: it was not sent.
 * @returns 'listed' if the lists let the client pass.
 */
export function dropByLists(
  rules: ClientRules,
  hardware: HardwareAddress,
  vendorClass: string | undefined,
): ListDrop | 'listed' {
  const { allowedMacs, deniedMacs, allowedVendorClasses, deniedVendorClasses } = rules;
  if (deniedMacs.has(hardware) || isAmong(deniedVendorClasses, vendorClass)) return 'denied';
  if (allowedMacs.size > 0 && !allowedMacs.has(hardware)) return 'not-allowed';
  const isOpen = allowedVendorClasses.length === 0;
  return isOpen || isAmong(allowedVendorClasses, vendorClass) ? 'listed' : 'not-allowed';
}

function isAmong(classes: readonly VendorClass[], vendorClass: string | undefined): boolean {
  if (vendorClass === undefined) return false;
  return classes.some(({ text, isPrefix }) =>
    isPrefix ? vendorClass.startsWith(text) : vendorClass === text,
  );
}
