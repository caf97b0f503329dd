import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Keys } from './keys/keys.ts';
import type { KnownKeys } from './known-keys.ts';
import type { KnownReservations } from './known-reservations.ts';

/**
 * The key that another one names: of a client's address, of the reservation of an address or of a card. Undefined: none, or it
 * is known.
 */
export function keyBehind(key: string, keys: Keys, known: KnownKeys): string | undefined {
  const client = keys.clientOf(key);
  if (client !== undefined) {
    const address = known.clients.addressOf(client);
    return address === UNSPECIFIED ? undefined : keys.ofAddress(address);
  }
  const identity = keys.identityOf(key);
  if (identity !== undefined) return reservationBehind(identity, keys, known.reservations);
  const address = keys.addressOf(key);
  const reserved = address === undefined ? undefined : known.entryAt(address)?.reserved;
  if (address === undefined || reserved === undefined) return undefined;
  // A change of a reservation writes both keys: where that of the address is newer, the other one may be, too.
  const found = known.reservations.table.at(address);
  const isKnown =
    found?.id === reserved && known.reservations.revisionOf(found.id) >= known.revisionAt(address);
  return isKnown ? undefined : keys.ofReservation(reserved);
}

/** An identity's key is written with that of its reservation: where it is newer, that one may be, too. */
function reservationBehind(
  identity: string,
  keys: Keys,
  reservations: KnownReservations,
): string | undefined {
  const { identities } = reservations;
  const holder = identities.holderOf(identity);
  if (holder === undefined || reservations.revisionOf(holder) >= identities.revisionOf(identity))
    return undefined;
  return keys.ofReservation(holder);
}
