import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

test('the README names every setting with its flag, default and meaning, in the order of the table', () => {
  const expected = SETTING_KEYS.map((key) => {
    const { variable, flag, kind, default: fallback, help } = SETTINGS[key];
    const prefix = kind.isSwitch === true && fallback === 'on' ? '--no-' : '--';
    const cells = [variable, flag && `${prefix}${flag}`, fallback].map((cell) => (cell ? `\`${cell}\`` : ''));
    return `| ${[...cells, help].join(' | ')} |`;
  });

  expect(README.split('\n').filter((line) => /^\| `[A-Z0-9_]+`/.test(line))).toEqual(expected);
});
