import type { ClusterPeersView } from '../../src/detection/cluster-peers.ts';
import { decide } from '../../src/engine/decide.ts';
import type { Decide } from '../../src/engine/decision/decision.ts';
import { instant, type Lease, NEVER } from '../../src/lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../src/lease/lease-view.ts';
import type { Etcd } from '../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { CLOCK_GRACE } from '../../src/store/etcd/keys/clock-grace.ts';
import { claim, Forgetful, forget, Uncompared } from './etcd-mutations.ts';

/** A mistake made on purpose, which the checks must find. */
export interface Mutation {
  /** etcd compares nothing. */
  readonly isBlind?: boolean;
  readonly decide?: Decide;
  /** Changes the program itself; returns what puts it right. */
  readonly begin?: () => () => void;
  readonly store?: (store: EtcdStore) => void;
  readonly etcd?: (etcd: Etcd) => Etcd;
  readonly cluster?: (cluster: ClusterPeersView) => ClusterPeersView;
}

export const NO_MUTATION: Mutation = {};

export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['nothing is compared', { isBlind: true }],
  [
    'a bind does not compare its address',
    { etcd: (etcd) => new Uncompared(etcd, ({ key }) => /\/ip\//.test(key)) },
  ],
  ['unknown is taken for done', { store: (store) => mutateOutcomes(store) }],
  ['a refusal is not confirmed', { store: (store) => settleRefusals(store) }],
  ['expiry is ignored', { decide: (...question) => hastily(...question) }],
  ['what waited may undo what came after it', { decide: (...question) => withoutStamp(...question) }],
  ["another gateway's lease ends by this one's wall clock", { store: believeClocks }],
  ['a retry forgets its operation', { etcd: (etcd) => new Forgetful(etcd, forget) }],
  ['a retry takes any operation for its own', { etcd: (etcd) => new Forgetful(etcd, claim) }],
]);

function mutateOutcomes(store: EtcdStore): void {
  const commit = store.commit.bind(store);
  store.commit = async (changes) => {
    const outcomes = await commit(changes);
    return outcomes.map((outcome) => (outcome === 'unknown' ? 'committed' : outcome));
  };
}

function settleRefusals(store: EtcdStore): void {
  const resolveWithoutCommit = ({ kind }: LeaseChange) => (kind === 'check' ? 'committed' : 'needs-commit');
  Object.assign(store, { resolveWithoutCommit });
}

/** Takes every lease for run out. */
const hastily: Decide = (message, arrival, context, now, leases, plan) => {
  const over = (lease: Lease | undefined) =>
    lease?.state === 'bound' ? { ...lease, expiresAt: instant(0) } : lease;
  const view: LeaseView = {
    revision: leases.revision,
    canPromise: leases.canPromise,
    bindingOf: (client) => over(leases.bindingOf(client)),
    leasesOf: (hardware, except) => leases.leasesOf(hardware, except).map((lease) => over(lease) ?? lease),
    offerTo: (client) => leases.offerTo(client),
    at: (address) => over(leases.at(address)),
    recordAt: (address) => over(leases.recordAt(address)),
    inFlightCount: leases.inFlightCount,
    isInFlight: (address) => leases.isInFlight(address),
    mayBeLost: (address) => leases.mayBeLost(address),
    room: (wanted) => leases.room(wanted),
    longestFree: (wanted) => leases.longestFree(wanted),
    oldestOffer: (wanted) => leases.oldestOffer(wanted),
    promisedUntil: (address) => leases.promisedUntil(address),
    oldestPeer: (wanted, isWanted) => leases.oldestPeer(wanted, isWanted),
    running: (at, isWanted) => leases.running(at, isWanted),
  };
  return decide(message, arrival, context, now, view, plan);
};

const withoutStamp: Decide = (message, arrival, context, ...rest) =>
  decide(message, arrival, { ...context, readRevision: Number.MAX_SAFE_INTEGER }, ...rest);

/** With the minute for which clocks may differ. */
function believeClocks({ reckoning }: EtcdStore): void {
  const endOf = reckoning.endOf.bind(reckoning);
  reckoning.endOf = (lease, knownAt) =>
    lease.expiresAt === NEVER ? endOf(lease, knownAt) : instant(lease.expiresAt + CLOCK_GRACE);
}
