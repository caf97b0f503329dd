import { isatty } from 'node:tty';
import { readable } from '../wire/readable-text.ts';
import { cutTo, padTo, widthOf } from './text-width.ts';
import { writeWhole } from './write-whole.ts';

const STANDARD_OUTPUT = 1;
/** Characters that are put together for one write. */
const PIECE = 65_536;

/** Where a command writes, and how. */
export interface Output {
  write(text: string): void;
  /** A terminal gets colour; a pipe plain text. */
  readonly hasColour: boolean;
}

/** The process's own output. NO_COLOR: https://no-color.org */
export function standardOutput(): Output {
  const hasColour = isatty(STANDARD_OUTPUT) && process.env['NO_COLOR'] === undefined;
  return { write: (text) => writeWhole(STANDARD_OUTPUT, text), hasColour };
}

type Cell = string | number | boolean | null | undefined;

/** A table's column: its heading, and what stands in it. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => Cell;
  /** A cell that is wider is cut, so that one row does not make all of them as wide. Absent: none is. */
  readonly most?: number;
}

/** Rows under headings, columns as wide as their widest cell. */
export function writeTable<Row>(output: Output, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const lines = [
    columns.map(({ heading }) => heading),
    ...rows.map((row) => columns.map(({ cell, most = Infinity }) => cutTo(most, printable(cell(row))))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ''))));
  let piece = '';
  for (const [index, line] of lines.entries()) {
    const padded = line.map((cell, column) => padTo(widths[column] ?? 0, cell));
    const text = padded.join('  ').trimEnd();
    piece += `${index === 0 ? bold(output, text) : text}\n`;
    if (piece.length < PIECE) continue;
    output.write(piece);
    piece = '';
  }
  output.write(piece);
}

/** One thing, a line for each of its properties. */
export function writeDetails(output: Output, details: readonly (readonly [heading: string, Cell])[]): void {
  const width = Math.max(...details.map(([heading]) => heading.length));
  for (const [heading, cell] of details) {
    output.write(`${bold(output, heading.padEnd(width))}  ${printable(cell)}\n`);
  }
}

/** A JSON array, one element a line, written as the rows come. Returns how many they were. */
export function writeJson(output: Output, rows: Iterable<unknown>): number {
  let count = 0;
  let piece = '';
  for (const row of rows) {
    piece += `${count === 0 ? '[\n' : ',\n'}${JSON.stringify(row)}`;
    count += 1;
    if (piece.length < PIECE) continue;
    output.write(piece);
    piece = '';
  }
  output.write(count === 0 ? '[]\n' : `${piece}\n]\n`);
  return count;
}

/** What a client has sent must not steer the terminal. */
function printable(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  return readable(String(cell));
}

function bold(output: Output, text: string): string {
  return output.hasColour ? `\u001b[1m${text}\u001b[22m` : text;
}
