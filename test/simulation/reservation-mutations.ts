import { decide } from '../../src/engine/decide.ts';
import type { Lease } from '../../src/lease/lease.ts';
import { NO_RESERVATIONS, type ReservationView } from '../../src/lease/reservation/reservation-view.ts';
import { ReservationTable } from '../../src/lease-table/reservation-table.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { WithoutIdentities } from '../support/passing-etcd.ts';
import { Unmarked } from './etcd-mutations.ts';
import type { Mutation } from './mutations.ts';

/** Mistakes about reservations, whatever the gateways share. */
export const RESERVATION_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['nobody is moved because of a reservation', { decide: (...question) => withoutMoving(...question) }],
  ['a dynamic lease wins over a reservation', { decide: (...question) => sparingHolders(...question) }],
  ['what is reserved is given to others', { decide: (...question) => openToAll(...question) }],
  ['a removed reservation keeps its address', { begin: keepsRemoved }],
]);

/** Where they are in etcd. */
export const SHARED_RESERVATION_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['a reservation is not in the key of its address', { etcd: (etcd) => new Unmarked(etcd) }],
  ['a reservation is not in the key of its card', { etcd: (etcd) => new WithoutIdentities(etcd) }],
]);

/** Where the gateways hear each other, and nothing more. */
export const HEARD_RESERVATION_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ["another gateway's lease gives way to a reservation at once", { decide: (...q) => impatiently(...q) }],
  ["another gateway's lease never gives way to a reservation", { decide: (...q) => tooPatiently(...q) }],
]);

/** Where each gateway has a share of the pool. */
export const SHARES_RESERVATION_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ["what is reserved in another gateway's share is leased here", { decide: (...q) => withoutShares(...q) }],
  ["a guest is not left to the gateway of its reservation's share", { decide: (...q) => holdingOn(...q) }],
]);

/** Sees other reservations than there are. */
function seeing(change: (view: ReservationView, question: Parameters<typeof decide>) => ReservationView) {
  const mistaken: typeof decide = (...question) => {
    const [message, arrival, context, now, leases, plan] = question;
    const reservations = change(plan.subnet.reservations, question);
    const seen = { ...plan, subnet: { ...plan.subnet, reservations } };
    return decide(message, arrival, context, now, leases, seen);
  };
  return mistaken;
}

/** A reservation is looked at for DHCPDISCOVERs alone. */
const withoutMoving = seeing((view, [message]) => (message.type === 'DHCPDISCOVER' ? view : NO_RESERVATIONS));

/** Who has what is reserved for another is not refused it. */
const sparingHolders = seeing((view, [message, , , , leases]) => ({
  isEmpty: view.isEmpty,
  of: (who) => view.of(who),
  ofHardware: (hardware) => view.ofHardware(hardware),
  at: (address) => {
    const holder = leases.recordAt(address);
    const isHolders = holder?.state === 'bound' && holder.hardware === message.hardware;
    return isHolders ? undefined : view.at(address);
  },
}));

/** An address that is reserved is as good as any other. */
const openToAll = seeing((view) => ({
  isEmpty: view.isEmpty,
  of: (who) => view.of(who),
  ofHardware: (hardware) => view.ofHardware(hardware),
  at: () => undefined,
}));

function keepsRemoved(): () => void {
  const { put } = ReservationTable.prototype;
  ReservationTable.prototype.put = function (reservation) {
    put.call(this, { ...reservation, retiredUntil: undefined });
  };
  return () => {
    ReservationTable.prototype.put = put;
  };
}

/** Sees other records of gateways' leases at reserved addresses than there are. */
function seeingPeers(change: (record: Lease) => Lease) {
  const mistaken: typeof decide = (message, arrival, context, now, leases, plan) => {
    const seen = (record: Lease | undefined) => {
      const isReserved = record !== undefined && plan.subnet.reservations.at(record.address) !== undefined;
      return isReserved && record.state === 'peer' ? change(record) : record;
    };
    const view = new Proxy(leases, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'at') return (address: Ipv4) => seen(target.at(address));
        if (name === 'recordAt') return (address: Ipv4) => seen(target.recordAt(address));
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return decide(message, arrival, context, now, view, plan);
  };
  return mistaken;
}

const impatiently = seeingPeers((record) => ({ ...record, granter: UNSPECIFIED }));

const tooPatiently = seeingPeers((record) => ({ ...record, state: 'bound' }));

const withoutShares: typeof decide = (message, arrival, context, now, leases, plan) =>
  decide(message, arrival, context, now, leases, { ...plan, subnet: { ...plan.subnet, othersShares: [] } });

/** It is answered as soon as any other. */
const holdingOn: typeof decide = (message, arrival, context, ...rest) =>
  decide(message, { ...arrival, via: 'broadcast' }, { ...context, waited: true }, ...rest);
