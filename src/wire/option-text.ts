import { hexText, opaque } from './option-codecs.ts';
import { END, PAD } from './option-fields.ts';
import { OPTIONS, type Option, type OptionName } from './options.ts';

interface Row {
  readonly name: OptionName;
  readonly option: Option<unknown>;
}

const ROW_OF_CODE = new Map<number, Row>();
for (const [name, option] of Object.entries(OPTIONS)) {
  ROW_OF_CODE.set(option.code, { name: name as OptionName, option: option as Option<unknown> });
}

const UNKNOWN = opaque(0);

/** The table's name for a code, or the number itself. */
export function optionName(code: number): string {
  return ROW_OF_CODE.get(code)?.name ?? String(code);
}

/** The code for a name of the table or a number from 1 to 254; undefined for anything else. */
export function optionCode(nameOrNumber: string): number | undefined {
  if (Object.hasOwn(OPTIONS, nameOrNumber)) return OPTIONS[nameOrNumber as OptionName].code;
  const code = Number(nameOrNumber);
  return /^\d{1,3}$/.test(nameOrNumber) && code > PAD && code < END ? code : undefined;
}

/**
 * The octets of a value from its text in the configuration; undefined if the option's type does not allow it. An option
 * that is not in the table is written as hexadecimal pairs.
 */
export function optionFromText(code: number, text: string): Uint8Array | undefined {
  const codec = ROW_OF_CODE.get(code)?.option.codec ?? UNKNOWN;
  const value = codec.fromText(text);
  return value === undefined ? undefined : codec.encode(value);
}

/** A value for people to read; hexadecimal pairs where the octets are not what the option's type allows. */
export function optionToText(code: number, bytes: Uint8Array): string {
  const codec = ROW_OF_CODE.get(code)?.option.codec ?? UNKNOWN;
  const value = codec.decode(bytes);
  return value === undefined ? hexText(bytes) : codec.toText(value);
}
