import { create, fromBinary, fromJsonString, toBinary, toJson, toJsonString } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageFromJson, messageToJson } from '../../src/platform/json-message.ts';
import {
  type Field,
  MalformedMessage,
  type MessageTable,
  MOST_MEMBERS,
  type PartOf,
} from '../../src/platform/message-type.ts';
import { FIND_VPS, GATEWAY_MESSAGE, SYNC, UNARY } from '../../src/platform/messages.ts';
import { readMessage } from '../../src/platform/read-message.ts';
import { writeMessage } from '../../src/platform/write-message.ts';
import { schemaOf } from '../support/platform-service.ts';

const TYPES: readonly (readonly [string, MessageTable])[] = [
  ...Object.entries(UNARY).flatMap(([name, { request, response }]): [string, MessageTable][] => [
    [`${name}Request`, request],
    [`${name}Response`, response],
  ]),
  ['GatewayMessage', GATEWAY_MESSAGE],
  ['FindVPSByLeaseRequest', FIND_VPS.request],
  ['FindVPSByLeaseResponse', FIND_VPS.response],
];

const TIMES = fc.record({
  // From the year 1 to 9999, as JSON can write it.
  seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});

/** A value of a message, as our own codec has it. */
function arbitraryOf(type: MessageTable): fc.Arbitrary<Record<string, unknown>> {
  if (type.isTime) return TIMES;
  const members = Object.entries(type.fields).map(([name, field]) => [name, fieldOf(field)] as const);
  return fc.record(Object.fromEntries(members));
}

function fieldOf({ kind, isList }: Field<unknown>): fc.Arbitrary<unknown> {
  const one: fc.Arbitrary<unknown> =
    kind === 'text'
      ? fc.string({ unit: 'grapheme', maxLength: 20 })
      : kind === 'flag'
        ? fc.boolean()
        : kind === 'int32'
          ? fc.integer()
          : kind === 'bytes'
            ? fc.uint8Array({ maxLength: 300 })
            : kind === 'int64'
              ? fc.maxSafeInteger()
              : arbitraryOf(kind);
  if (isList) return fc.array(one, { maxLength: 4 });
  return typeof kind === 'string' ? one : fc.option(one, { nil: undefined });
}

describe.each(TYPES)('%s', (name, type) => {
  const schema = schemaOf(name);

  it('is read by another library as it was written', () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        const octets = writeMessage(type, value as PartOf<typeof type>);

        const read = fromBinary(schema, octets);

        expect(read.$unknown).toBeUndefined();
        expect(toJson(schema, read)).toEqual(JSON.parse(normal(type, value)));
        expect(readMessage(type, octets)).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });

  it('is read as another library has written it, as octets and as JSON', () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        const theirs = fromJsonString(schema, normal(type, value));

        expect(readMessage(type, toBinary(schema, theirs))).toEqual(value);
        expect(messageFromJson(type, toJsonString(schema, theirs))).toEqual(value);
        expect(messageFromJson(type, toJsonString(schema, theirs, { useProtoFieldName: true }))).toEqual(
          value,
        );
        expect(messageFromJson(type, toJsonString(schema, create(schema)))).toEqual(readMessage(type, none));
      }),
      { numRuns: 60 },
    );
  });

  it('of any octets is a message or MalformedMessage', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged(type)), (octets) => {
        const { error } = attempt(() => readMessage(type, octets));

        if (error !== undefined) expect(error).toBeInstanceOf(MalformedMessage);
      }),
      { numRuns: 300 },
    );
  });

  it('of any JSON is a message or MalformedMessage', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { error } = attempt(() => messageFromJson(type, text));

        if (error !== undefined) expect(error).toBeInstanceOf(MalformedMessage);
      }),
      { numRuns: 100 },
    );
  });
});

const none = new Uint8Array(0);

/** As JSON without what is absent: the other library writes fractions of a second its own way. */
function normal(type: MessageTable, value: object): string {
  const text = messageToJson(type, value as PartOf<typeof type>);
  return text.replace(/(\.\d{3}?(\d{3})??)(0{3}){1,2}Z/g, '$1Z');
}

/** A message of which some octets are others, or that ends early. */
function damaged(type: MessageTable): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(arbitraryOf(type), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }), fc.nat(400))
    .map(([value, changes, length]) => {
      const octets = Uint8Array.from(writeMessage(type, value as PartOf<typeof type>));
      for (const [at, octet] of changes) if (at < octets.length) octets[at] = octet;
      return octets.subarray(0, length);
    });
}

function attempt(run: () => unknown): { readonly error?: unknown } {
  try {
    run();
    return {};
  } catch (error) {
    return { error };
  }
}

describe('the wire format', () => {
  const FIND = FIND_VPS.request;
  const octets = (...hex: readonly string[]) => Uint8Array.from(Buffer.from(hex.join(''), 'hex'));

  it.each([
    ['a varint', '0a0161 1896ffff01 120162'],
    ['eight octets', '0a0161 190102030405060708 120162'],
    ['four octets', '0a0161 1d01020304 120162'],
    ['octets with a length', '0a0161 1a03010203 120162'],
    ['a group, and a group in it', '0a0161 1b 23 0801 24 1a0100 1c 120162'],
    ['a field that is known with another wire type', '0a0161 0801 120162'],
  ])('a field that is not known is skipped: %s', (_, hex) => {
    expect(readMessage(FIND, octets(hex.replaceAll(' ', '')))).toEqual({ ip: 'a', mac: 'b' });
  });

  it('of a field that comes twice the last one counts, and a nested message is merged', () => {
    const [first, second] = [{ gatewayId: 'a' }, { version: '2' }].map((registration) =>
      writeMessage(GATEWAY_MESSAGE, { registration }),
    );
    const twice = Buffer.concat([first ?? none, second ?? none]);

    expect(readMessage(FIND, octets('0a0161', '0a0162'))).toMatchObject({ ip: 'b' });
    expect(readMessage(GATEWAY_MESSAGE, twice).registration).toMatchObject({ gatewayId: 'a', version: '2' });
    expect(fromBinary(schemaOf('GatewayMessage'), twice)).toMatchObject({
      registration: { gatewayId: 'a', version: '2' },
    });
  });

  it.each([
    ['a number that does not end', '08ffffffffffffffffffff01'],
    ['a field that is longer than the message', '0a0561'],
    ['a length near 2^64', '0affffffffffffffffff01'],
    ['the field 0', '0001'],
    ['a text that is not UTF-8', '0a02c328'],
    ['a group that does not end', '1b0801'],
    ['the end of a group that has no beginning', '1c'],
    ['a wire type that there is not', '0e'],
    ['half a tag', '80'],
    ['groups in groups without end', '1b'.repeat(10_000)],
  ])('%s is malformed', (_, hex) => {
    expect(() => readMessage(FIND, octets(hex))).toThrow(MalformedMessage);
  });

  it('a list that would take far more memory than its octets is refused', () => {
    const empty = Buffer.alloc(2 * (MOST_MEMBERS + 1), Buffer.from([0x0a, 0x00]));

    expect(() => readMessage(SYNC, empty)).toThrow(/more than 65536 members/);
    expect(readMessage(SYNC, empty.subarray(2)).allocations).toHaveLength(MOST_MEMBERS);
  });
});
