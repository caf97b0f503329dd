import type { Search } from '../../allocation/search.ts';
import { type DecisionInput, reusableBefore } from '../decision/decision-input.ts';
import { hostGatewayOf } from './peers.ts';

/** Where leases are shared, an offer gives way to a client that is known when it has not been answered for so long: milliseconds. */
const OFFER_REUSE_AFTER = 5000;

/** Who asks for an address, and what is known, for `allocation`. */
export function searchOf(input: DecisionInput): Search {
  const { leases, client, who, now, subnet, message, context, plan } = input;
  return {
    client,
    hardware: message.hardware,
    message,
    port: who.port,
    requested: message.requestedAddress,
    subnet,
    leases,
    now,
    reusableBefore: (lease) => reusableBefore(input, lease),
    trustsClock: context.trustsClock,
    offerReuseAfter: context.clusterPeers === undefined ? 0 : OFFER_REUSE_AFTER,
    answers: context.answers,
    probes: context.probes,
    self: plan.serverIdentifier,
    hostGateway: hostGatewayOf(context, plan.serverIdentifier),
    peers: context.peerObservations.peers,
    firstGateways: context.firstGateways,
    isThere: (gateway) => context.peerObservations.isThere(gateway),
    listeningSince: context.peerObservations.since,
    clusterPeers: context.clusterPeers?.live,
    quiet: context.quietAddresses,
    isOfferedBeside: (address) => context.isOfferedBeside(address, client),
  };
}
