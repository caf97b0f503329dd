import { isBoundTo, isLive } from '../allocation/availability.ts';
import { findAddress } from '../allocation/candidates.ts';
import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { poolOf } from '../subnet/pool.ts';
import type { Decision } from './decision.ts';
import { silence } from './outcome.ts';
import type { Question } from './question.ts';
import { seeThatUnused } from './vouching.ts';

/** The address that a client in INIT state gets, and what it has of it already; or what has to happen first. */
export type Choice =
  | { readonly address: Ipv4; readonly standing: 'binding' | 'offer' | 'none' }
  | { readonly decision: Decision };

/** RFC 2131 §4.3.1: the client's current binding, else its standing offer, else the first proposal that is free. */
export function chooseAddress(question: Question): Choice {
  const { leases, client, now, subnet, message, known, plan } = question;

  const binding = leases.bindingOf(client);
  const offer = leases.offerTo(client);
  if (isBoundTo(binding, client, now) && fits(binding, question))
    return checked(question, binding.address, 'binding');
  if (offer !== undefined && isLive(offer, now) && fits(offer, question)) {
    return checked(question, offer.address, 'offer');
  }

  const address = findAddress({
    client,
    hardware: message.hardware,
    requested: message.requestedAddress,
    subnet,
    leases,
    now,
    trustsClock: known.trustsClock,
    answers: known.answers,
    self: plan.serverIdentifier,
    peers: known.hearing.peers,
  });
  if (address === undefined) return { decision: silence('pool-full') };
  return checked(question, address, 'none');
}

function checked(question: Question, address: Ipv4, standing: 'binding' | 'offer' | 'none'): Choice {
  const first = seeThatUnused(question, address);
  return first === undefined ? { address, standing } : { decision: first };
}

/** A lease outside the pools of today's plan is kept until it ends, but not offered again. */
function fits(lease: Lease, question: Question): boolean {
  return poolOf(question.subnet, lease.address) !== undefined && !question.leases.isInFlight(lease.address);
}
