import { hardwareToText } from '../../net/hardware-address.ts';
import type { Reload } from '../../server/declaration/reload.ts';
import type { Server } from '../../server/server.ts';
import type { GatewayCalls } from './gateway-calls.ts';

/** How long a reader waits for the lease file; what it then gets is older, and says so: milliseconds. */
const CARRY_TIME = 3000;
/** How long an answer by ARP is waited for: milliseconds. */
const ASK_TIME = 900;

/**
 * What the management thread may ask of a server.
 *
 * @param current The server that runs now: one that fails to start is followed by another one.
 * @param prepare Runs before each status, for a bounded time; it finds out what only an attempt shows.
 */
export function managedGateway(
  current: () => Server,
  reload: Pick<Reload, 'request'>,
  prepare: () => Promise<void> = async () => {},
): GatewayCalls {
  return {
    status: async () => {
      await prepare();
      return current().status;
    },
    figures: async () => current().figures,
    gauges: async () => current().gauges,
    carry: () => current().carry(CARRY_TIME),
    isStoring: async () => current().isStoring,
    clock: async () => current().clock ?? null,
    trustClock: async (by) => current().trustClock(by) ?? null,
    mapAddresses: async (first, last) => current().mapAddresses(first, last),
    ask: async (address) => {
      const holder = await current().ask(address, ASK_TIME);
      if (holder === 'no-arp' || holder === 'too-many') return { kind: holder };
      return { kind: 'asked', holder: holder === undefined ? null : hardwareToText(holder) };
    },
    order: (order) => current().submit(order),
    importLeases: (imports) => current().leaseImports.submit(imports),
    orderReservation: (order) => current().reservations.submit(order),
    reservationOf: async (id) => current().reservations.current?.get(id) ?? null,
    progressOf: async (id) => {
      const reservation = current().reservations.current?.get(id);
      return reservation === undefined ? null : current().reservations.progressOf(reservation);
    },
    reload: (request) => reload.request(request),
    orderReservations: (orders) => Promise.all(orders.map((order) => current().reservations.submit(order))),
    exchangeReservations: (order) => current().reservations.exchange(order),
    unexplained: () => current().reservations.unexplained(),
  };
}
