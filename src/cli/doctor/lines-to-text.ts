import type { DoctorLevel, DoctorLine } from '../../diagnosis/doctor/doctor-line.ts';
import { readable } from '../../wire/readable-text.ts';
import { type Output, paint } from '../output/output.ts';
import { wrapTo } from '../output/text-width.ts';

const INDENT = ' '.repeat(9);
const STYLES = { bad: 'red', warning: 'yellow' } as const;

/** What `doctor` has found. */
export interface Examined {
  /** Of the node; of its one segment too. */
  readonly lines: readonly DoctorLine[];
  /** Empty where one is served, or one is named. */
  readonly segments: readonly {
    readonly segment: string;
    readonly status: number;
    readonly lines: readonly DoctorLine[];
  }[];
}

/** Prints the lines; below what is not good stands why that matters, and the command. The last line counts. */
export function writeExamined(output: Output, { lines, segments }: Examined): void {
  writeLines(output, lines);
  for (const { segment, lines: own } of segments) {
    output.write(`\nsegment ${segment}\n`);
    writeLines(output, own);
  }
  output.write(`\n${summaryOf([...lines, ...segments.flatMap((each) => each.lines)])}\n`);
}

function writeLines(output: Output, lines: readonly DoctorLine[]): void {
  for (const { check, level, message, why, command } of lines) {
    const style = level === 'bad' || level === 'warning' ? STYLES[level] : undefined;
    const word = style === undefined ? level : paint(output, style, level);
    const [first = '', ...rest] = wrapped(output, `${check}: ${message}`);
    output.write(`${word}${' '.repeat(INDENT.length - level.length)}${first}\n`);
    const below = [
      ...rest,
      ...(why === undefined ? [] : wrapped(output, `why: ${why}`)),
      // Whole, to be copied.
      ...(command === undefined ? [] : [`do:  ${readable(command)}`]),
    ];
    for (const line of below) output.write(`${INDENT}${line}\n`);
  }
}

function wrapped({ columns = Infinity }: Output, text: string): readonly string[] {
  return wrapTo(columns - INDENT.length, readable(text), '  ');
}

function summaryOf(lines: readonly DoctorLine[]): string {
  const count = (wanted: DoctorLevel) => lines.filter(({ level }) => level === wanted).length;
  const [bad, warnings, unknown] = [count('bad'), count('warning'), count('unknown')];
  const notes = count('note');
  const noted = notes === 0 ? '' : `, ${notes} ${notes === 1 ? 'note' : 'notes'}`;
  if (bad + warnings + unknown === 0) return `all ${lines.length - notes} checks are good${noted}`;
  return `${bad} bad, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${unknown} unknown${noted}, ${count('good')} good`;
}
