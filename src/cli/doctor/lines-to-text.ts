import type { DoctorLevel, DoctorLine } from '../../diagnosis/doctor/doctor-line.ts';
import { readable } from '../../wire/readable-text.ts';
import { type Output, paint } from '../output/output.ts';
import { wrapTo } from '../output/text-width.ts';

const INDENT = ' '.repeat(9);
const STYLES = { bad: 'red', warning: 'yellow' } as const;

/** Prints the lines; below what is not good stands why that matters, and the command. The last line counts. */
export function writeDoctorLines(output: Output, lines: readonly DoctorLine[]): void {
  for (const { check, level, message, why, command } of lines) {
    const style = level === 'bad' || level === 'warning' ? STYLES[level] : undefined;
    const word = style === undefined ? level : paint(output, style, level);
    const [first = '', ...rest] = wrapped(output, `${check}: ${message}`);
    output.write(`${word}${' '.repeat(INDENT.length - level.length)}${first}\n`);
    const below = [
      ...rest,
      ...(why === undefined ? [] : wrapped(output, `why: ${why}`)),
      ...(command === undefined ? [] : wrapped(output, `do:  ${command}`)),
    ];
    for (const line of below) output.write(`${INDENT}${line}\n`);
  }
  output.write(`\n${summaryOf(lines)}\n`);
}

function wrapped({ columns = Infinity }: Output, text: string): readonly string[] {
  return wrapTo(columns - INDENT.length, readable(text), '  ');
}

function summaryOf(lines: readonly DoctorLine[]): string {
  const count = (wanted: DoctorLevel) => lines.filter(({ level }) => level === wanted).length;
  const [bad, warnings, unknown] = [count('bad'), count('warning'), count('unknown')];
  if (bad + warnings + unknown === 0) return `all ${lines.length} checks are good`;
  return `${bad} bad, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${unknown} unknown, ${count('good')} good`;
}
