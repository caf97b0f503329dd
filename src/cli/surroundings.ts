import type { Environment } from '../config/settings.ts';
import { type Column, type Output, standardOutput, writeTable } from './output/output.ts';
import { complain } from './output/write-whole.ts';

/** Exit status when nothing matched, like grep's. */
const NOTHING_FOUND = 1;

/** The parts of the process that a command uses. */
export interface CommandSurroundings {
  readonly output: Output;
  readonly environment: Environment;
  /** Writes to a person; a program reads only `output`. */
  remark(text: string): void;
  exitWith(status: number): void;
}

export function surroundingsOfProcess(): CommandSurroundings {
  return {
    output: standardOutput(),
    environment: process.env,
    remark: (text) => complain(`${text}\n`),
    exitWith: (status) => {
      process.exitCode = status;
    },
  };
}

/** Prints a table, if there are rows. Returns their number. */
export function table<Row>(
  { output }: Pick<CommandSurroundings, 'output'>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): number {
  if (rows.length > 0) writeTable(output, columns, rows);
  return rows.length;
}

/** Ends a command that has found nothing. */
export function nothing({ remark, exitWith }: CommandSurroundings, text: string): void {
  remark(text);
  exitWith(NOTHING_FOUND);
}
