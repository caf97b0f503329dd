import { hardwareToText } from '../../net/hardware-address.ts';
import type { OutsideId } from '../outside-id.ts';
import type { Reservation, ReservationEntry, ReservationRecord, ReservationWrite } from './reservation.ts';
import type { Reservations } from './reservation-view.ts';

/** Proxmox VE: a card of a VM, of a container, and of either where its firewall stands between, by number and card. */
const CARD_OF_GUEST = /^(?:tap|veth|fwpr)([1-9]\d*)[ip](\d+)$/;

/**
 * Compares reservations that are to be written with those that are there, and with each other: what one of a commit claims, no
 * other of it gets.
 */
export class ReservationCheck {
  readonly #reservations: Reservations;
  readonly #claimed = new Set<string>();

  constructor(reservations: Reservations) {
    this.#reservations = reservations;
  }

  /**
   * True if a version that the writes of one change expect is another by now, or another reservation has what they claim. What one
   * of the writes gives up, another one of them may claim.
   */
  conflicts(writes: readonly ReservationWrite[]): boolean {
    const written = new Set(writes.map(({ id }) => id));
    const claimed = new Set<string>();
    for (const write of writes) {
      if (this.#contradicts(write, written)) return true;
      for (const claim of claimsOf(write)) {
        if (this.#claimed.has(claim) || claimed.has(claim)) return true;
        claimed.add(claim);
      }
    }
    for (const claim of claimed) this.#claimed.add(claim);
    return false;
  }

  #contradicts({ id, expectedVersion, next }: ReservationWrite, written: ReadonlySet<OutsideId>): boolean {
    if ((this.#reservations.get(id)?.version ?? 0) !== expectedVersion) return true;
    return (
      next !== 'removed' && holdersOf(next, this.#reservations).some(({ holder }) => !written.has(holder.id))
    );
  }
}

/** What `claimedBy` reads; `retiredUntil` absent: it is in force. */
type Claims = Pick<ReservationEntry, 'address' | 'macs' | 'clientId' | 'circuitId' | 'port'> & {
  readonly retiredUntil?: Reservation['retiredUntil'];
};

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

function claimsOf({ id, next }: ReservationWrite): readonly string[] {
  return [`id ${id}`, ...(next === 'removed' ? [] : claimedBy(next))];
}

/**
 * All that a reservation, or an entry, claims for itself alone, as keys to compare: those of two are equal if only one of them
 * can have it. One that is retired claims its address only.
 */
export function claimedBy(claims: Claims): readonly string[] {
  const { address } = claims;
  const identities = identitiesOf(claims);
  return address === undefined ? identities : [`ip ${address}`, ...identities];
}

/**
 * What a guest of a reservation, or of an entry, is known by: network cards, client identifier, circuit and port. None of one
 * that is retired. etcd has a key of each, so the texts stay as they are from version to version.
 */
export function identitiesOf({
  macs,
  clientId,
  circuitId,
  port,
  retiredUntil,
}: Omit<Claims, 'address'>): readonly string[] {
  if (retiredUntil !== undefined) return [];
  const identities = macs.map((mac) => `mac ${hardwareToText(mac)}`);
  if (clientId !== undefined) identities.push(`client ${clientId}`);
  if (circuitId !== undefined) identities.push(`circuit ${circuitId}`);
  if (port !== undefined) identities.push(`port ${portKey(port)}`);
  return identities;
}

/** What a reservation gains or loses between two lists of its claims, or of its identities. */
export function changedBetween(before: readonly string[], after: readonly string[]): readonly string[] {
  const lost = before.filter((claim) => !after.includes(claim));
  return [...lost, ...after.filter((claim) => !before.includes(claim))];
}

/** The member of an entry that a key of `claimedBy` is about. */
export function memberOfClaim(claim: string): string {
  const kind = claim.slice(0, claim.indexOf(' '));
  return { ip: 'address', client: 'client_id', circuit: 'circuit_id' }[kind] ?? kind;
}

/** A card of a Proxmox guest is the same one whether or not its firewall is on. */
export function portKey(port: string): string {
  const [, guest, card] = CARD_OF_GUEST.exec(port) ?? [];
  return guest === undefined ? port : `${guest}/${card}`;
}
