import type { Field, MessageTable, PartOf } from './message-type.ts';

const VARINT = 0;
const BYTES = 2;
const FIRST_ROOM = 256;

const UTF8 = new TextEncoder();

/** Writes a message, its fields in the order of its table. A field with its absent value is left out, as the format demands. */
export function writeMessage<Type extends MessageTable>(type: Type, value: PartOf<Type>): Uint8Array {
  const output = new Output();
  for (const [name, field] of Object.entries(type.fields)) {
    const found = (value as Readonly<Record<string, unknown>>)[name];
    if (found === undefined) continue;
    if (field.isList) for (const member of found as readonly unknown[]) writeField(output, field, member);
    else if (!isAbsent(found)) writeField(output, field, found);
  }
  return output.finish();
}

function isAbsent(value: unknown): boolean {
  return (
    value === '' || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0)
  );
}

function writeField(output: Output, { number, kind }: Field<unknown>, value: unknown): void {
  if (kind === 'flag' || kind === 'int32' || kind === 'int64') {
    output.number(number * 8 + VARINT);
    output.large(BigInt.asUintN(64, BigInt(Number(value))));
    return;
  }
  const octets =
    kind === 'text'
      ? UTF8.encode(value as string)
      : kind === 'bytes'
        ? (value as Uint8Array)
        : writeMessage(kind, value as object);
  output.number(number * 8 + BYTES);
  output.number(octets.length);
  output.octets(octets);
}

/** Octets that grow at their end. */
class Output {
  #octets = new Uint8Array(FIRST_ROOM);
  #length = 0;

  number(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#add((rest % 128) | 128);
    this.#add(rest);
  }

  large(value: bigint): void {
    let rest = value;
    for (; rest > 127n; rest >>= 7n) this.#add(Number(rest & 127n) | 128);
    this.#add(Number(rest));
  }

  octets(octets: Uint8Array): void {
    this.#room(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  finish(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  #add(octet: number): void {
    this.#room(1);
    this.#octets[this.#length] = octet;
    this.#length += 1;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(this.#length + more, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}
