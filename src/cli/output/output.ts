import { isatty } from 'node:tty';
import { readable } from '../../wire/readable-text.ts';
import { type ColumnLimits, type ColumnWidth, layOut } from './table-layout.ts';
import { cutTo, padTo, widthOf, wrapTo } from './text-width.ts';
import { writeWhole } from './write-whole.ts';

const STANDARD_OUTPUT = 1;
/** Characters that are put together for one write. */
const PIECE = 65_536;
/** Narrower ones are taken for a mistake. */
const NARROWEST = 20;

/** Where a command writes, and how. */
export interface Output {
  write(text: string): void;
  /** A terminal gets colour; a pipe plain text. */
  readonly hasColour: boolean;
  /** Columns of the terminal; absent: lines may be of any length, as in a pipe, which gets all of them whole. */
  readonly columns?: number | undefined;
}

/** The process's own output. */
export function standardOutput(): Output {
  const isTerminal = isatty(STANDARD_OUTPUT);
  const hasColour = isTerminal && wantsColour(process.env);
  return {
    write: (text) => writeWhole(STANDARD_OUTPUT, text),
    hasColour,
    // Asked for when a table is written: a server opens no terminal.
    get columns() {
      const columns = isTerminal ? process.stdout.columns : 0;
      return columns >= NARROWEST ? columns : undefined;
    },
  };
}

/** https://no-color.org: NO_COLOR counts if it is not empty. */
export function wantsColour({ NO_COLOR, TERM }: { readonly [name: string]: string | undefined }): boolean {
  return (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

type Cell = string | number | boolean | null | undefined;

/** A table's column: its heading, and what stands in it. */
export interface Column<Row> extends ColumnLimits {
  readonly heading: string;
  readonly cell: (row: Row) => Cell;
  /** A cell that is wider is cut, so that one row does not make all of them as wide. Absent: none is. */
  readonly most?: number;
  /** Where a cell is wider than its column it goes on in the next line; absent: it is cut. */
  readonly wraps?: true;
  /** True: it says nothing in this row. A terminal does not get a column that says nothing in any. */
  readonly isIdle?: (row: Row) => boolean;
}

/** Prints rows below headings. A column is as wide as its widest cell, if the terminal is wide enough. */
export function writeTable<Row>(output: Output, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const lines = [
    columns.map(({ heading }) => heading),
    ...rows.map((row) => columns.map(({ cell, most = Infinity }) => cutTo(most, printable(cell(row))))),
  ];
  const widths = columns.map(({ isIdle }, index) => {
    if (output.columns !== undefined && isIdle !== undefined && rows.every(isIdle)) return undefined;
    return lines.reduce((widest, line) => Math.max(widest, widthOf(line[index] ?? '')), 0);
  });
  const placed = layOut(columns, widths, output.columns);
  let piece = '';
  for (const [index, line] of lines.entries()) {
    const text = rowText(columns, placed, line);
    piece += `${index === 0 ? bold(output, text) : text}\n`;
    if (piece.length < PIECE) continue;
    output.write(piece);
    piece = '';
  }
  output.write(piece);
}

/** One line, or several if a cell is wrapped. */
function rowText<Row>(
  columns: readonly Column<Row>[],
  placed: readonly ColumnWidth[],
  line: readonly string[],
): string {
  const cells = placed.map(({ index, width }) => {
    const cell = line[index] ?? '';
    return columns[index]?.wraps === true ? wrapTo(width, cell) : [cutTo(width, cell)];
  });
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    cells
      .map((parts, column) => padTo(placed[column]?.width ?? 0, parts[row] ?? ''))
      .join('  ')
      .trimEnd(),
  ).join('\n');
}

/** Prints one record, a line for each of its properties. */
export function writeDetails(output: Output, details: readonly (readonly [heading: string, Cell])[]): void {
  const width = Math.max(...details.map(([heading]) => heading.length));
  for (const [heading, cell] of details) {
    const room = Math.max(NARROWEST, (output.columns ?? Infinity) - width - 2);
    const text = wrapTo(room, printable(cell)).join(`\n${' '.repeat(width + 2)}`);
    output.write(`${bold(output, heading.padEnd(width))}  ${text}\n`);
  }
}

/** A name in a sentence that breaks the line cannot begin one that looks like ours: that is indented. */
function linesOf(sentence: string): readonly string[] {
  return sentence
    .split('\n')
    .map((line, index) => (index === 0 ? readable(line) : `  ${readable(line).trimStart()}`));
}

const MARKS: Readonly<Record<string, Style>> = { problem: 'red', warning: 'yellow', shortcoming: 'yellow' };

/**
 * Prints sentences, a line for each. A leading `problem: ` or `warning: ` is coloured. Further lines are indented. What would
 * control the terminal is replaced.
 */
export function writeSentences(output: Output, sentences: readonly string[]): void {
  for (const sentence of sentences.flatMap(linesOf)) {
    const text = wrapTo(output.columns ?? Infinity, sentence, '  ').join('\n');
    const word = /^(\w+): /.exec(text)?.[1] ?? '';
    const style = MARKS[word];
    const marked =
      style === undefined ? text : paint(output, style, `${word}:`) + text.slice(word.length + 1);
    output.write(`${marked}\n`);
  }
}

/** Prints a JSON array, one element a line, while it reads the rows. Returns their number. */
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

/** Replaces control characters: what a client has sent must not control the terminal. */
function printable(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  return readable(String(cell));
}

/** ECMA-48 §8.3.117: how a style begins and ends. */
const STYLES = { bold: [1, 22], red: [31, 39], yellow: [33, 39] } as const;
type Style = keyof typeof STYLES;

/** The text in this style on a terminal; elsewhere the plain text. */
export function paint({ hasColour }: Pick<Output, 'hasColour'>, style: Style, text: string): string {
  const [begin, end] = STYLES[style];
  return hasColour ? `\u001b[${begin}m${text}\u001b[${end}m` : text;
}

function bold(output: Output, text: string): string {
  return paint(output, 'bold', text);
}
