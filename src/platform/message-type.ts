/** How the value of a field is written. A message type is a nested message. */
export type Kind = 'text' | 'flag' | 'int32' | 'int64' | 'bytes' | MessageTable;

/** One field of a message. */
export interface Field<Value> {
  readonly number: number;
  readonly kind: Kind;
  readonly isList: boolean;
  /** Its value where the octets do not have it; such a value is not written. */
  readonly absent: Value;
}

export type FieldTable = Readonly<Record<string, Field<unknown>>>;

/**
 * A message of Protocol Buffers: its fields by name. A name is the one of its JSON form (vpsId), from which the name in a
 * .proto file derives (vps_id).
 */
export interface MessageTable<Fields extends FieldTable = FieldTable> {
  readonly fields: Fields;
  /** True: google.protobuf.Timestamp, which JSON writes as one text. */
  readonly isTime: boolean;
}

type ValueOf<Each> = Each extends Field<infer Value> ? Value : never;

/** The value of a message type: all of its fields. */
export type MessageOf<Type> =
  Type extends MessageTable<infer Fields>
    ? { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> }
    : never;

/** What is written of a message: a field that is left out has its absent value. */
export type PartOf<Type> = {
  readonly [Name in keyof MessageOf<Type>]?: PartOfValue<MessageOf<Type>[Name]>;
};
type PartOfValue<Value> = Value extends string | number | boolean | Uint8Array | undefined
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly PartOfValue<Item>[]
    : { readonly [Name in keyof Value]?: PartOfValue<Value[Name]> };

export function message<const Fields extends FieldTable>(fields: Fields): MessageTable<Fields> {
  return { fields, isTime: false };
}

export function text(number: number): Field<string> {
  return { number, kind: 'text', isList: false, absent: '' };
}

export function texts(number: number): Field<readonly string[]> {
  return { number, kind: 'text', isList: true, absent: [] };
}

export function flag(number: number): Field<boolean> {
  return { number, kind: 'flag', isList: false, absent: false };
}

export function int32(number: number): Field<number> {
  return { number, kind: 'int32', isList: false, absent: 0 };
}

/** Beyond 2^53 it is as exact as a number can be. */
export function int64(number: number): Field<number> {
  return { number, kind: 'int64', isList: false, absent: 0 };
}

export function bytes(number: number): Field<Uint8Array> {
  return { number, kind: 'bytes', isList: false, absent: new Uint8Array(0) };
}

export function nested<Type extends MessageTable>(
  number: number,
  kind: Type,
): Field<MessageOf<Type> | undefined> {
  return { number, kind, isList: false, absent: undefined };
}

export function list<Type extends MessageTable>(
  number: number,
  kind: Type,
): Field<readonly MessageOf<Type>[]> {
  return { number, kind, isList: true, absent: [] };
}

/** google.protobuf.Timestamp. */
export const TIME = { ...message({ seconds: int64(1), nanos: int32(2) }), isTime: true };
export type Time = MessageOf<typeof TIME>;

/** @param at Wall-clock milliseconds. */
export function timeOf(at: number): Time {
  const seconds = Math.floor(at / 1000);
  return { seconds, nanos: (at - seconds * 1000) * 1_000_000 };
}

/** Octets, or a JSON text, that are not the message that they are to be. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** The most members of one list: each costs more memory than octets. */
export const MOST_MEMBERS = 65_536;

export function tooMany(name: string): MalformedMessage {
  return new MalformedMessage(`${name} has more than ${MOST_MEMBERS} members: send fewer at once`);
}

/** A message without any field. */
export function emptyValues({ fields }: MessageTable): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, { absent }]) => [name, absent]));
}
