import { decide } from '../../src/engine/decide.ts';
import { NO_RESERVATIONS } from '../../src/lease/reservation/reservation-view.ts';
import type { Mutation } from './mutations.ts';

/** Mistakes about reservations. */
export const RESERVATION_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['nobody is moved because of a reservation', { decide: (...question) => withoutMoving(...question) }],
]);

/** A reservation is looked at for DHCPDISCOVERs alone. */
const withoutMoving: typeof decide = (message, arrival, context, now, leases, plan) => {
  const subnet = { ...plan.subnet, reservations: NO_RESERVATIONS };
  const seen = message.type === 'DHCPDISCOVER' ? plan : { ...plan, subnet };
  return decide(message, arrival, context, now, leases, seen);
};
