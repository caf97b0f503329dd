import { type Codec, flag, hexText, ipv4List, opaque, text, uint8, uint16, uint32 } from './option-codecs.ts';
import { END, PAD } from './option-fields.ts';
import { OPTIONS, type Option, type OptionName } from './options.ts';
import { REGISTRY_NAMES } from './registry-names.ts';

interface Row {
  readonly name: OptionName;
  readonly option: Option<unknown>;
}

const ROW_OF_CODE = new Map<number, Row>();
/** Codes by the names of the table and of the registry, in small letters and without what stands between words. */
const CODE_OF_NAME = new Map<string, number>();
for (const [code, name] of Object.entries(REGISTRY_NAMES)) CODE_OF_NAME.set(bare(name), Number(code));
for (const [name, option] of Object.entries(OPTIONS)) {
  ROW_OF_CODE.set(option.code, { name: name as OptionName, option: option as Option<unknown> });
  CODE_OF_NAME.set(bare(name), option.code);
}

const UNKNOWN = opaque(0);

/** Types that can be named before a value, whatever the option's own type is: `hex:0a0f`, `u16:1500`. */
const NAMED_TYPES: Readonly<Record<string, Codec<unknown>>> = {
  hex: opaque(0) as Codec<unknown>,
  text: text as Codec<unknown>,
  ip: ipv4List as Codec<unknown>,
  u8: uint8 as Codec<unknown>,
  u16: uint16 as Codec<unknown>,
  u32: uint32 as Codec<unknown>,
  bool: flag as Codec<unknown>,
};

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The table's name for a code, or the number itself. */
export function optionName(code: number): string {
  return ROW_OF_CODE.get(code)?.name ?? String(code);
}

/** The name as it is written in a settings file: `ntp_servers`; or the number itself. */
export function optionFileName(code: number): string {
  return optionName(code).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The code for a number from 1 to 254, or for a name of the table or of IANA's registry: `ntpServers`, `ntp_servers`,
 * `ntp-servers` and `NTP Servers` are one name. Undefined for anything else.
 */
export function optionCode(nameOrNumber: string): number | undefined {
  if (/^\d/.test(nameOrNumber)) {
    const code = Number(nameOrNumber);
    return /^\d{1,3}$/.test(nameOrNumber) && code > PAD && code < END ? code : undefined;
  }
  return CODE_OF_NAME.get(bare(nameOrNumber));
}

/**
 * The octets of a value from its text in the configuration; undefined if the option's type does not allow it. An option
 * that is not in the table is written as hexadecimal pairs, or with the name of a type before its value.
 */
export function optionFromText(code: number, text: string): Uint8Array | undefined {
  const [, type = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  const named = Object.hasOwn(NAMED_TYPES, type) ? NAMED_TYPES[type] : undefined;
  const codec = named ?? ROW_OF_CODE.get(code)?.option.codec ?? UNKNOWN;
  const value = codec.fromText(named === undefined ? text : rest.trim());
  return value === undefined ? undefined : codec.encode(value);
}

/** A value for people to read; hexadecimal pairs where the octets are not what the option's type allows. */
export function optionToText(code: number, bytes: Uint8Array): string {
  const codec = ROW_OF_CODE.get(code)?.option.codec ?? UNKNOWN;
  const value = codec.decode(bytes);
  return value === undefined ? hexText(bytes) : codec.toText(value);
}

/** A text that `optionFromText` reads as these octets: as people write it, where that says the same. */
export function optionToSetting(code: number, bytes: Uint8Array): string {
  const text = optionToText(code, bytes);
  const again = optionFromText(code, text);
  const isSame = again?.length === bytes.length && again.every((byte, at) => byte === bytes[at]);
  return isSame ? text : `hex:${hexText(bytes)}`;
}

/** How a value of the option is written, for who wrote it wrongly: `10.15.3.2, 10.15.3.3`. */
export function optionExample(code: number): string {
  return ROW_OF_CODE.get(code)?.option.codec.example ?? UNKNOWN.example;
}
