import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import type { GatewayCalls } from '../gateway/gateway-calls.ts';
import type { LeaseReading } from '../http/lease-reading.ts';
import type { ReconcileParts } from './reconciler.ts';

/** This reading is not cancelled: the reconciler looks at its own signal before each group of orders. */
const NEVER_CANCELLED = new AbortController().signal;

/** The reservations are read from the lease file; what is ordered is carried out by the packets' thread. */
export function reconcileParts(gateway: GatewayCalls, leases: LeaseReading): ReconcileParts {
  return {
    reservations: () =>
      leases.read(({ database }) => readReservations(database, () => true, NEVER_CANCELLED)),
    submit: (orders) => gateway.orderReservations(orders),
    exchange: (order) => gateway.exchangeReservations(order),
    unexplained: () => gateway.unexplained(),
  };
}
