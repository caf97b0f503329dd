import { z } from 'zod';
import { optionCode, optionExample, optionFileName, optionFromText } from '../../../wire/option-text.ts';
import { OPTIONS } from '../../../wire/options.ts';
import type { OptionBlock } from '../../../wire/reply.ts';
import { whyNotSettable } from '../../../wire/settable-options.ts';
import { nearestTo } from '../../nearest.ts';
import { type Issues, wrong, wrongName } from './faults.ts';

/** RFC 2131 §2: the options of all guests; what is longer would push others out of their replies. */
const MOST_OCTETS = 255;
const MOST_OPTIONS = 64;

const PART = z.union([z.string(), z.int(), z.strictObject({ to: z.string(), via: z.string() })]);
export const VALUE = z.union([z.string(), z.int(), z.boolean(), z.array(PART).min(1).max(MOST_OPTIONS)]);
const OPTION = z.union([
  VALUE,
  z.strictObject({
    value: VALUE,
    always: z.boolean().describe('true: it is sent whether or not a client asks for it').optional(),
  }),
]);

/** Options, and which of them are sent whether or not they are asked for. */
export interface ReadOptions {
  readonly options: ReadonlyMap<number, OptionBlock>;
  readonly always: ReadonlySet<number>;
}

/** What stands in another place of the file than among the options of all guests. */
export const SETTINGS_OF_SEGMENT: ReadonlyMap<number, string> = new Map([
  ...([
    [3, 'gateway'],
    [6, 'dns'],
    [15, 'domain'],
    [26, 'mtu'],
    [42, 'ntp'],
    [51, 'lease_time'],
    [58, 'renewal_time'],
    [59, 'rebinding_time'],
    [108, 'ipv6_only'],
    [119, 'domain_search'],
    [121, 'routes'],
    [249, 'routes'],
  ] as const),
]);

/** The same among the options of a class. */
export const SETTINGS_OF_CLASS: ReadonlyMap<number, string> = new Map([
  ...([
    [51, 'lease_time'],
    [58, 'renewal_time'],
    [59, 'rebinding_time'],
  ] as const),
]);

/** @param elsewhere What another member of the file says, by code. */
export function optionsSchema(elsewhere: ReadonlyMap<number, string>) {
  return z
    .record(z.string(), OPTION)
    .transform((given, issues): ReadOptions => {
      const options = new Map<number, OptionBlock>();
      const always = new Set<number>();
      for (const [name, written] of Object.entries(given)) {
        const code = readCode(name, elsewhere, issues);
        if (code === undefined) continue;
        if (options.has(code))
          wrongName(issues, name, `option ${code} is there twice`, 'leave one of them out');
        const isPlain = typeof written !== 'object' || Array.isArray(written);
        const value = readValue(
          code,
          isPlain ? written : written.value,
          isPlain ? [name] : [name, 'value'],
          issues,
        );
        if (value !== undefined) options.set(code, { code, value });
        if (!isPlain && written.always === true) always.add(code);
      }
      if (options.size > MOST_OPTIONS)
        wrong(issues, [], `has more than ${MOST_OPTIONS} options`, 'leave those that matter');
      return { options, always };
    })
    .describe('DHCP options by name or number: docs/options.md');
}

function readCode(name: string, elsewhere: ReadonlyMap<number, string>, issues: Issues): number | undefined {
  const code = optionCode(name);
  if (code === undefined) {
    const known = Object.values(OPTIONS).map((option) => optionFileName(option.code));
    const nearest = nearestTo(name.toLowerCase().replaceAll('-', '_'), known);
    const remedy = nearest === undefined ? 'docs/options.md lists the names' : `did you mean ${nearest}?`;
    return wrongName(issues, name, 'is no option: neither a name nor a number from 1 to 254', remedy);
  }
  const why = code === HOST_NAME ? 'is the name of one guest' : whyNotSettable(code);
  if (why !== undefined)
    return wrongName(issues, name, `option ${code} ${why}`, code === HOST_NAME ? NAMES : 'leave it out');
  const setting = elsewhere.get(code);
  if (setting === undefined) return code;
  return wrongName(issues, name, `option ${code} has a setting of its own`, `write ${setting}: in its place`);
}

/** Of an option whose number alone is known. */
const UNTYPED = 'write its type first: text:hello, ip:10.15.3.2, u8:1, or the octets: hex:0a0f';
const HOST_NAME = 12;
const NAMES = 'name a guest by the hostname of its reservation';

function readValue(
  code: number,
  written: z.output<typeof VALUE>,
  path: readonly string[],
  issues: Issues,
): Uint8Array | undefined {
  const bytes = optionFromText(code, optionText(written));
  if (bytes === undefined) {
    const name = optionFileName(code);
    const isNamed = name !== String(code);
    const how = isNamed ? `write ${optionExample(code)}; or the octets: hex:0a0f` : UNTYPED;
    return wrong(issues, path, `is not a value of option ${isNamed ? `${code} (${name})` : code}`, how);
  }
  if (bytes.length <= MOST_OCTETS) return bytes;
  return wrong(issues, path, `is longer than ${MOST_OCTETS} octets`, 'shorten it');
}

/** As a codec reads it: a list with commas, routes as pairs. */
export function optionText(written: z.output<typeof VALUE>): string {
  if (!Array.isArray(written)) return String(written).trim();
  return written
    .map((part) => (typeof part === 'object' ? `${part.to} ${part.via}` : String(part)))
    .join(', ');
}
