import { ipv4ToText } from '../../net/ipv4.ts';
import type { ReservationResult } from '../../server/order/reservation-intake.ts';
import { ApiProblem, notFound, type ProblemParts, unavailable } from '../http/problem.ts';

type Refusal = Extract<ReservationResult, { readonly outcome: 'refused' }>['refusal'];
export type FailedReservation = Exclude<
  ReservationResult,
  { readonly outcome: 'committed' | 'decided' | 'unchanged' }
>;

export function isFailed(result: ReservationResult): result is FailedReservation {
  return !['committed', 'decided', 'unchanged'].includes(result.outcome);
}

/** Why an order about a reservation was not carried out, as the answer to it. */
export function reservationProblem(failed: FailedReservation): ApiProblem {
  if (failed.outcome === 'refused') return refusalOf(failed.refusal);
  if (failed.outcome === 'unknown')
    return unavailable(
      'outcome-unknown',
      'it may have been stored or not: the same request may be sent again',
    );
  if (failed.outcome === 'conflict')
    return refused(409, 'changed-meanwhile', 'others have changed it meanwhile, again and again');
  return unavailable('cannot-store', 'nothing can be stored now: /api/v1/warnings says why');
}

function refusalOf(refusal: Refusal): ApiProblem {
  const { why } = refusal;
  switch (why) {
    case 'unknown':
      return notFound('there is no reservation of this id in force');
    case 'not-leased':
      return notFound(
        'this gateway has leased nothing at that address; what another one has leased is ordered there',
      );
    case 'invalid':
      return refused(422, 'body-has-faults', 'the entry has faults', { errors: refusal.problems });
    case 'not-allowed':
      return refused(422, why, 'no guest may have that address', { errors: refusal.problems });
    case 'held':
      return refused(409, why, 'another reservation has what it claims', { errors: refusal.problems });
    case 'unreadable-key':
      return refused(409, why, 'etcd has a value that cannot be read, and that is not overwritten', {
        errors: refusal.problems,
      });
    case 'another-version':
      return refused(412, why, 'it is another version by now', { more: { version: refusal.version } });
    case 'another-address':
      return refused(409, why, `its address is ${ipv4ToText(refusal.address)}`);
    case 'of-settings-file':
      return refused(
        409,
        why,
        `the reservation ${refusal.id} is of ${refusal.place ?? 'a settings file, and of none that this gateway has now'}, and is changed there`,
      );
    case 'pool-full':
      return refused(409, why, 'no address of the pool is free for it');
    case 'needs-shared-store':
      return refused(
        409,
        why,
        'other gateways share the pool and not the reservations: say the address, and reserve it at each of them',
      );
    case 'cannot-promise':
      return unavailable('cannot-store', 'nothing can be stored now: /api/v1/warnings says why');
    case 'busy':
      return unavailable(why, 'too many orders wait');
    case 'stopped':
      return unavailable(why, 'the gateway is starting or ending');
  }
}

function refused(status: number, word: string, detail: string, more: Partial<ProblemParts> = {}): ApiProblem {
  return new ApiProblem({ status, word, title: 'The reservation is not changed', detail, ...more });
}
