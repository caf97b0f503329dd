import type { Reservation, ReservationRecord, ReservationWrite } from './reservation.ts';
import type { Reservations } from './reservation-view.ts';

/** Proxmox VE: a card of a VM, of a container, and of either where its firewall stands between, by number and card. */
const CARD_OF_GUEST = /^(?:tap|veth|fwpr)([1-9]\d*)[ip](\d+)$/;

/**
 * Compares reservations that are to be written with those that are there, and with each other: what one of a commit claims, no
 * other of it gets.
 */
export class ReservationCheck {
  readonly #reservations: Reservations;
  readonly #claimed = new Set<string | number>();

  constructor(reservations: Reservations) {
    this.#reservations = reservations;
  }

  /** True if a version that the writes expect has changed, or another reservation has what they claim. */
  conflicts(writes: readonly ReservationWrite[]): boolean {
    const claims = writes.flatMap(claimsOf);
    if (writes.some((write) => this.#contradicts(write))) return true;
    if (claims.some((claim) => this.#claimed.has(claim))) return true;
    for (const claim of claims) this.#claimed.add(claim);
    return false;
  }

  #contradicts({ id, expectedVersion, next }: ReservationWrite): boolean {
    if ((this.#reservations.get(id)?.version ?? 0) !== expectedVersion) return true;
    return next !== 'removed' && holdersOf(next, this.#reservations).length > 0;
  }
}

/** What a reservation needs for itself alone, and who has it. */
export interface Holder {
  /** The member of the entry: `mac`. */
  readonly member: string;
  readonly holder: Reservation;
}

/** The other reservations that have what a new one claims. One that is retired has its address only. */
export function holdersOf(next: ReservationRecord, reservations: Reservations): readonly Holder[] {
  const { macs, clientId, circuitId, port } = next;
  const found: (readonly [string, Reservation | undefined])[] = [['address', reservations.at(next.address)]];
  if (next.retiredUntil === undefined) {
    for (const [index, mac] of macs.entries()) found.push([`mac/${index}`, reservations.ofHardware(mac)]);
    if (clientId !== undefined) found.push(['client_id', reservations.ofClientId(clientId)]);
    if (circuitId !== undefined) found.push(['circuit_id', reservations.ofCircuit(circuitId)]);
    if (port !== undefined) found.push(['port', reservations.ofPort(port)]);
  }
  return found.flatMap(([member, holder]) =>
    holder === undefined || holder.id === next.id ? [] : [{ member, holder }],
  );
}

function claimsOf({ id, next }: ReservationWrite): readonly (string | number)[] {
  if (next === 'removed') return [`id ${id}`];
  const { address, macs, clientId, circuitId, port } = next;
  return [
    `id ${id}`,
    `ip ${address}`,
    ...macs,
    clientId === undefined ? `id ${id}` : `client ${clientId}`,
    circuitId === undefined ? `id ${id}` : `circuit ${circuitId}`,
    port === undefined ? `id ${id}` : `port ${portKey(port)}`,
  ];
}

/** A card of a Proxmox guest is the same one whether or not its firewall is on. */
export function portKey(port: string): string {
  const [, guest, card] = CARD_OF_GUEST.exec(port) ?? [];
  return guest === undefined ? port : `${guest}/${card}`;
}
