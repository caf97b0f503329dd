import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';
import { blocksOf, codeOf, type Page, pages, ROOT } from '../support/pages.ts';

/** Of the compose files, and no setting of the gateway. */
const OF_COMPOSE = ['GATEWAY_ETCD_CERTIFICATES'];

/** The lines of a page that somebody may type: those of its blocks, without remarks, and what stands between backticks. */
function linesOf(page: Page): readonly string[] {
  const blocks = blocksOf(page).filter(({ language }) => language === 'sh');
  const lines = blocks.flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'));
  return [...lines.map((line) => line.replace(/(^|\s)#.*$/, '')), ...codeOf(page)];
}

/** The words behind `vps-gateway` in a line, up to what ends a command. */
function commandsIn(line: string): readonly (readonly string[])[] {
  const found = line.matchAll(/(?:^|[\s;&|(])(?:vps-gateway|container\.sh)((?: +[^\s|;&>)]+)+)/g);
  return [...found].map(([, words = '']) => words.trim().split(/ +/)).filter(isCommand);
}

/** Not the name of a thing: `restart vps-gateway && ...`, `exec vps-gateway /app/...`. */
function isCommand([first = '']: readonly string[]): boolean {
  return /^(--)?[a-z]/.test(first);
}

/** Why commander would refuse these words; undefined: it takes them. */
function refusalOf(words: readonly string[]): string | undefined {
  let command: Command = createProgram();
  let rest = words.filter((word) => !['--help', '--version'].includes(word));
  for (;;) {
    const next = command.commands.find((each) => each.name() === rest[0]);
    if (next === undefined) break;
    command = next;
    rest = rest.slice(1);
  }
  // `leases` and `clock` take what the command takes that they stand for.
  const takers = command.parent === null ? [command] : [command, ...command.commands];
  return takers.some((each) => takes(each, rest)) ? undefined : `${words.join(' ')}: no such command or flag`;
}

function takes(command: Command, words: string[]): boolean {
  const { operands, unknown } = command.parseOptions(words);
  return unknown.length === 0 && operands.length <= command.registeredArguments.length;
}

describe.each(pages())('$path', (page) => {
  test('every vps-gateway command in it is one, with its flags and arguments', () => {
    const refused = linesOf(page)
      .flatMap(commandsIn)
      .flatMap((words) => refusalOf(words) ?? []);

    expect(refused).toEqual([]);
  });

  test('every `npm run` in it is a script of package.json', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...page.text.matchAll(/npm run (?:--silent )?([a-z]+)/g)].map(([, name = '']) => name);

    expect(named.filter((name) => !Object.keys(scripts).includes(name))).toEqual([]);
  });

  test('every GATEWAY_ and LOG_ variable in it is a setting', () => {
    const known = [...SETTING_KEYS.map((key) => SETTINGS[key].variable), ...OF_COMPOSE];
    const named = page.text.match(/\b(GATEWAY|LOG)_[A-Z_]*[A-Z]\b(?!_)/g) ?? [];

    expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
  });
});

test('a command that is none, and a flag that is none, would be found', () => {
  expect(commandsIn('run `vps-gateway` or vps-gateway leases 10.15.3.20 | less')).toEqual([
    ['leases', '10.15.3.20'],
  ]);
  expect(refusalOf(['leases', '10.15.3.20', '--json'])).toBeUndefined();
  expect(refusalOf(['lease'])).toContain('no such command or flag');
  expect(refusalOf(['leases', 'history', '--until-then'])).toContain('no such command or flag');
});
