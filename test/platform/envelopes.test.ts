import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CallError } from '../../src/platform/call-error.ts';
import { EnvelopeReader, endOfStream, enveloped } from '../../src/platform/envelopes.ts';

const MOST = 1000;

it('messages come out whole and in order, however their octets are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (messages, cuts) => {
        const reader = new EnvelopeReader(MOST);
        const octets = Buffer.concat(messages.map((message) => enveloped(message)));
        const found: Uint8Array[] = [];

        for (let at = 0, turn = 0; at < octets.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          found.push(...reader.take(octets.subarray(at, at + length)));
          at += length;
        }

        expect(found).toEqual(messages);
        expect(reader.held).toBe(0);
      },
    ),
  );
});

it('of any octets there are messages or CallError, and no more is kept than one message', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), (parts) => {
      const reader = new EnvelopeReader(MOST);
      try {
        for (const part of parts) reader.take(part);
      } catch (error) {
        expect(error).toBeInstanceOf(CallError);
      }
      expect(reader.held).toBeLessThanOrEqual(MOST + 5);
    }),
  );
});

it.each([
  ['too long', [0, 0, 0, 3, 233], 'resource_exhausted'],
  ['of four gigabytes', [0, 255, 255, 255, 255], 'resource_exhausted'],
  ['compressed', [1, 0, 0, 0, 1], 'unimplemented'],
  ['the end of a stream, which only a server sends', [2, 0, 0, 0, 2], 'invalid_argument'],
  ['of unknown flags', [128, 0, 0, 0, 2], 'invalid_argument'],
])('an envelope that is %s is refused by its head alone', (_, head, code) => {
  expect(() => new EnvelopeReader(MOST).take(Uint8Array.from(head))).toThrow(
    expect.objectContaining({ code }),
  );
});

it('the end of a stream has the error with its words', () => {
  const octets = endOfStream(new CallError('not_found', 'nothing is there'));

  expect([...octets.subarray(0, 2)]).toEqual([2, 0]);
  expect(JSON.parse(Buffer.from(octets.subarray(5)).toString())).toEqual({
    error: { code: 'not_found', message: 'nothing is there' },
  });
  expect(Buffer.from(endOfStream(undefined).subarray(5)).toString()).toBe('{}');
});
