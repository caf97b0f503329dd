import type { Subnet } from '../subnet/subnet.ts';
import type { OptionBlock } from '../wire/reply.ts';

const SUBNET_MASK = 1;
const ROUTER = 3;
/** RFC 2131 §4.3.1: parameters of the subnet that are returned whether or not they are asked for: 1, 3, 6, 15, 26. */
const ALWAYS: readonly number[] = [SUBNET_MASK, ROUTER, 6, 15, 26];

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
): OptionBlock[] {
  const chosen: OptionBlock[] = [];
  for (const option of required) if (!includes(requestList, option.code)) chosen.push(option);

  if (requestList === undefined) {
    for (const option of subnet.parameters.values()) {
      if (!ONLY_WHEN_ASKED.has(option.code)) push(chosen, option);
    }
    return maskFirst(chosen);
  }
  for (const code of requestList) push(chosen, find(required, code) ?? subnet.parameters.get(code));
  for (const code of ALWAYS) push(chosen, subnet.parameters.get(code));
  return maskFirst(chosen);
}

/** RFC 8925 §3.3 (108), RFC 3442 (121, and 249 which came before it), RFC 3397 (119): only for clients that know them. */
const ONLY_WHEN_ASKED: ReadonlySet<number> = new Set([108, 119, 121, 249]);

/** RFC 2132 §3.3: if both the subnet mask and the router option are in a reply, the mask must be first. */
function maskFirst(chosen: OptionBlock[]): OptionBlock[] {
  const router = position(chosen, ROUTER);
  const mask = position(chosen, SUBNET_MASK);
  if (router >= 0 && mask > router) chosen.splice(router, 0, ...chosen.splice(mask, 1));
  return chosen;
}

function push(chosen: OptionBlock[], option: OptionBlock | undefined): void {
  if (option !== undefined && position(chosen, option.code) < 0) chosen.push(option);
}

function find(options: readonly OptionBlock[], code: number): OptionBlock | undefined {
  for (const option of options) if (option.code === code) return option;
  return undefined;
}

function position(options: readonly OptionBlock[], code: number): number {
  for (let at = 0; at < options.length; at += 1) if (options[at]?.code === code) return at;
  return -1;
}

function includes(requestList: Uint8Array | undefined, code: number): boolean {
  return requestList?.includes(code) === true;
}
