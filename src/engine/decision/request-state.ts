import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';

/** RENEWING and REBINDING differ only in how the message arrives: unicast or broadcast. */
export type RequestState = 'SELECTING' | 'INIT-REBOOT' | 'RENEWING-OR-REBINDING';

/**
 * RFC 2131 §4.3.6, table 4: which client state a DHCPREQUEST was sent from; undefined for one that no state sends.
 *
 * Deviates from RFC 2131 §4.3.6 for clients whose wish is plain all the same:
 * - SELECTING with ciaddr filled in, or without option 50: old clients do.
 * - RENEWING and REBINDING with option 54, or with option 50, be it ciaddr or another address: a systemd-networkd whose
 *   settings name option 50 sends that in every message. dhcpd extends the lease of ciaddr then, dnsmasq and Kea refuse it;
 *   ciaddr is what the client has, so that the lease is extended, or refused by what is known of ciaddr.
 */
export function requestState(request: Message): RequestState | undefined {
  return requestStateTo(request.serverIdentifier, request);
}

/** The same, where more is known of what the client names: undefined for what is no server. */
export function requestStateTo(server: Ipv4 | undefined, request: Message): RequestState | undefined {
  const isConfigured = request.ciaddr !== UNSPECIFIED;
  const isRequesting = (request.requestedAddress ?? UNSPECIFIED) !== UNSPECIFIED;

  if (server !== undefined && (isRequesting || !isConfigured)) return 'SELECTING';
  if (isConfigured) return 'RENEWING-OR-REBINDING';
  return isRequesting ? 'INIT-REBOOT' : undefined;
}
