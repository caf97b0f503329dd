import { type Ipv4, ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import type { OrderResult } from '../../server/order/order-intake.ts';
import type { Figures } from '../../server/status/figures.ts';
import { ApiProblem, unavailable } from '../http/problem.ts';

type Failed = Exclude<OrderResult, { readonly outcome: 'committed' }>;
type Refusal = Extract<Failed, { readonly outcome: 'refused' }>['why'];

/**
 * Why an order was not carried out, as the answer to it.
 *
 * @param node What the address's row of the lease file says of who has granted it: a node's name, or the address of another gateway.
 */
export function orderProblem(
  address: Ipv4,
  failed: Failed,
  { peers }: Figures,
  node?: string | null,
): ApiProblem {
  if (failed.outcome === 'refused') return refusalOf(failed.why, ipv4ToText(address), granterOf(node, peers));
  if (failed.outcome === 'unknown')
    return unavailable('outcome-unknown', 'it may have been stored or not: read the lease to find out');
  if (failed.outcome === 'unreadable-key') return refused(409, failed.outcome, failed.detail);
  if (failed.outcome === 'conflict')
    return refused(
      409,
      'changed-meanwhile',
      'the lease changed meanwhile, again and again: look at it first',
    );
  return unavailable('cannot-store', 'nothing can be stored now: /api/v1/warnings says why');
}

/** The gateway that has granted a lease, as far as it is known. */
function granterOf(node: string | null | undefined, peers: readonly string[]): string {
  if (node != null && ipv4FromText(node) !== undefined) return `the gateway ${node}`;
  if (peers.length === 0) return 'another gateway';
  return peers.length === 1 ? `the gateway ${peers[0]}` : `one of ${peers.join(', ')}`;
}

function refusalOf(why: Refusal, address: string, granter: string): ApiProblem {
  switch (why) {
    case 'not-leased':
      return refused(404, why, `${address} is not leased`);
    case 'leased':
      return refused(409, why, `${address} is leased: release it first`);
    case 'not-quarantined':
      return refused(409, why, `${address} is not in quarantine`);
    case 'not-a-guest-address':
      return refused(422, why, `no guest may have ${address}`);
    case 'granted-by-peer':
      return refused(409, why, `${granter} has granted ${address} and shares no leases: order this there`);
    case 'cannot-promise':
      return unavailable('cannot-store', 'nothing can be stored now: /api/v1/warnings says why');
    case 'busy':
      return unavailable(why, 'too many orders wait');
    case 'stopped':
      return unavailable(why, 'the gateway is starting or ending');
  }
}

function refused(status: number, word: string, detail: string): ApiProblem {
  return new ApiProblem({ status, word, title: 'The order is not carried out', detail });
}
