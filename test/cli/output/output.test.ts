import { describe, expect, test } from 'vitest';
import {
  type Column,
  type Output,
  wantsColour,
  writeDetails,
  writeJson,
  writeSentences,
  writeTable,
} from '../../../src/cli/output/output.ts';
import { cutTo, widthOf, wrapTo } from '../../../src/cli/output/text-width.ts';

interface Row {
  readonly name: string;
  readonly state: string;
}

function written(write: (output: Output) => void, terminal: Partial<Output> = {}): string {
  let all = '';
  write({ write: (text) => (all += text), hasColour: false, ...terminal });
  return all;
}

function table(...names: readonly string[]): string[] {
  const columns = [
    { heading: 'NAME', cell: ({ name }: Row) => name, most: 12 },
    { heading: 'STATE', cell: ({ state }: Row) => state },
  ];
  const rows = names.map((name) => ({ name, state: 'bound' }));
  return written((output) => writeTable(output, columns, rows))
    .trimEnd()
    .split('\n');
}

describe('a table', () => {
  test('cuts long names, so that one row does not make all of them as wide', () => {
    expect(table('web', 'x'.repeat(255))).toEqual([
      'NAME          STATE',
      'web           bound',
      'xxxxxxxxxxx…  bound',
    ]);
  });

  test('stands in columns whatever script the names are in', () => {
    expect(table('Jürgens-PC', '東京サーバー一二三', 'сервер', '🎉', 'e\u0301', 'twelve-chars')).toEqual([
      'NAME          STATE',
      'Jürgens-PC    bound',
      '東京サーバ…   bound',
      'сервер        bound',
      '🎉            bound',
      'e\u0301             bound',
      'twelve-chars  bound',
    ]);
  });

  test('shows nothing that would steer the terminal', () => {
    const [, line] = table('a\u001b[2J\u009b1m\u202e');

    expect(line).toBe('a?[2J?1m?  bound');
  });
});

describe('a table on a terminal', () => {
  interface Guest {
    readonly address: string;
    readonly name: string;
    readonly note: string | null;
    readonly list: string;
  }
  const COLUMNS: readonly Column<Guest>[] = [
    { heading: 'ADDRESS', cell: ({ address }) => address },
    { heading: 'NAME', cell: ({ name }) => name, least: 5 },
    { heading: 'NOTE', cell: ({ note }) => note, isIdle: ({ note }) => note === null, spare: 1 },
    { heading: 'LIST', cell: ({ list }) => list, wraps: true, least: 8, spare: 2 },
  ];
  const GUEST = { address: '10.15.3.20', name: 'a-long-name', note: 'a note', list: 'one,two,three' };

  function at(columns: number | undefined, guest: Partial<Guest> = {}): string[] {
    const rows = [{ ...GUEST, ...guest }];
    return written((output) => writeTable(output, COLUMNS, rows), { columns })
      .trimEnd()
      .split('\n');
  }

  test('has every column where there is room, or where it is none', () => {
    const whole = ['ADDRESS     NAME         NOTE    LIST', '10.15.3.20  a-long-name  a note  one,two,three'];
    expect(at(46)).toEqual(whole);
    expect(at(undefined)).toEqual(whole);
  });

  test('loses the spare columns first, and then cuts those that may be narrower', () => {
    expect(at(45)).toEqual(['ADDRESS     NAME         NOTE', '10.15.3.20  a-long-name  a note']);
    expect(at(30)).toEqual(['ADDRESS     NAME', '10.15.3.20  a-long-name']);
    expect(at(20)).toEqual(['ADDRESS     NAME', '10.15.3.20  a-long-…']);
    expect(at(10)).toEqual(['ADDRESS     NAME', '10.15.3.20  a-lo…']);
  });

  test('has no column that says nothing in any row; a pipe has', () => {
    expect(at(80, { note: null })[0]).toBe('ADDRESS     NAME         LIST');
    expect(at(undefined, { note: null })[0]).toBe('ADDRESS     NAME         NOTE  LIST');
  });

  test('goes on in the next line within the column', () => {
    const [{ heading, cell }, , , list] = COLUMNS as Required<Column<Guest>>[] as [
      Column<Guest>,
      unknown,
      unknown,
      Column<Guest>,
    ];
    const { spare: _, ...standing } = list;
    const rows = [GUEST, { ...GUEST, list: 'four' }];
    const text = written((output) => writeTable(output, [{ heading, cell }, standing], rows), {
      columns: 21,
    });

    expect(text.split('\n')).toEqual([
      'ADDRESS     LIST',
      '10.15.3.20  one,two,',
      '            three',
      '10.15.3.20  four',
      '',
    ]);
  });

  test('has as many rows as there are', () => {
    const rows = Array.from({ length: 300_000 }, () => GUEST);
    let lines = 0;
    const output = {
      hasColour: false,
      write: (text: string) => {
        lines += text.split('\n').length - 1;
      },
    };
    writeTable(output, COLUMNS.slice(0, 1), rows);

    expect(lines).toBe(300_001);
  });
});

test.each([
  [20, 'short', ['short']],
  [12, 'three words here', ['three words', 'here']],
  [8, 'https://etcd-1.example:2379,b', ['https://', 'etcd-1.', 'example:', '2379,b']],
  [4, 'abcdefghij k', ['abcd', 'efgh', 'ij k']],
  [9, '東東東 東東東', ['東東東', '東東東']],
])('at %i columns %j is %j', (columns, text, lines) => {
  expect(wrapTo(columns, text)).toEqual(lines);
});

describe('what is said', () => {
  test('is marked on a terminal: a problem red, a warning yellow', () => {
    const sentences = ['problem: one', 'warning: two', 'shortcoming: three', 'no problem: four'];

    expect(written((output) => writeSentences(output, sentences), { hasColour: true }).split('\n')).toEqual([
      '\u001b[31mproblem:\u001b[39m one',
      '\u001b[33mwarning:\u001b[39m two',
      '\u001b[33mshortcoming:\u001b[39m three',
      'no problem: four',
      '',
    ]);
    expect(written((output) => writeSentences(output, sentences))).toBe(`${sentences.join('\n')}\n`);
  });

  test('controls no terminal, and begins no line of its own, whatever a name in it has', () => {
    const sentence = 'reserved for it: \u001b]0;title\u0007 \u009b31m \u202e\nlikeliest cause: \u001b[2J';

    expect(written((output) => writeSentences(output, [sentence]))).toBe(
      'reserved for it: ?]0;title? ?31m ?\n  likeliest cause: ?[2J\n',
    );
  });

  test('goes on indented where the terminal ends, between words', () => {
    const text = written((output) => writeSentences(output, ['problem: a sentence that is long']), {
      columns: 20,
    });

    expect(text).toBe('problem: a sentence\n  that is long\n');
  });

  test.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('with %j has colour: %j', (environment, expected) => {
    expect(wantsColour(environment)).toBe(expected);
  });
});

test('a character is never cut in half', () => {
  expect(cutTo(3, '🎉🎉🎉')).toBe('🎉…');
  expect(widthOf(cutTo(3, '東東東'))).toBe(3);
  expect(cutTo(6, '東東東')).toBe('東東東');
});

test('what stands alone is shown whole, and JSON has all', () => {
  const name = 'ü'.repeat(120);

  expect(written((output) => writeDetails(output, [['name', name]]))).toBe(`name  ${name}\n`);
  expect(JSON.parse(written((output) => writeJson(output, [{ name }])))).toEqual([{ name }]);
});
