import {
  emptyValues,
  type Field,
  MalformedMessage,
  type MessageOf,
  type MessageTable,
  MOST_MEMBERS,
  type PartOf,
  type Time,
  tooMany,
} from './message-type.ts';

/** RFC 3339 §5.6. */
const TIME_TEXT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const LARGEST = { int32: 2 ** 31, int64: 2 ** 63 } as const;

/**
 * Reads the JSON form of a message (https://protobuf.dev/programming-guides/json). Members that the type does not have are
 * skipped; null is as good as absent; a name may also be written as in the .proto file.
 *
 * @throws MalformedMessage, and nothing else.
 */
export function messageFromJson<Type extends MessageTable>(type: Type, text: string): MessageOf<Type> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MalformedMessage('it is no JSON');
  }
  return fromJson(type, json, 'the message') as MessageOf<Type>;
}

/** Fields with their absent values are left out. */
export function messageToJson<Type extends MessageTable>(type: Type, value: PartOf<Type>): string {
  return JSON.stringify(toJson(type, value));
}

function fromJson(type: MessageTable, json: unknown, where: string): object {
  if (type.isTime) return timeFrom(json, where);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new MalformedMessage(`${where} is not an object`);
  const values = emptyValues(type);
  for (const [name, field] of Object.entries(type.fields)) {
    const found = memberOf(json, name);
    if (found === undefined || found === null) continue;
    values[name] = field.isList ? listFrom(field, found, name) : valueFrom(field, found, name);
  }
  return values;
}

function memberOf(json: object, name: string): unknown {
  const members = json as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, name)) return members[name];
  const written = protoName(name);
  return Object.hasOwn(members, written) ? members[written] : undefined;
}

/** vpsId: vps_id. */
export function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function listFrom(field: Field<unknown>, found: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(found)) throw new MalformedMessage(`${name} is not a list`);
  if (found.length > MOST_MEMBERS) throw tooMany(name);
  return found.map((each, index) => valueFrom(field, each, `${name}[${index}]`));
}

function valueFrom({ kind }: Field<unknown>, found: unknown, name: string): unknown {
  switch (kind) {
    case 'text':
      return typeof found === 'string' ? found : wrong(name, 'a text');
    case 'flag':
      return typeof found === 'boolean' ? found : wrong(name, 'true or false');
    case 'int32':
    case 'int64': {
      const number = typeof found === 'string' && /^-?\d{1,19}$/.test(found) ? Number(found) : found;
      const fits =
        Number.isInteger(number) && Number(number) >= -LARGEST[kind] && Number(number) < LARGEST[kind];
      return fits ? Number(number) : wrong(name, `a whole number (${kind})`);
    }
    case 'bytes':
      return typeof found === 'string' && BASE64.test(found)
        ? Uint8Array.from(Buffer.from(found, 'base64'))
        : wrong(name, 'base64');
    default:
      return fromJson(kind, found, name);
  }
}

function wrong(name: string, wanted: string): never {
  throw new MalformedMessage(`${name} is not ${wanted}`);
}

function timeFrom(json: unknown, where: string): Time {
  const [found, fraction = ''] = typeof json === 'string' ? (TIME_TEXT.exec(json) ?? []) : [];
  const at = found === undefined ? Number.NaN : Date.parse(found.replace(/\.\d+/, ''));
  if (Number.isNaN(at)) throw new MalformedMessage(`${where} is not a time: 2026-11-28T12:00:00Z`);
  return { seconds: at / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

function toJson(type: MessageTable, value: unknown): unknown {
  const members = value as Readonly<Record<string, unknown>>;
  if (type.isTime) return timeTo(members);
  const json: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const found = members[name];
    if (found === undefined || isAbsent(found)) continue;
    json[name] = Array.isArray(found) ? found.map((each) => valueTo(field, each)) : valueTo(field, found);
  }
  return json;
}

function isAbsent(value: unknown): boolean {
  const isEmpty = (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0;
  return value === '' || value === 0 || value === false || isEmpty;
}

function valueTo({ kind }: Field<unknown>, value: unknown): unknown {
  if (kind === 'int64') return String(value);
  if (kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  return typeof kind === 'string' ? value : toJson(kind, value);
}

function timeTo({ seconds = 0, nanos = 0 }: Readonly<Record<string, unknown>>): string {
  const fraction = Number(nanos) === 0 ? '' : `.${String(nanos).padStart(9, '0')}`;
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `${fraction}Z`);
}
