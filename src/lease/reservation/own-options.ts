import {
  optionCode,
  optionExample,
  optionFromText,
  optionName,
  optionToSetting,
} from '../../wire/option-text.ts';
import { OPTIONS } from '../../wire/options.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import { whyNotSettable } from '../../wire/settable-options.ts';
import type { Texts } from './reservation.ts';

const MOST_OPTIONS = 32;
/** RFC 2131 §2: all options of one guest; what is longer would push others out of its replies. */
const MOST_OCTETS = 255;

/** Options that have a member of their own in an entry. */
const ELSEWHERE: ReadonlyMap<number, string> = new Map([
  [12, 'hostname'],
  [51, 'lease_time'],
]);
/** RFC 2132 §9.11, §9.12: when the guest renews and rebinds, in seconds. */
const RENEWAL_TIME = 58;
const REBINDING_TIME = 59;

/**
 * Options by the table's name, each as text that its type allows.
 *
 * @param wrong Told what is wrong with the option of a name.
 */
export function readOptions(
  value: Readonly<Record<string, unknown>>,
  wrong: (detail: string, name: string) => void,
): Texts {
  const read: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    const found = readOption(name, text);
    if ('wrong' in found) wrong(found.wrong, name);
    else if (Object.hasOwn(read, found.name)) wrong('is there twice, by its name and by its number', name);
    else if (Object.keys(read).length >= MOST_OPTIONS)
      wrong(`is one of more than ${MOST_OPTIONS} options`, name);
    else read[found.name] = found.text;
  }
  return Object.fromEntries(Object.entries(read).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function readOption(name: string, given: unknown): { name: string; text: string } | { wrong: string } {
  const code = optionCode(name);
  if (code === undefined) return { wrong: 'is not an option: its name, or its number from 1 to 254' };
  const elsewhere = ELSEWHERE.get(code);
  if (elsewhere !== undefined) return { wrong: `is set by the member ${elsewhere}` };
  const why = whyNotSettable(code);
  if (why !== undefined) return { wrong: why };
  const text = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given;
  const bytes = typeof text === 'string' ? optionFromText(code, text) : undefined;
  if (bytes === undefined) return { wrong: `is not a value of option ${code}: write ${optionExample(code)}` };
  if (bytes.length > MOST_OCTETS) return { wrong: `is longer than ${MOST_OCTETS} octets` };
  return { name: optionName(code), text: optionToSetting(code, bytes) };
}

/** The times of renewing and rebinding, in seconds; undefined: they follow from the lease time. */
export function ownTimes(options: Texts): {
  readonly t1: number | undefined;
  readonly t2: number | undefined;
} {
  const of = (code: number) => {
    const text = options[optionName(code)];
    const seconds = text === undefined ? undefined : OPTIONS.renewalTime.codec.fromText(text);
    return seconds === 0 ? undefined : seconds;
  };
  return { t1: of(RENEWAL_TIME), t2: of(REBINDING_TIME) };
}

/** The options as they are sent; not those that depend on the lease. */
export function ownOptions(options: Texts): readonly OptionBlock[] {
  return Object.entries(options).flatMap(([name, text]) => {
    const code = optionCode(name);
    if (code === RENEWAL_TIME || code === REBINDING_TIME) return [];
    const value = code === undefined ? undefined : optionFromText(code, text);
    return code === undefined || value === undefined ? [] : [{ code, value }];
  });
}
