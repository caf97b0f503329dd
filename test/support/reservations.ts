import type { ClientKey } from '../../src/lease/client-key.ts';
import { instant } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import type { Reservation } from '../../src/lease/reservation/reservation.ts';
import { type FreeOrders, ReservationTable } from '../../src/lease-table/reservation-table.ts';
import { type HardwareAddress, hardwareFromText, hardwareToText } from '../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { at } from './plan.ts';

const NO_ORDERS: FreeOrders = { reserve: () => {}, unreserve: () => {} };
const BEGIN = instant(Date.UTC(2026, 0, 1));

/** A reservation of an address, without anything that a test has not said. */
export function reservationOf(id: string, address: string, rest: Partial<Reservation> = {}): Reservation {
  return {
    id: id as OutsideId,
    macs: [],
    clientId: undefined,
    circuitId: undefined,
    port: undefined,
    address: at(address),
    hostname: undefined,
    vpsId: id as OutsideId,
    organizationId: undefined,
    labels: {},
    options: {},
    leaseTime: undefined,
    note: undefined,
    source: 'api',
    retiredUntil: undefined,
    createdAt: BEGIN,
    updatedAt: BEGIN,
    version: 1,
    ...rest,
  };
}

/** Cards from their colon texts. */
export function cards(...texts: readonly string[]): HardwareAddress[] {
  return texts.map((text) => {
    const card = hardwareFromText(text);
    if (card === undefined) throw new Error(`not a card: ${text}`);
    return card;
  });
}

export function clientId(digits: string): ClientKey {
  return digits as ClientKey;
}

/** Reservations in memory, each of one network card; they come and go while the server runs. */
export class Reservations extends ReservationTable {
  constructor(store: FreeOrders = NO_ORDERS) {
    super(store);
  }

  add(card: HardwareAddress, address: Ipv4): void {
    this.put({ ...reservationOf(hardwareToText(card), '0.0.0.0', { macs: [card] }), address });
  }

  drop(card: HardwareAddress): void {
    this.remove(hardwareToText(card) as OutsideId);
  }
}
