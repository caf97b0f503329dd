import { NoConnection, Problem } from '../api/client.js';
import { changed, summary } from '../api/connection.js';
import { say } from '../parts/toast.js';
import { sentence } from '../text/verdict.js';
import { visible } from '../text/visible.js';

/**
 * What has become of one of several.
 *
 * @typedef {{ address: string, failure?: string }} Done
 */

/**
 * Does something with each, one after the other: each is durable before the next one begins.
 *
 * @template {{ address: string }} Each
 * @param {readonly Each[]} all
 * @param {(each: Each) => Promise<void>} act
 * @returns {Promise<Done[]>}
 */
export async function doEach(all, act) {
  /** @type {Done[]} */
  const done = [];
  for (const each of all) {
    try {
      await act(each);
      done.push({ address: each.address });
    } catch (error) {
      done.push({ address: each.address, failure: failureOf(error, each.address) });
      // The others would fail of the same cause.
      if (error instanceof NoConnection || (error instanceof Problem && [401, 403].includes(error.status)))
        break;
    }
  }
  return done;
}

/**
 * Why it was not done, as a sentence that names the address.
 *
 * @param {unknown} error
 * @param {string} address
 */
export function failureOf(error, address) {
  if (error instanceof NoConnection)
    return `The gateway did not answer. Look at ${address}: it may have been done.`;
  if (error instanceof Problem && error.word === 'guest-is-alive')
    return `${address} is kept: its guest answers.`;
  return faultOf(error);
}

/**
 * Why something could not be read, as a sentence.
 *
 * @param {unknown} error
 */
export function faultOf(error) {
  if (error instanceof NoConnection) return 'The gateway did not answer.';
  if (error instanceof Problem) {
    const faults = error.errors
      .map(({ pointer, detail }) => `${pointer.replace('/', '')} ${visible(detail)}`)
      .join('; ');
    return sentence(faults === '' ? error.message : `${error.message}: ${faults}`);
  }
  return sentence(String(error));
}

/**
 * Says what happened, failures named.
 *
 * @param {string} verb Released
 * @param {readonly Done[]} done
 * @param {{ total?: number, after?: string, where?: string }} [how]
 */
export function sayDone(verb, done, { total = done.length, after = '', where = nodesText() } = {}) {
  changed();
  const failures = done.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const succeeded = done.length - failures.length;
  const rest = total - done.length;
  const left = rest > 0 ? ` ${rest} were not tried.` : '';
  if (total === 1 && failures.length === 0) say(sentence(`${verb} ${done[0]?.address}${where}${after}`));
  else if (failures.length === 0) say(sentence(`${verb} ${succeeded}${where}${after}`));
  else {
    const [first = ''] = failures;
    const others = failures.length > 1 ? ` ${failures.length - 1} more failed.` : '';
    const head = total === 1 ? '' : `${verb} ${succeeded} of ${total}. `;
    say(`${head}${first}${others}${left}`, { isBad: true });
  }
}

/** Whether other gateways answer here that know nothing of this one's reservations. */
export function isOneOfSeveral() {
  const { info } = summary.value;
  if (info === undefined || info.store === 'etcd') return false;
  return info.other_gateways.some(({ is_gateway: isGateway }) => isGateway);
}

/** Where a reservation holds. Without shared leases no other gateway knows of it, whether one is heard or not. */
export function heldText() {
  return isShared() ? nodesText() : ' at this gateway alone';
}

/**
 * The same as a sentence, with what is left to do at the others; empty where all gateways share it.
 *
 * @param {string} alone It holds at this gateway alone.
 * @param {string} others reserve the address at each of the others too
 */
export function heldSentence(alone, others) {
  if (isShared()) return '';
  return isOneOfSeveral() ? ` ${alone}: ${others}.` : ` ${alone}.`;
}

function isShared() {
  return summary.value.info?.store === 'etcd';
}

/** Where what was done holds: ` on 3 nodes`. */
export function nodesText() {
  const { info } = summary.value;
  if (info?.store !== 'etcd') return '';
  return ` on ${1 + info.cluster.length} nodes`;
}
