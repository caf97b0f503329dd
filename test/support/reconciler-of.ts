import { Reconciler } from '../../src/management/reconcile/reconciler.ts';
import type { ServerNode } from './server-node.ts';

/** Reconciles the reservations of a server in this thread: they are planned by what it has in memory. */
export function reconcilerOf({ server }: Pick<ServerNode, 'server'>): Reconciler {
  const { reservations } = server;
  return new Reconciler({
    reservations: async () => [...(reservations.current?.all() ?? [])],
    submit: (orders) => Promise.all(orders.map((order) => reservations.submit(order))),
    exchange: (order) => reservations.exchange(order),
    unexplained: () => reservations.unexplained(),
  });
}
