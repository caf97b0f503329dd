import { describe, expect, it } from 'vitest';
import { MessageFields, MessageWriter } from '../../../../src/store/etcd/client/protobuf.ts';

describe('protobuf', () => {
  it('writes what the format says, the first field last', () => {
    // https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2.
    const written = new MessageWriter().text(2, 'testing').number(1, 150).finish();
    expect(Buffer.from(written).toString('hex')).toBe('08960112 0774657374696e67'.replace(' ', ''));
  });

  it('nests a message behind its length', () => {
    const message = new MessageWriter();
    message.number(4, 7);
    const end = message.length;
    message.number(1, 150).nested(3, end);
    expect(Buffer.from(message.finish()).toString('hex')).toBe('1a03089601' + '2007');
  });

  it.each([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER])(
    'reads %d as it was written',
    (value) => {
      const fields = new MessageFields(new MessageWriter().number(5, value).finish());
      expect(fields.number(5)).toBe(value);
      expect(fields.identifier(5)).toBe(String(value));
    },
  );

  it('reads negative numbers and identifiers of 64 bits', () => {
    const fields = new MessageFields(
      new MessageWriter()
        .number(2, -1)
        .number(1, 2n ** 64n - 2n)
        .finish(),
    );
    expect(fields.identifier(1)).toBe('18446744073709551614');
    expect(fields.number(2)).toBe(-1);
  });

  it('grows beyond its room, and nothing is lost', () => {
    const message = new MessageWriter(4);
    const values = Array.from({ length: 300 }, (_, index) => `value ${index}`);
    for (const value of values.toReversed()) {
      const end = message.length;
      message.text(1, value).nested(7, end);
    }
    const read = new MessageFields(message.finish()).messages(7).map((each) => each.text(1));
    expect(read).toEqual(values);
  });

  it('takes the last of a field that is there twice, and misses none that is left out', () => {
    const fields = new MessageFields(new MessageWriter().text(1, 'second').text(1, 'first').finish());
    expect(fields.text(1)).toBe('second');
    expect([fields.number(2), fields.text(3), fields.bytes(4).length, fields.has(4)]).toEqual([
      0,
      '',
      0,
      false,
    ]);
    expect(fields.message(9).number(1)).toBe(0);
  });

  it('reads a nested message within its own bounds', () => {
    const message = new MessageWriter().number(2, 9);
    const end = message.length;
    message.text(1, 'inner').nested(1, end);
    const inner = new MessageFields(message.finish()).message(1);
    expect(inner.text(1)).toBe('inner');
    expect(inner.number(2)).toBe(0);
  });

  it.each([
    ['a length beyond the end', '0a05aabb'],
    ['a varint that does not end', '08ffffff'],
    ['a group', '0b'],
    ['a fixed number cut short', '0900112233'],
  ])('refuses %s', (_, hex) => {
    expect(() => new MessageFields(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });

  it('does not read a length of an inner message that leaves it for what follows', () => {
    // Field 1 holds two bytes that claim a text of five; outside, five bytes do follow.
    const bytes = Buffer.from('0a020a05' + '1203616263', 'hex');
    expect(() => new MessageFields(bytes).message(1)).toThrow(RangeError);
  });
});
