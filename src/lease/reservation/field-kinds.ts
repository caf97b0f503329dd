import {
  type HardwareAddress,
  hardwareFromText,
  hardwareToText,
  isStation,
} from '../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import { isReadable, readable } from '../../wire/readable-text.ts';
import type { ClientKey } from '../client-key.ts';
import { type Instant, instant } from '../lease.ts';
import { isWhole } from '../lease-fields.ts';
import { isOutsideId, type OutsideId } from '../outside-id.ts';
import { readOptions } from './own-options.ts';
import { RESERVATION_SOURCES, type ReservationSource, type Texts } from './reservation.ts';

/** What is wrong with a member of an entry: where (RFC 6901), and what in a sentence. */
export interface EntryProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** One type of value: read from JSON with what is wrong with it, and kept as a column of SQLite. */
export interface FieldKind<Value> {
  readonly column: 'INTEGER' | 'TEXT';
  /** How views show the number in the column. Absent: as it is. */
  readonly shownAs?: 'address' | 'time';
  /** Undefined: it is wrong, and `wrong` was told so. */
  read(value: unknown, wrong: Wrong): Value | undefined;
  /** What this program has written as JSON; absent: as `read`, if nothing is wrong. */
  readStored?(value: unknown): Value | undefined;
  /** As JSON has it. */
  show(value: Value): unknown;
  toColumn(value: Value): string | number;
  fromColumn(value: unknown): Value | undefined;
}

/** Notes what is wrong with a value, or with a part of it: `/0`. */
export type Wrong = (detail: string, part?: string) => undefined;

/** The most network cards of one guest. */
const MOST_CARDS = 16;
const MOST_LABELS = 32;
const LONGEST_LABEL = 255;
const LONGEST_NOTE = 1000;
const LONGEST_HOSTNAME = 253;
/** RFC 3046 §2.0: a sub-option has 255 octets at most; RFC 2132 §9.14: an identifier has two at the least. */
const MOST_OCTETS = 255;
const LONGEST_SHOWN = 40;
const SHORTEST_LEASE = 60;
const LONGEST_LEASE = 0xffffffff;

const ID_RULE = 'is 1 to 64 characters that can be read, without a space at either end';

export const id: FieldKind<OutsideId> = asText(isOutsideId, ID_RULE);

export const note: FieldKind<string> = asText(
  (value): value is string =>
    typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NOTE && isReadable(value),
  `is 1 to ${LONGEST_NOTE} characters that can be read, in one line`,
);

