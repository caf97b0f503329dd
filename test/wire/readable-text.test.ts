import { describe, expect, it } from 'vitest';
import { isReadable, readable, readableName } from '../../src/wire/readable-text.ts';
import { text } from '../support/packet.ts';

function named(...octets: number[]): string | undefined {
  return readableName(Uint8Array.from(octets));
}

describe('a name in UTF-8', () => {
  it.each([
    'Jürgens-PC',
    'сервер-1',
    '東京サーバー',
    'خادم-۱',
    'نیم\u200cفاصله', // Persian is written with the non-joiner.
    'héé🎉',
    '👩\u200d💻-box',
    'ß'.repeat(127),
    'a\ufffdb', // The sign for what could not be read, as sent.
  ])('is kept: %s', (name) => {
    expect(named(...text(name))).toBe(name);
    expect(named(...text(name), 0, 0)).toBe(name);
  });

  it.each([
    ['an overlong slash', [97, 0xc0, 0xaf, 98], 'a??b'],
    ['an overlong NUL', [97, 0xc0, 0x80], 'a??'],
    ['an overlong form of three octets', [97, 0xe0, 0x80, 0xaf], 'a???'],
    ['a surrogate', [97, 0xed, 0xa0, 0x80], 'a???'],
    ['a pair of surrogates (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '??????'],
    ['beyond the last character', [97, 0xf4, 0x90, 0x80, 0x80], 'a????'],
    ['Latin-1', [74, 0xfc, 114], 'J?r'],
    ['a character that is cut', [97, 0xc3], 'a?'],
    ['a continuation alone', [0x80], '?'],
  ])('is none, and only its ASCII is kept: %s', (_, octets, name) => {
    expect(named(...octets)).toBe(name);
  });

  it.each([
    ['an escape sequence', '\u001b[31mred'],
    ['a line end', 'a\nb'],
    ['DEL', 'é\u007f'],
    ['CSI of C1', '\u009b31m'],
    ['NEL of C1', 'a\u0085b'],
    ['right to left override', 'a\u202eb'],
    ['each mark of direction', '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069é'],
    ['line and paragraph separators', 'a\u2028b\u2029'],
    ['a zero width space', 'a\u200bb'],
    ['a soft hyphen', 'a\u00adb'],
    ['a byte order mark within', 'a\ufeffb'],
    ['tags', 'a\u{e0041}b'],
    ['annotations', '\ufff9a\ufffa'],
    ['a non-character', 'a\uffffb\u{1ffff}'],
  ])('has no %s', (_, sent) => {
    const name = named(...text(sent)) ?? '';

    expect(name).toContain('?');
    expect(isReadable(name)).toBe(true);
    expect(name).not.toMatch(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u);
  });

  it('RFC 2132 §3.14: has at most 255 octets, however many characters', () => {
    expect(named(...text('ß'.repeat(127)), 97)).toHaveLength(128);
    expect(named(...text('ß'.repeat(128)))).toBeUndefined();
    expect(named(...text('東'.repeat(85)))).toBe('東'.repeat(85));
    expect(named(...text('東'.repeat(86)))).toBeUndefined();
  });

  it('of which nothing is left is none', () => {
    expect(named()).toBeUndefined();
    expect(named(0, 0)).toBeUndefined();
    expect(named(0xef, 0xbb, 0xbf)).toBeUndefined();
  });

  it('is the same when it is made readable again', () => {
    const once = readable('a\u202eb\u{1f600}\ud800');

    expect(once).toBe('a?b😀?');
    expect(readable(once)).toBe(once);
  });
});
