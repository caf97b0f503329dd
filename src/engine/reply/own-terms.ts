import { ownOptions } from '../../lease/reservation/own-options.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type { LeaseTimes, Subnet } from '../../subnet/subnet.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import type { DecisionInput } from '../decision/decision-input.ts';

const HOST_NAME = 12;
const CLASSLESS_ROUTES = 121;
const MICROSOFT_CLASSLESS_ROUTES = 249;
const TEXT = new TextEncoder();

interface Terms {
  readonly subnet: Subnet;
  /** The subnet as the reservation's guest sees it. */
  readonly own: Subnet;
}

/** Worked out once for each reservation, as long as the subnet is the same. */
const TERMS = new WeakMap<Reservation, Terms>();

/** The subnet with the options and the lease times that this client gets: those of its reservation before the subnet's. */
export function termsFor({ reservation, subnet }: Pick<DecisionInput, 'reservation' | 'subnet'>): Subnet {
  if (reservation === undefined) return subnet;
  const known = TERMS.get(reservation);
  if (known?.subnet === subnet) return known.own;
  const own = termsOf(reservation, subnet);
  TERMS.set(reservation, { subnet, own });
  return own;
}

function termsOf({ options, hostname, leaseTime }: Reservation, subnet: Subnet): Subnet {
  const isAsAll = hostname === undefined && leaseTime === undefined && Object.keys(options).length === 0;
  if (isAsAll) return subnet;
  const parameters = new Map(subnet.parameters);
  for (const option of ownOptions(options)) put(parameters, option);
  // RFC 2132 §3.14: the name of the client.
  if (hostname !== undefined) put(parameters, { code: HOST_NAME, value: TEXT.encode(hostname) });
  return { ...subnet, parameters, leaseTimes: leaseTimesOf(subnet.leaseTimes, leaseTime) };
}

/** Own routes are also what clients get that ask for them by the code before RFC 3442. */
function put(parameters: Map<number, OptionBlock>, option: OptionBlock): void {
  parameters.set(option.code, option);
  if (option.code === CLASSLESS_ROUTES)
    parameters.set(MICROSOFT_CLASSLESS_ROUTES, { code: MICROSOFT_CLASSLESS_ROUTES, value: option.value });
}

/** RFC 2131 §4.3.1: a client may ask for less than its own lease time, down to what everybody may. */
function leaseTimesOf(times: LeaseTimes, own: number | undefined): LeaseTimes {
  if (own === undefined) return times;
  return { default: own, minimum: Math.min(times.minimum, own), maximum: own };
}
