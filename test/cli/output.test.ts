import { describe, expect, test } from 'vitest';
import { writeDetails, writeJson, writeTable } from '../../src/cli/output.ts';
import { cutTo, widthOf } from '../../src/cli/text-width.ts';

interface Row {
  readonly name: string;
  readonly state: string;
}

function written(write: (output: { write: (text: string) => void; hasColour: boolean }) => void): string {
  let all = '';
  write({ write: (text) => (all += text), hasColour: false });
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
