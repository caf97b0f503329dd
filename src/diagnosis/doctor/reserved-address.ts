import type { Cause } from './cause.ts';

/** An address that is reserved for a guest, as the map of the gateway shows it. */
export interface ReservedAddress {
  readonly address: string;
  /** The reservation. */
  readonly id: string;
  /** A word of the map: `reserved-idle`, `reserved-in-use`, `peer`, ... */
  readonly state: string;
  /** Who has it now; null: nobody, or it is not known. */
  readonly mac: string | null;
  /** ISO 8601, UTC; null: no end is known. */
  readonly expires: string | null;
}

/** An address that this gateway has reserved for a guest. */
export interface ReservedHere {
  readonly address: string;
  /** The reservation. */
  readonly id: string;
  /** The guest's. */
  readonly mac: string;
}

/** A reservation that was removed, and whose address is kept for its id. */
export interface RemovedReservation extends ReservedHere {
  /** ISO 8601, UTC. */
  readonly until: string;
}

const FREE: readonly string[] = ['reserved-idle', 'offered', 'free', 'free-quiet'];

/** Why a guest does not have the address yet that is reserved for it, and what helps. */
export function waitsForReserved(has: string, reserved: ReservedAddress): Cause {
  const { hindrance, remedy } = hindranceAt(reserved);
  const { address, id } = reserved;
  return {
    cause: `it has ${has}, and waits for ${address}, which is reserved for it (reservation ${id}): ${hindrance}`,
    remedy,
  };
}

/**
 * Why a guest does not have the address that is reserved for it, where its lease is of a gateway that shares nothing with this one.
 *
 * @param gateway Null: it is not known which.
 */
export function reservedAtOneOnly(
  has: string,
  gateway: string | null,
  { address, id, mac }: ReservedHere,
): Cause {
  const where = gateway ?? 'the other gateway';
  return {
    cause: `it has ${has} from ${gateway ?? 'another gateway'}, which knows nothing of the reservations of this one: here ${address} is reserved for it (reservation ${id})`,
    remedy: `on the node of ${where}: vps-gateway reservations set ${id} --mac ${mac} --address ${address} (where that was done already, the guest moves at its next renewal)`,
  };
}

/** Why a guest loses, or has lost, an address whose reservation was removed. */
export function keptForRemoved(isLeased: boolean, { address, id, mac, until }: RemovedReservation): Cause {
  const what = isLeased
    ? `it has ${address} until its lease ends, and then must leave it`
    : `it asked for ${address}, and was refused`;
  return {
    cause: `${what}: the reservation ${id} of that address was removed, and keeps it from everybody until ${until}`,
    remedy: `vps-gateway reservations set ${id} --mac ${mac} --address ${address}, if the guest is to have it; else nothing: it gets another one`,
  };
}

function hindranceAt({ address, id, state, mac, expires }: ReservedAddress) {
  const whose = mac === null ? 'another guest' : mac;
  const until = expires === null ? '' : ` until ${expires}`;
  if (FREE.includes(state))
    return {
      hindrance: 'that address is free, and the guest moves there when it renews its lease',
      remedy: 'wait until half of its lease is over, or restart the network in the guest',
    };
  if (state === 'reserved-in-use' || state === 'leased')
    return {
      hindrance: `that address is leased to ${whose}${until}`,
      remedy: `wait until that lease ends; or shut that guest down, and type vps-gateway leases release ${address}`,
    };
  if (state === 'peer')
    return {
      hindrance: `another gateway has leased that address to ${whose}`,
      remedy: `have ${whose} take another address, or shut it down: this gateway gives the address when it hears of that, and at the latest when it has been reserved for as long as the longest lease lasts`,
    };
  if (state === 'quarantined' || state === 'conflict')
    return {
      hindrance: `another machine was seen there, and no guest gets that address${until}`,
      remedy: `vps-gateway addresses ask ${address}: give the machine that answers another address, then vps-gateway addresses restore ${address}`,
    };
  return {
    hindrance: 'no guest may have that address now',
    remedy: `give the reservation another address: vps-gateway reservations set ${id} --address <address>`,
  };
}
