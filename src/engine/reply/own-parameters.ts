import type { LeaseTimes } from '../../subnet/subnet.ts';
import type { OptionBlock } from '../../wire/reply.ts';

const CLASSLESS_ROUTES = 121;
const MICROSOFT_CLASSLESS_ROUTES = 249;

/** Own routes are also what clients get that ask for them by the code before RFC 3442. */
export function putParameter(parameters: Map<number, OptionBlock>, option: OptionBlock): void {
  parameters.set(option.code, option);
  if (option.code === CLASSLESS_ROUTES)
    parameters.set(MICROSOFT_CLASSLESS_ROUTES, { code: MICROSOFT_CLASSLESS_ROUTES, value: option.value });
}

/** RFC 2131 §4.3.1: a client may ask for less than its own lease time, down to what everybody may. */
export function ownLeaseTimes(times: LeaseTimes, own: number | undefined): LeaseTimes {
  if (own === undefined) return times;
  return { default: own, minimum: Math.min(times.minimum, own), maximum: own };
}
