import type { Subnet } from '../../subnet/subnet.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import { type ArrangedOption, Arrangements } from './arrangements.ts';

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
  for (const arranged of arrangementOf(requestList, required, subnet)) {
    const option = typeof arranged === 'number' ? required[arranged] : arranged;
    if (option !== undefined) chosen.push(option);
  }
  return chosen;
}

const ARRANGEMENTS = new WeakMap<Subnet, Arrangements>();

function arrangementOf(
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
  subnet: Subnet,
): readonly ArrangedOption[] {
  let known = ARRANGEMENTS.get(subnet);
  if (known === undefined) {
    known = new Arrangements((list, options) => arrange(list, options, subnet));
    ARRANGEMENTS.set(subnet, known);
  }
  return known.of(requestList, required);
}

function arrange(
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
  { parameters, always }: Subnet,
): readonly ArrangedOption[] {
  const codes: number[] = [];
  const add = (code: number) => {
    const isThere = parameters.has(code) || required.some((option) => option.code === code);
    if (isThere && !codes.includes(code)) codes.push(code);
  };
  for (const { code } of required) if (requestList?.includes(code) !== true) add(code);
  if (requestList === undefined) {
    for (const code of parameters.keys()) if (!ONLY_WHEN_ASKED.has(code) || always.has(code)) add(code);
  } else {
    requestList.forEach(add);
    ALWAYS.forEach(add);
    always.forEach(add);
  }
  return maskFirst(codes).flatMap((code) => {
    const index = required.findIndex((option) => option.code === code);
    const option = index >= 0 ? index : parameters.get(code);
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
