import { ownOptions, ownTimes } from '../../lease/reservation/own-options.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type { Subnet } from '../../subnet/subnet.ts';
import type { DecisionInput } from '../decision/decision-input.ts';
import { ownLeaseTimes, putParameter } from './own-parameters.ts';

const HOST_NAME = 12;
const TEXT = new TextEncoder();

/** The subnet as the guest of a reservation sees it, worked out once for each set of classes that the guest is of. */
const TERMS = new WeakMap<Subnet, WeakMap<Reservation, Subnet>>();

/** The subnet with the options and the lease times that this client gets: those of its reservation before the subnet's. */
export function termsFor({ reservation, subnet }: Pick<DecisionInput, 'reservation' | 'subnet'>): Subnet {
  if (reservation === undefined) return subnet;
  let known = TERMS.get(subnet);
  if (known === undefined) {
    known = new WeakMap();
    TERMS.set(subnet, known);
  }
  let own = known.get(reservation);
  if (own === undefined) {
    own = termsOf(reservation, subnet);
    known.set(reservation, own);
  }
  return own;
}

function termsOf({ options, hostname, leaseTime }: Reservation, subnet: Subnet): Subnet {
  const isAsAll = hostname === undefined && leaseTime === undefined && Object.keys(options).length === 0;
  if (isAsAll) return subnet;
  const parameters = new Map(subnet.parameters);
  const own = ownTimes(options);
  const renewal = own.t1 === undefined && own.t2 === undefined ? subnet.renewal : own;
  for (const option of ownOptions(options)) putParameter(parameters, option);
  // RFC 2132 §3.14: the name of the client.
  if (hostname !== undefined) putParameter(parameters, { code: HOST_NAME, value: TEXT.encode(hostname) });
  return { ...subnet, parameters, leaseTimes: ownLeaseTimes(subnet.leaseTimes, leaseTime), renewal };
}
