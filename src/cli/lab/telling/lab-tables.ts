import { type Column, writeTable } from '../../output/output.ts';
import { wrapTo } from '../../output/text-width.ts';
import type { HeldLease, TriedPromise } from './lab-event.ts';

const MARGIN = '    ';
/** The least width of a column of sentences. */
const LEAST = 20;

interface Terminal {
  readonly hasColour: boolean;
  readonly columns: number;
}

const HELD: readonly Column<HeldLease>[] = [
  { heading: 'GUEST', cell: ({ guest }) => guest },
  { heading: 'ON', cell: ({ node }) => node, spare: 1 },
  { heading: 'CLIENT', cell: ({ client }) => client, spare: 2 },
  { heading: 'MAC', cell: ({ hardware }) => hardware, spare: 3 },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'FROM', cell: ({ from }) => from, least: 7 },
];

const TRIED: readonly Column<TriedPromise>[] = [
  { heading: 'ORDER', cell: ({ order }) => order, wraps: true, least: 12 },
  { heading: 'PROMISE', cell: ({ promise }) => promise, wraps: true, least: LEAST },
  { heading: 'KEPT', cell: ({ kept }) => (kept === undefined ? 'not tried' : kept ? 'yes' : 'NO') },
  { heading: 'SEEN', cell: ({ seen }) => seen, wraps: true, least: LEAST },
];

/** Columns of a terminal that is wide enough for the table of promises. */
const WIDE = 72;

/** The columns of a lease file that are omitted on a narrow terminal, the highest number first. */
const SPARE: Readonly<Record<string, number>> = { mac: 3, expires: 2, hostname: 1 };

/** Who has what from whom. */
export function heldTable(leases: readonly HeldLease[], terminal: Terminal): readonly string[] {
  return linesOf(HELD, leases, terminal);
}

/** A table, or a list on a narrow terminal. */
export function promiseTable(promises: readonly TriedPromise[], terminal: Terminal): readonly string[] {
  const { columns } = terminal;
  if (columns >= WIDE) return linesOf(TRIED, promises, terminal);
  return promises.flatMap((tried) => [
    ...wrapTo(columns, `  ${tried.order}: ${outcomeText(tried)}`, MARGIN),
    ...wrapTo(columns, `${MARGIN}promised: ${tried.promise}`, MARGIN),
    ...wrapTo(columns, `${MARGIN}seen: ${tried.seen}`, MARGIN),
  ]);
}

function outcomeText({ kept }: TriedPromise): string {
  if (kept === undefined) return 'not tried';
  return kept ? 'kept' : 'broken';
}

/** Rows of a database: their columns are those of the first one. */
export function rowTable(
  rows: readonly Readonly<Record<string, string | null>>[],
  terminal: Terminal,
): readonly string[] {
  const names = Object.keys(rows[0] ?? {});
  const columns = names.map(
    (name): Column<Readonly<Record<string, string | null>>> => ({
      heading: name,
      cell: (row) => row[name],
      ...(SPARE[name] === undefined ? {} : { spare: SPARE[name] }),
    }),
  );
  return linesOf(columns, rows, terminal);
}

function linesOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminal: Terminal,
): readonly string[] {
  let text = '';
  const room = terminal.columns - MARGIN.length;
  const output = {
    hasColour: terminal.hasColour,
    columns: Number.isFinite(room) ? room : undefined,
    write: (part: string) => {
      text += part;
    },
  };
  writeTable(output, columns, rows);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => MARGIN + line);
}
