import { decide } from '../../src/engine/decide.ts';
import type { Decide, Hearing } from '../../src/engine/decision.ts';
import { instant, type Lease } from '../../src/lease/lease.ts';
import type { LeaseWrite } from '../../src/lease/lease-view.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import type { Mutation } from './mutations.ts';
import { LEASE_TIMES } from './world-parts.ts';

/** Mistakes about what is heard of other gateways. */
export const HEARING_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['what is heard is not noted', { decide: (...question) => withoutNotes(...question) }],
  ['a rival is not waited for', { decide: (...question) => withoutListening(...question) }],
  ['a rival that was heard is ignored', { decide: (...question) => withoutRivals(...question) }],
  [
    "a peer's lease ends like one's own",
    { decide: (...question) => withEnd(...question), ownStore: sweepPeers },
  ],
]);

const withoutNotes: Decide = (...question) => {
  const decision = decide(...question);
  return decision.reason === 'peer-granted' ? { kind: 'silence', reason: 'not-for-us' } : decision;
};

const withoutListening: Decide = (message, arrival, known, ...rest) => {
  const decision = decide(message, arrival, known, ...rest);
  return decision.reason === 'listening'
    ? decide(message, arrival, { ...known, waited: true }, ...rest)
    : decision;
};

const withoutRivals: Decide = (message, arrival, known, ...rest) => {
  const { peers, since } = known.hearing;
  const hearing: Hearing = { peers, since, rivalFor: () => undefined, askedBy: () => undefined };
  return decide(message, arrival, { ...known, hearing }, ...rest);
};

/** Notes what is heard for as long as this gateway itself would give it. */
const withEnd: Decide = (message, arrival, known, now, ...rest) => {
  const decision = decide(message, arrival, known, now, ...rest);
  if (decision.kind !== 'silence' || decision.change === undefined) return decision;
  const expiresAt = instant(now + LEASE_TIMES.maximum * 1000);
  const writes = decision.change.writes.map((write): LeaseWrite => {
    const isHeard = write.next !== 'as seen' && write.next.state === 'peer';
    return isHeard ? { ...write, next: { ...write.next, expiresAt } } : write;
  });
  return { ...decision, change: { ...decision.change, writes } };
};

function sweepPeers(store: MemoryStore): void {
  const sweep = store.sweep.bind(store);
  const peers: Lease[] = [];
  const { table } = store;
  const apply = table.apply.bind(table);
  table.apply = (change, ...version) => {
    apply(change, ...version);
    for (const { address } of change.writes) {
      const record = table.recordAt(address);
      if (record?.state === 'peer') peers.push(record);
    }
  };
  store.sweep = (now, limit) => [
    ...sweep(now, limit),
    ...peers.filter(({ address, version, expiresAt }) => {
      return expiresAt <= now && table.recordAt(address)?.version === version && !table.isInFlight(address);
    }),
  ];
}
