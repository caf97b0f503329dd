import { UNSPECIFIED } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';

/** RENEWING and REBINDING differ only in how the message arrives: unicast or broadcast. */
export type RequestState = 'SELECTING' | 'INIT-REBOOT' | 'RENEWING-OR-REBINDING';

/**
 * RFC 2131 §4.3.6, table 4: which client state a DHCPREQUEST was sent from; undefined for one that no state sends.
 *
 * Deviates from RFC 2131 §4.3.6: a SELECTING client that fills in ciaddr, and a RENEWING one that also names the server
 * or its own address, are understood; old clients do, and what they want is plain.
 */
export function requestState(request: Message): RequestState | undefined {
  const isConfigured = request.ciaddr !== UNSPECIFIED;
  const address = request.requestedAddress ?? UNSPECIFIED;
  const isSelected = request.serverIdentifier !== undefined;

  if (isSelected && address !== UNSPECIFIED) return 'SELECTING';
  if (isConfigured)
    return address === UNSPECIFIED || address === request.ciaddr ? 'RENEWING-OR-REBINDING' : undefined;
  return address === UNSPECIFIED ? undefined : 'INIT-REBOOT';
}
