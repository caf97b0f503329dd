import { clientFqdnOf, fqdnValue } from '../../wire/client-fqdn.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import type { DecisionInput } from '../decision/decision-input.ts';
import { termsFor } from './own-terms.ts';

const DOMAIN_NAME = 15;
const CLIENT_FQDN = 81;
const TEXT = new TextDecoder();

/**
 * RFC 4702 §4: the option that answers a client's own option 81; undefined: it has sent none, or one that is malformed, and
 * then it gets none. This server updates no DNS records, and says so. It names the guest by its reservation, else as the
 * client does, in both cases with the domain behind a name that has none.
 */
export function clientFqdnFor(input: DecisionInput): OptionBlock | undefined {
  const sent = input.message.raw(CLIENT_FQDN);
  const asked = sent === undefined ? undefined : clientFqdnOf(sent);
  if (asked === undefined) return undefined;
  const reserved = input.reservation?.hostname;
  const name = reserved === undefined ? asked : { name: reserved, isComplete: reserved.includes('.') };
  return { code: CLIENT_FQDN, value: fqdnValue(asked, name, domainOf(input)) };
}

/** Of the segment or of the reservation. */
function domainOf(input: DecisionInput): string | undefined {
  const value = termsFor(input).parameters.get(DOMAIN_NAME)?.value;
  return value instanceof Uint8Array ? TEXT.decode(value) : undefined;
}
