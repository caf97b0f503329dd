import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addReasonsCommand } from '../../src/cli/reasons.ts';
import { REASONS } from '../../src/engine/decision/reasons.ts';
import { DROPS } from '../../src/exchange/observer/drops.ts';

const WORDS = [...Object.keys(REASONS), ...Object.keys(DROPS)];

function run(...words: readonly string[]): string {
  let text = '';
  const program = new Command().exitOverride();
  const output = {
    hasColour: false,
    columns: 80,
    write: (written: string) => {
      text += written;
    },
  };
  addReasonsCommand(program, output);
  program.parse(['reasons', ...words], { from: 'user' });
  return text;
}

it('lists every word, on a terminal of 80 columns', () => {
  const lines = run().split('\n');

  expect(lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(' ')[0])).toEqual(WORDS);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});

it('tells of one word what happened and what can be done', () => {
  const told = run('not-in-pool').replaceAll(/\n +/g, ' ');
  expect(told).toMatch(
    /^what happened +The client asks for an address that is in no pool, or .* another gateway’s share of the pool;/m,
  );
  expect(told).toMatch(/^what to do +If it is to keep that address: .*--retired.*widen the pool/m);
  expect(run('superseded')).toMatch(/^what to do +nothing$/m);
});

it('tells whether a word is the cause of a drop', () => {
  expect(run('relay-not-listed').match(/^kind .*/gm)).toEqual(['kind           dropped']);
});

it('prints the same as JSON', () => {
  expect(JSON.parse(run('pool-full', '--json'))).toEqual([
    {
      word: 'pool-full',
      kind: 'silence',
      means: REASONS['pool-full'].means,
      remedy: REASONS['pool-full'].remedy,
    },
  ]);
  expect(JSON.parse(run('--json'))).toHaveLength(WORDS.length);
});

it('a word that is none is refused with the nearest one', () => {
  expect(() => run('pol-full')).toThrow('did you mean pool-full?');
});

it('no word is guessed where none is like what was written', () => {
  expect(() => run('nonsense')).toThrow(/^nonsense: no such word: `vps-gateway reasons` lists them all$/);
});
