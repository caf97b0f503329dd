import { hardwareToText } from '../net/hardware-address.ts';
import type { Reload } from '../server/reload.ts';
import type { Server } from '../server/server.ts';
import type { GatewayCalls } from './gateway-calls.ts';

/** How long a reader waits for the lease file; what it then gets is older, and says so: milliseconds. */
const CARRY_TIME = 3000;
/** How long an answer by ARP is waited for: milliseconds. */
const ASK_TIME = 900;

/**
 * What the management thread may ask of a server.
 *
 * @param prepare Runs before each status, for a bounded time; it finds out what only an attempt shows.
 */
export function managedGateway(
  server: Server,
  reload: Pick<Reload, 'request'>,
  prepare: () => Promise<void> = async () => {},
): GatewayCalls {
  return {
    status: async () => {
      await prepare();
      return server.status;
    },
    figures: async () => server.figures,
    gauges: async () => server.gauges,
    carry: () => server.carry(CARRY_TIME),
    isStoring: async () => server.isStoring,
    clock: async () => server.clock ?? null,
    trustClock: async (author) => server.trustClock(author) ?? null,
    mapAddresses: async (first, last) => server.mapAddresses(first, last),
    ask: async (address) => {
      const holder = await server.ask(address, ASK_TIME);
      if (holder === 'no-arp') return { kind: 'no-arp' };
      return { kind: 'asked', holder: holder === undefined ? null : hardwareToText(holder) };
    },
    order: (order) => server.submit(order),
    importLeases: (imports) => server.leaseImports.submit(imports),
    orderReservation: (order) => server.reservations.submit(order),
    reservationOf: async (id) => server.reservations.current?.get(id) ?? null,
    progressOf: async (id) => {
      const reservation = server.reservations.current?.get(id);
      return reservation === undefined ? null : server.reservations.progressOf(reservation);
    },
    reload: (request) => reload.request(request),
    orderReservations: (orders) => Promise.all(orders.map((order) => server.reservations.submit(order))),
    exchangeReservations: (order) => server.reservations.exchange(order),
    unexplained: () => server.reservations.unexplained(),
  };
}
