import type { Subnet } from '../subnet/subnet.ts';
import type { OptionBlock } from '../wire/reply.ts';

const SUBNET_MASK = 1;
const ROUTER = 3;
/** RFC 2131 §4.3.1: parameters of the subnet that are returned whether or not they are asked for: 1, 3, 6, 15, 26. */
const ALWAYS: readonly number[] = [SUBNET_MASK, ROUTER, 6, 15, 26];
/** RFC 8925 §3.3 (108), RFC 3442 (121, and 249 which came before it), RFC 3397 (119): only for clients that know them. */
const ONLY_WHEN_ASKED: ReadonlySet<number> = new Set([108, 119, 121, 249]);

/**
 * The options of a reply: those that the protocol adds, and the subnet's parameters.
 *
 * RFC 2132 §9.8: the server must try to insert requested options in the order in which they were requested. So what
 * the client lists stands in its order, after what it did not list but the protocol requires; what the subnet always
 * gives comes last. RFC 2131 §4.3.1: each requested parameter once.
 *
 * @param required What this reply must carry (server identifier, lease time, ...), in the order for clients that do not list them.
 */
export function chooseParameters(
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
  subnet: Subnet,
): readonly OptionBlock[] {
  const chosen: OptionBlock[] = [];
  for (const place of arrangementOf(requestList, required, subnet).places) {
    const option = typeof place === 'number' ? required[place] : place;
    if (option !== undefined) chosen.push(option);
  }
  return chosen;
}

/**
 * The order of the options for one request list and one set of required ones: an option of the subnet, or the index of
 * a required one. Guests of one kind all ask alike, so that it is worked out once for each kind.
 */
interface Arrangement {
  readonly requestList: Uint8Array | undefined;
  readonly required: readonly number[];
  readonly places: readonly (OptionBlock | number)[];
}

/** Kinds of guests that are remembered; beyond them all are forgotten, so that no guest can fill the memory. */
const KINDS = 256;
const ARRANGEMENTS = new WeakMap<Subnet, Map<number, Arrangement>>();

function arrangementOf(
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
  subnet: Subnet,
): Arrangement {
  const known = ARRANGEMENTS.get(subnet) ?? new Map<number, Arrangement>();
  if (known.size === 0) ARRANGEMENTS.set(subnet, known);
  const hash = hashOf(requestList, required);
  const found = known.get(hash);
  if (found !== undefined && isFor(found, requestList, required)) return found;

  if (known.size >= KINDS) known.clear();
  const made = {
    requestList: requestList?.slice(), // The request's bytes do not outlive it.
    required: required.map(({ code }) => code),
    places: arrange(requestList, required, subnet),
  };
  known.set(hash, made);
  return made;
}

function hashOf(requestList: Uint8Array | undefined, required: readonly OptionBlock[]): number {
  let hash = requestList === undefined ? 1 : 2;
  for (let at = 0; at < required.length; at += 1) hash = Math.imul(hash, 31) + (required[at]?.code ?? 0);
  if (requestList === undefined) return hash | 0;
  for (let at = 0; at < requestList.length; at += 1) hash = Math.imul(hash, 31) + (requestList[at] ?? 0);
  return hash | 0;
}

function isFor(
  { requestList: list, required: codes }: Arrangement,
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
): boolean {
  if (codes.length !== required.length || list?.length !== requestList?.length) return false;
  for (let at = 0; at < codes.length; at += 1) if (codes[at] !== required[at]?.code) return false;
  if (list === undefined || requestList === undefined) return true;
  for (let at = 0; at < list.length; at += 1) if (list[at] !== requestList[at]) return false;
  return true;
}

function arrange(
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
  { parameters }: Subnet,
): readonly (OptionBlock | number)[] {
  const codes: number[] = [];
  const add = (code: number) => {
    const isThere = parameters.has(code) || required.some((option) => option.code === code);
    if (isThere && !codes.includes(code)) codes.push(code);
  };
  for (const { code } of required) if (requestList?.includes(code) !== true) add(code);
  if (requestList === undefined) {
    for (const code of parameters.keys()) if (!ONLY_WHEN_ASKED.has(code)) add(code);
  } else {
    requestList.forEach(add);
    ALWAYS.forEach(add);
  }
  return maskFirst(codes).flatMap((code) => {
    const place = required.findIndex((option) => option.code === code);
    const option = place >= 0 ? place : parameters.get(code);
    return option === undefined ? [] : [option];
  });
}

/** RFC 2132 §3.3: if both the subnet mask and the router option are in a reply, the mask must be first. */
function maskFirst(codes: number[]): number[] {
  const router = codes.indexOf(ROUTER);
  const mask = codes.indexOf(SUBNET_MASK);
  if (router >= 0 && mask > router) codes.splice(router, 0, ...codes.splice(mask, 1));
  return codes;
}
