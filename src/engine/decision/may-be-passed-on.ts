import { isBoundTo } from '../../allocation/availability.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Instant } from '../../lease/lease.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import type { Arrival } from '../../net/datagram.ts';
import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';
import { requestState } from './request-state.ts';

/**
 * True for a message that a router may have passed on, so that another network card than the client's has sent it.
 * RFC 2131 §4.4.5: a client in RENEWING state unicasts its DHCPREQUEST from the address that it has, and lets IP deliver it.
 */
export function mayBePassedOn(message: Message, { via, source }: Arrival): boolean {
  return (
    message.type === 'DHCPREQUEST' &&
    via === 'unicast' &&
    source !== UNSPECIFIED &&
    source === message.ciaddr &&
    requestState(message) === 'RENEWING-OR-REBINDING'
  );
}

/**
 * What comes from another network card than the client's may be forged. It extends the lease that its client has, which
 * harms nobody, and does nothing else: not even a question by ARP is asked for it.
 */
export function extendsOwnLease(
  message: Message,
  arrival: Arrival,
  client: ClientKey,
  now: Instant,
  leases: LeaseView,
): boolean {
  const binding = leases.bindingOf(client);
  return (
    mayBePassedOn(message, arrival) &&
    isBoundTo(binding, client, now) &&
    binding.address === message.ciaddr &&
    binding.hardware === message.hardware
  );
}