/** RFC 1123 §2.1: labels of letters, digits and hyphens, 63 at most in each, and none at an end of one. */
const HOST_NAME = /^(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*$/i;

export const hostname: FieldKind<string> = asText(
  (value): value is string =>
    typeof value === 'string' && value.length <= LONGEST_HOSTNAME && HOST_NAME.test(value),
  'is not a host name: labels of letters, digits and hyphens, 63 at most in each, with dots between them',
);

/** IFNAMSIZ of Linux: 15 characters. */
export const port: FieldKind<string> = asText(
  (value): value is string => typeof value === 'string' && /^[\w.@-]{1,15}$/.test(value),
  'is not the name of a port: up to 15 letters, digits, dots and hyphens, as in tap104i0',
);

export const source: FieldKind<ReservationSource> = asText(
  (value): value is ReservationSource => RESERVATION_SOURCES.some((one) => one === value),
  `is one of ${RESERVATION_SOURCES.join(', ')}`,
);

export const leaseTime: FieldKind<number> = {
  ...asNumber((value) => isWhole(value, LONGEST_LEASE) && value >= SHORTEST_LEASE),
  read: (value, wrong) =>
    isWhole(value, LONGEST_LEASE) && value >= SHORTEST_LEASE
      ? value
      : wrong(`is a whole number of seconds from ${SHORTEST_LEASE}; ${LONGEST_LEASE} is without end`),
};

export const version: FieldKind<number> = {
  ...asNumber((value) => isWhole(value)),
  read: (value, wrong) => (isWhole(value) ? value : wrong('is a whole number')),
};

export const address: FieldKind<Ipv4> = {
  ...asNumber((value) => isWhole(value, 0xffffffff)),
  shownAs: 'address',
  read: (value, wrong) =>
    (typeof value === 'string' ? ipv4FromText(value) : undefined) ??
    wrong(`is not an address: ${shownWrong(value)} (write one as 10.15.3.57)`),
  show: ipv4ToText,
  fromColumn: (value) => (isWhole(value, 0xffffffff) ? (value as Ipv4) : undefined),
};

export const time: FieldKind<Instant> = {
  ...asNumber((value) => isWhole(value)),
  shownAs: 'time',
  read: (value, wrong) => {
    const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return isWhole(at) ? instant(at) : wrong('is not a time: 2026-11-28T12:00:00Z');
  },
  show: (value) => new Date(value).toISOString(),
  fromColumn: (value) => (isWhole(value) ? instant(value) : undefined),
};

/** Octets as hexadecimal pairs, with or without colons; kept as lower-case digits. */
export const clientId: FieldKind<ClientKey> = octets(2);
export const circuitId: FieldKind<string> = octets(1);

export const macs: FieldKind<readonly HardwareAddress[]> = asJson(
  (value, wrong) => {
    if (!Array.isArray(value) || value.length > MOST_CARDS)
      return wrong(`is a list of at most ${MOST_CARDS} MAC addresses: write ["52:54:00:12:34:56"]`);
    const found = value.map(
      (one: unknown, index) =>
        macOf(one) ??
        wrong(
          `is not a MAC address of one card: ${shownWrong(one)} (write one as 52:54:00:12:34:56)`,
          `/${index}`,
        ),
    );
    const read = found.filter((one) => one !== undefined);
    if (new Set(read).size < read.length) wrong('names a MAC address twice');
    return read;
  },
  (value) => value.map(hardwareToText),
);

export const labels: FieldKind<Texts> = asJson(
  (value, wrong) => {
    if (!isObject(value) || Object.keys(value).length > MOST_LABELS)
      return wrong(`is an object of at most ${MOST_LABELS} texts`);
    const read: [string, string][] = [];
    for (const [name, text] of Object.entries(value)) {
      if (!isOutsideId(name)) wrong(`has a name that is not allowed: it ${ID_RULE}`);
      else if (typeof text !== 'string' || text.length > LONGEST_LABEL || !isReadable(text))
        wrong(`is a text of at most ${LONGEST_LABEL} characters that can be read`, `/${escaped(name)}`);
      else read.push([name, text]);
    }
    return Object.fromEntries(read.sort(byName));
  },
  (value) => value,
);

export const options: FieldKind<Texts> = asJson(
  (value, wrong) => {
    if (!isObject(value)) return wrong('is an object of options by name or number');
    return readOptions(value, (detail, name) => wrong(detail, `/${escaped(name)}`));
  },
  (value) => value,
  // An option that an earlier version has taken, and that cannot be set now, makes no reservation unknown.
  (value) => (isObject(value) ? readOptions(value, () => undefined) : undefined),
);

/** The beginning of what was written, so that it can be found there. */
function shownWrong(value: unknown): string {
  const text = readable(typeof value === 'string' ? value : String(JSON.stringify(value)));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}

function macOf(value: unknown): HardwareAddress | undefined {
  const mac = typeof value === 'string' ? hardwareFromText(value) : undefined;
  return mac !== undefined && isStation(mac) ? mac : undefined;
}

function octets<Value extends string>(least: number): FieldKind<Value> {
  const read = (value: unknown) => {
    if (typeof value !== 'string' || !/^[0-9a-f]{2}(:?[0-9a-f]{2})*$/i.test(value)) return undefined;
    const digits = value.replaceAll(':', '').toLowerCase();
    const count = digits.length / 2;
    return count >= least && count <= MOST_OCTETS ? (digits as Value) : undefined;
  };
  return {
    column: 'TEXT',
    read: (value, wrong) =>
      read(value) ?? wrong(`is ${least} to ${MOST_OCTETS} octets as hexadecimal pairs: 01:52:54:00:00:00:01`),
    show: (value) => value,
    toColumn: (value) => value,
    fromColumn: read,
  };
}

function asText<Value extends string>(
  isOne: (value: unknown) => value is Value,
  rule: string,
): FieldKind<Value> {
  return {
    column: 'TEXT',
    read: (value, wrong) => (isOne(value) ? value : wrong(rule)),
    show: (value) => value,
    toColumn: (value) => value,
    fromColumn: (value) => (isOne(value) ? value : undefined),
  };
}

function asNumber(isOne: (value: unknown) => boolean) {
  return {
    column: 'INTEGER' as const,
    show: (value: number): unknown => value,
    toColumn: (value: number) => value,
    fromColumn: (value: unknown) => (isOne(value) ? Number(value) : undefined),
  };
}

/** A list or an object, which a column has as JSON. */
function asJson<Value>(
  read: FieldKind<Value>['read'],
  show: (value: Value) => unknown,
  readStored = (value: unknown) => readSound({ read }, value),
): FieldKind<Value> {
  return {
    column: 'TEXT',
    read,
    readStored,
    show,
    toColumn: (value) => JSON.stringify(show(value)),
    fromColumn: (value) => {
      const found = parsed(value);
      return found === undefined ? undefined : readStored(found);
    },
  };
}

/** The value, if nothing at all is wrong with it. */
export function readSound<Value>(
  { read }: Pick<FieldKind<Value>, 'read'>,
  value: unknown,
): Value | undefined {
  const wrong: string[] = [];
  const found = read(value, (detail) => {
    wrong.push(detail);
    return undefined;
  });
  return wrong.length === 0 ? found : undefined;
}

function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 6901 §3: a name as a part of a pointer. */
export function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
