import { z } from 'zod';
import { MacList, type MacPrefix, macPrefixFromText } from '../../../net/mac-list.ts';
import type { ClassMatch, ClientClass } from '../../../subnet/client-class.ts';
import type { OctetPattern } from '../../../subnet/octet-pattern.ts';
import { renewalTime } from '../../renewal-kind.ts';
import { seconds } from '../../setting-kinds.ts';
import { type Issues, read, wrong } from './faults.ts';
import { optionsSchema, SETTINGS_OF_CLASS } from './option-schema.ts';
import { architecturesOf, PXE_SCHEMA } from './pxe-schema.ts';

export const MOST_CLASSES = 256;
const MOST_VALUES = 1024;
const LONGEST_PATTERN = 255;

/** One value or a list of them. */
function oneOrMore<Value>(part: z.ZodType<Value, string | number>) {
  return z.union([z.union([z.string(), z.int()]).pipe(part), z.array(part).min(1).max(MOST_VALUES)]);
}

const TEXT = z.union([z.string(), z.int()]).transform((text, issues) => patternOf(String(text), issues));
const ARCHITECTURE = z
  .union([z.string(), z.int()])
  .transform((name, issues) => architecturesOf(String(name), [], issues));
const MAC = z.union([z.string(), z.int()]).transform((text, issues): MacPrefix => {
  const prefix = macPrefixFromText(String(text));
  if (prefix !== undefined) return prefix;
  return wrong(
    issues,
    [],
    'is neither a MAC address nor the beginning of one',
    "write '52:54:00:12:34:56', or its first octets for all that begin so: 'bc:24:11'",
  );
});

function list<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value as Value];
}

const MATCH = z
  .strictObject({
    vendor_class: oneOrMore(TEXT).describe('option 60; with * at the end all that begin so').optional(),
    user_class: oneOrMore(TEXT).describe('option 77; with * at the end all that begin so').optional(),
    architecture: oneOrMore(ARCHITECTURE).describe('option 93: uefi_x64, bios, 7').optional(),
    circuit_id: oneOrMore(TEXT).describe('sub-option 1 of option 82; a text, or hex:0001').optional(),
    remote_id: oneOrMore(TEXT).describe('sub-option 2 of option 82; a text, or hex:0001').optional(),
    mac: oneOrMore(MAC).describe('MAC addresses, or the first octets of many').optional(),
  })
  .transform((given, issues): ClassMatch => {
    const { vendor_class: vendorClass, user_class: userClass, architecture, mac } = given;
    const { circuit_id: circuitId, remote_id: remoteId } = given;
    if (Object.values(given).every((value) => value === undefined))
      wrong(
        issues,
        [],
        'has no condition, and would be every client',
        'name at least one: vendor_class: PXEClient*',
      );
    return {
      ...(vendorClass === undefined ? {} : { vendorClass: list(vendorClass) }),
      ...(userClass === undefined ? {} : { userClass: list(userClass) }),
      ...(architecture === undefined ? {} : { architectures: new Set(architecture.flat()) }),
      ...(circuitId === undefined ? {} : { circuitId: list(circuitId) }),
      ...(remoteId === undefined ? {} : { remoteId: list(remoteId) }),
      ...(mac === undefined ? {} : { macs: new MacList(list(mac)) }),
    };
  })
  .describe('what a client must show: all of these conditions, each by one of its values');

const NAME = z.string().refine((name) => /^[\w.-]{1,64}$/.test(name), {
  message: 'is no name of a class',
  params: { remedy: 'write up to 64 letters, digits, dots, hyphens and underscores' },
});
const DURATION = z.union([z.string(), z.int()]);
const LEASE_TIME = seconds(60, 0xfffffffe, 'infinite');

const CLASS = z
  .strictObject({
    name: NAME,
    match: MATCH,
    answer: z
      .enum(['never', 'always'])
      .describe('never: its clients get no answer; always: they do, whatever a later class says')
      .optional(),
    lease_time: DURATION.transform((text, issues) => read(LEASE_TIME, text, issues)).optional(),
    renewal_time: z
      .union([z.string(), z.number()])
      .transform((text, issues) => read(renewalTime, text, issues))
      .optional(),
    rebinding_time: z
      .union([z.string(), z.number()])
      .transform((text, issues) => read(renewalTime, text, issues))
      .optional(),
    options: optionsSchema(SETTINGS_OF_CLASS).optional(),
    pxe: PXE_SCHEMA.optional(),
  })
  .transform((given): ClientClass => {
    const { name, match, answer, lease_time: leaseTime, pxe: boot } = given;
    const { options = new Map(), always = new Set<number>() } = given.options ?? {};
    const renewal = { t1: given.renewal_time, t2: given.rebinding_time };
    return { name, match, answer, terms: { options, always, leaseTime, renewal, boot } };
  });

/** Classes in the order in which they count. */
export const CLASSES_SCHEMA = z
  .array(CLASS)
  .max(MOST_CLASSES)
  .transform((classes, issues) => {
    const names = new Set<string>();
    for (const [index, { name }] of classes.entries()) {
      if (names.has(name))
        wrong(issues, [index, 'name'], `is the name of two classes`, 'give each class a name of its own');
      names.add(name);
    }
    return classes;
  })
  .describe('clients that are treated alike: docs/options.md');

/** A text, or octets as `hex:`; with * at the end its beginning. */
function patternOf(text: string, issues: Issues): OctetPattern {
  const isPrefix = text.endsWith('*');
  const begin = isPrefix ? text.slice(0, -1) : text;
  const [, digits] = /^hex:((?:[0-9a-f]{2}(?::?))*)$/i.exec(begin) ?? [];
  const pairs = digits?.match(/[0-9a-f]{2}/gi)?.map((pair) => Number.parseInt(pair, 16));
  const isText = digits === undefined && /^[\x20-\x7e]+$/.test(begin) && !begin.startsWith('hex:');
  const octets = pairs ?? (isText ? Array.from(begin, (character) => character.charCodeAt(0)) : []);
  if (octets.length === 0 || octets.length > LONGEST_PATTERN || (isText && begin.includes('*')))
    return wrong(
      issues,
      [],
      'is no text to compare with',
      'write up to 255 letters, digits and signs, with * at the end alone; or octets: hex:0001',
    );
  return { octets: Uint8Array.from(octets), isPrefix };
}
