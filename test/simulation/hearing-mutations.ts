import { QuietLap } from '../../src/detection/quiet-lap.ts';
import { decide } from '../../src/engine/decide.ts';
import type { Decide, PeerObservations, QuietObservations } from '../../src/engine/decision/decision.ts';
import type { Mutation } from './mutations.ts';

/**
 * Mistakes about what is heard of other gateways. Two of them only show where two gateways offer one address at one moment: no
 * guest is left to one gateway there, or that would be seldom.
 */
export const HEARING_MUTATIONS: ReadonlyMap<string, Mutation> = new Map<string, Mutation>([
  ['what is heard is not noted', { decide: (...question) => withoutNotes(...question) }],
  ['a rival is not waited for', { decide: (...question) => withoutListening(...question) }],
  [
    'answers to the question beside an offer are ignored',
    { decide: (...question) => withoutBeside(...question), begin: rebootsUnheard },
  ],
  ['claims are believed without evidence', { decide: (...question) => credulously(...question) }],
  ['a rival that was heard is ignored', { decide: (...question) => withoutRivals(...question) }],
]);

/**
 * A guest that is heard coming back in INIT-REBOOT ends the quietness of its address before it answers ARP there. Where that
 * is not heard, the question beside an offer is what finds it.
 */
function rebootsUnheard(): () => void {
  const { claim } = QuietLap.prototype;
  QuietLap.prototype.claim = () => {};
  return () => {
    QuietLap.prototype.claim = claim;
  };
}

const withoutNotes: Decide = (...question) => {
  const decision = decide(...question);
  return decision.reason === 'peer-granted' ? { kind: 'silence', reason: 'not-for-us' } : decision;
};

const withoutListening: Decide = (message, arrival, heard, ...rest) => {
  const context = { ...heard, firstGateways: undefined };
  const decision = decide(message, arrival, context, ...rest);
  return decision.reason === 'listening'
    ? decide(message, arrival, { ...context, waited: true }, ...rest)
    : decision;
};

const withoutBeside: Decide = (message, arrival, context, ...rest) => {
  const quietAddresses: QuietObservations = {
    isQuiet: (...asked) => context.quietAddresses.isQuiet(...asked),
    find: (...asked) => context.quietAddresses.find(...asked),
    answersDueIn: () => 0,
  };
  const unaware = { ...context, quietAddresses, sightingAt: () => undefined, firstGateways: undefined };
  return decide(message, arrival, unaware, ...rest);
};

const credulously: Decide = (message, arrival, context, ...rest) => {
  const heard = context.peerObservations;
  const peerObservations: PeerObservations = {
    peers: heard.peers,
    since: heard.since,
    claimSeconds: 0,
    isThere: () => true,
    claimOf: () => undefined,
    rivalFor: (...asked) => heard.rivalFor(...asked),
    rivalryOf: (...asked) => heard.rivalryOf(...asked),
    lastRequestFor: (...asked) => heard.lastRequestFor(...asked),
  };
  return decide(message, arrival, { ...context, peerObservations }, ...rest);
};

const withoutRivals: Decide = (message, arrival, context, ...rest) => {
  const { peers, since, claimSeconds } = context.peerObservations;
  const peerObservations: PeerObservations = {
    peers,
    since,
    claimSeconds,
    isThere: (gateway) => context.peerObservations.isThere(gateway),
    claimOf: (hardware) => context.peerObservations.claimOf(hardware),
    rivalFor: () => undefined,
    rivalryOf: () => 'won',
    lastRequestFor: () => undefined,
  };
  return decide(message, arrival, { ...context, peerObservations }, ...rest);
};
