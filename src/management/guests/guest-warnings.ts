import type { Reservation } from '../../lease/reservation/reservation.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { LookedAt } from '../../store/sqlite/query/lease-search.ts';

/** Something about one guest that an operator should know. */
export interface GuestWarning {
  readonly id: 'in-use-elsewhere' | 'reserved-for-another' | 'not-at-its-address';
  readonly title: string;
  readonly remedy: string;
}

/** The reservations in force. */
export interface InForce {
  readonly at: ReadonlyMap<number, Reservation>;
  readonly by: ReadonlyMap<string, Reservation>;
  readonly ofCard: ReadonlyMap<number, Reservation>;
}

/** The guest's. What its lease says of it may be older than the reservation, or name one that was removed. */
export function reservationOf(
  { hardware, reservationId }: Pick<LookedAt, 'hardware' | 'reservationId'>,
  inForce: InForce,
): Reservation | undefined {
  return inForce.ofCard.get(hardware) ?? inForce.by.get(reservationId ?? '');
}

export function warningsOf(
  { position, hardware, state, reservationId }: LookedAt,
  inForce: InForce,
): readonly GuestWarning[] {
  const warnings: GuestWarning[] = [];
  if (state === 'declined')
    warnings.push({
      id: 'in-use-elsewhere',
      title: 'Nobody gets this address now: another machine uses it, or an operator has taken it out of use',
      remedy: 'Ask who has it (`vps-gateway addresses ask`), and restore it when nobody does.',
    });
  if (state !== 'bound' && state !== 'peer') return warnings;
  const reserved = inForce.at.get(position);
  const own = reservationOf({ hardware, reservationId }, inForce);
  const isOthers = own === undefined ? reserved?.macs.length !== 0 : reserved?.id !== own.id;
  if (reserved !== undefined && isOthers)
    warnings.push({
      id: 'reserved-for-another',
      title: `The address is reserved for ${reserved.id}, and this guest has it still`,
      remedy: 'It is moved at its next renewal; to move it now, release its lease.',
    });
  if (own !== undefined && Number(own.address) !== position)
    warnings.push({
      id: 'not-at-its-address',
      title: `Its reservation ${own.id} has ${ipv4ToText(own.address)}, and this is another address`,
      remedy: 'It is moved at its next renewal, as soon as that address is free.',
    });
  return warnings;
}
