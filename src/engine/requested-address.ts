import { isBoundTo, isLive } from '../allocation/availability.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { namesThisServer } from './reply/reply.ts';

/**
 * RFC 2131 §4.1: who sends from 0.0.0.0 has no address, whatever ciaddr says; so what looks like RENEWING or REBINDING is
 * INIT-REBOOT with the address in the wrong field. What a relay passes on has the relay's source.
 */
export function hasNoAddress({ arrival, message }: DecisionInput): boolean {
  return arrival.source === UNSPECIFIED && message.giaddr === UNSPECIFIED;
}

/** Of two addresses that a client without one names: what it has a lease of, else what it requests (option 50). */
export function rebootAddress({ message, leases, client, now }: DecisionInput, requested: Ipv4): Ipv4 {
  const binding = leases.bindingOf(client);
  const isLeased = isBoundTo(binding, client, now) && binding.address === message.ciaddr;
  return requested === UNSPECIFIED || isLeased ? message.ciaddr : requested;
}

/**
 * True for a client that names us and an address, but sends from another one that it has by lease, and had no offer of the
 * one that it names: it renews, and option 50 is from its settings.
 */
export function renewsOwnAddress(input: DecisionInput, requested: Ipv4): boolean {
  const { arrival, message, leases, client, now } = input;
  const { ciaddr } = message;
  if (ciaddr === UNSPECIFIED || ciaddr === requested || arrival.source !== ciaddr) return false;
  return (
    namesThisServer(input) && isBoundTo(leases.recordAt(ciaddr), client, now) && !isOffered(input, requested)
  );
}

/**
 * RFC 2131 §4.3.2, SELECTING: what the client asks for stands on offer to it, and was offered after it got the lease that
 * it has elsewhere. Any other DHCPREQUEST is one from before that lease, and ends nothing.
 */
export function isOffered({ leases, client, now }: DecisionInput, address: Ipv4): boolean {
  const offer = leases.offerTo(client);
  if (offer?.address !== address || !isLive(offer, now)) return false;
  const binding = leases.bindingOf(client);
  return !isBoundTo(binding, client, now) || binding.address === address || offer.version > binding.version;
}

/**
 * RFC 2131 §4.3.2, SELECTING, with option 50 left out: "'requested IP address' MUST be filled in with the yiaddr value
 * from the chosen DHCPOFFER", and this server knows what it has offered. 0: nothing, or the client chose another one.
 */
export function offeredAddress(input: DecisionInput): Ipv4 {
  const { leases, client, now } = input;
  if (!namesThisServer(input)) return UNSPECIFIED;
  const offer = leases.offerTo(client);
  if (offer !== undefined && isLive(offer, now)) return offer.address;
  const binding = leases.bindingOf(client);
  return isBoundTo(binding, client, now) ? binding.address : UNSPECIFIED; // It is offered again, and not held besides.
}
