import type { Command } from 'commander';
import { nearestTo } from '../config/nearest.ts';
import type { ReasonRow } from '../engine/decision/reason-row.ts';
import { REASONS } from '../engine/decision/reasons.ts';
import { GatewayError } from '../errors.ts';
import { DROPS, type DropRow } from '../exchange/observer/drops.ts';
import {
  type Column,
  type Output,
  standardOutput,
  writeDetails,
  writeJson,
  writeTable,
} from './output/output.ts';

/** A reason word of log, history or counters. */
interface ReasonWord {
  readonly word: string;
  readonly kind: ReasonRow['kind'] | 'dropped';
  readonly means: string;
  readonly remedy: string | null;
}

const WORDS: readonly ReasonWord[] = [
  ...Object.entries<ReasonRow>(REASONS).map(([word, row]) => wordOf(word, row.kind, row)),
  ...Object.entries<DropRow>(DROPS).map(([word, row]) => wordOf(word, 'dropped', row)),
];

const COLUMNS: readonly Column<ReasonWord>[] = [
  { heading: 'WORD', cell: ({ word }) => word },
  { heading: 'KIND', cell: ({ kind }) => kind },
  { heading: 'WHAT HAPPENED', cell: ({ means }) => means, wraps: true, least: 30 },
];

/** Adds `reasons`, which prints the table of docs/troubleshooting.md. */
export function addReasonsCommand(program: Command, output = standardOutput()): void {
  program
    .command('reasons')
    .description('what the reason words of log, history and counters mean, and what can be done')
    .argument('[word]', 'only this one, with what can be done')
    .option('--json', 'an array of objects')
    .action((word: string | undefined, { json }: { readonly json?: boolean }) => {
      const words = word === undefined ? WORDS : wordsOf(word);
      if (json === true) writeJson(output, words);
      else if (word === undefined) writeTable(output, COLUMNS, words);
      else for (const [index, each] of words.entries()) explain(output, each, index > 0);
    });
}

function wordOf(word: string, kind: ReasonWord['kind'], { means, remedy }: ReasonRow | DropRow): ReasonWord {
  return { word, kind, means, remedy: remedy ?? null };
}

function wordsOf(text: string): readonly ReasonWord[] {
  const found = WORDS.filter(({ word }) => word === text);
  if (found.length > 0) return found;
  const near = nearestTo(
    text,
    WORDS.map(({ word }) => word),
  );
  const guess = near === undefined ? '' : `did you mean ${near}? `;
  throw new GatewayError(
    'bad-settings',
    `${text}: no such word: ${guess}\`vps-gateway reasons\` lists them all`,
  );
}

function explain(output: Output, { word, kind, means, remedy }: ReasonWord, isNext: boolean): void {
  if (isNext) output.write('\n');
  writeDetails(output, [
    ['word', word],
    ['kind', kind],
    ['what happened', means],
    ['what to do', remedy ?? 'nothing'],
  ]);
}
