import { type MacPrefix, macPrefixFromText } from '../net/mac-list.ts';
import type { VendorClass } from '../subnet/client-rules.ts';
import { fault, listOf, ok, type SettingKind } from './setting-kinds.ts';

/** The most values of one list. */
const MOST_MACS = 4096;
const MOST_CLASSES = 64;
/** RFC 2132 §9.13: an option has at most so many octets. */
const LONGEST_CLASS = 255;

const macPrefix: SettingKind<MacPrefix> = {
  placeholder: 'MAC',
  read(text) {
    const prefix = macPrefixFromText(text);
    return prefix === undefined
      ? fault(
          'is neither a MAC address nor the beginning of one',
          'write 52:54:00:12:34:56, or its first octets for all that begin so: bc:24:11',
        )
      : ok(prefix);
  },
};

export const macList: SettingKind<readonly MacPrefix[]> = listOf('MACs', macPrefix, MOST_MACS);

const vendorClass: SettingKind<VendorClass> = {
  placeholder: 'class',
  read(text) {
    const isPrefix = text.endsWith('*');
    const begin = isPrefix ? text.slice(0, -1) : text;
    if (begin === '')
      return fault('is every vendor class, or none', 'write a class, or how it begins: MSFT 5.0 or udhcp*');
    if (!/^[\x20-\x7e]*$/.test(begin) || begin.includes('*') || begin.length > LONGEST_CLASS)
      return fault(
        'is no vendor class',
        'write up to 255 letters, digits and signs of ASCII, with * at the end alone: udhcp*',
      );
    return ok({ text: begin, isPrefix });
  },
};

export const vendorClassList: SettingKind<readonly VendorClass[]> = listOf(
  'classes',
  vendorClass,
  MOST_CLASSES,
);
