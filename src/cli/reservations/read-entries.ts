import { readFileSync } from 'node:fs';
import { GatewayError } from '../../errors.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import { RESERVATION_FIELD_NAMES, RESERVATION_FIELDS } from '../../lease/reservation/reservation-fields.ts';

export type JsonEntry = Readonly<Record<string, unknown>>;

const STANDARD_INPUT = 0;
/** The API takes no larger body: bytes. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Members of a list that another command or the API has printed. */
const LISTS = ['entries', 'items', 'reservations'];

const ENTRY_MEMBERS: ReadonlySet<string> = new Set(
  RESERVATION_FIELD_NAMES.filter((name) => RESERVATION_FIELDS[name].saidBy === 'entry').map(
    (name) => RESERVATION_FIELDS[name].name,
  ),
);
/** What the server adds where it prints one. */
const SERVER_MEMBERS: ReadonlySet<string> = new Set([
  ...RESERVATION_FIELD_NAMES.map((name) => RESERVATION_FIELDS[name].name).filter(
    (name) => !ENTRY_MEMBERS.has(name),
  ),
  ...['prefix_length', 'mask', 'router', 'dns', 'mtu', 'lease', 'leases', 'held_by'],
  ...['pending', 'still_has', 'scope'],
]);

/**
 * The JSON of a file; `-` is standard input.
 *
 * @throws GatewayError if it cannot be read, or is no JSON.
 */
export function readJsonFile(file: string): unknown {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new GatewayError('bad-settings', `${name}: cannot be read (${code})`, error);
  }
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new GatewayError('bad-settings', `${name}: is larger than ${MOST_BYTES} octets: divide it`);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GatewayError('bad-settings', `${name}: is no JSON: ${why}`, error);
  }
}

/**
 * The entries of a file: a list of objects, or an object that has one, as `reservations list --json` and the API print it.
 * Those that were removed are left out.
 *
 * @throws GatewayError if there is no list.
 */
export function readEntries(file: string): readonly unknown[] {
  const json = readJsonFile(file);
  const list = Array.isArray(json)
    ? json
    : isObject(json)
      ? LISTS.map((name) => json[name]).find(Array.isArray)
      : undefined;
  if (list === undefined)
    throw new GatewayError(
      'bad-settings',
      `${file}: has no list of reservations: write [{"id": "web", "mac": ["52:54:00:12:34:56"]}]`,
    );
  return list
    .filter((each: unknown) => !isObject(each) || each['retired_until'] === undefined)
    .map(wantedEntry);
}

/** Without what only the server says. What nobody knows stays: the server refuses it by name. */
export function wantedEntry(json: unknown): unknown {
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([name]) => !SERVER_MEMBERS.has(name)));
}
