import { type Column, writeTable } from '../../output/output.ts';
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
  { heading: 'ON', cell: ({ node }) => node },
  { heading: 'CLIENT', cell: ({ client }) => client, spare: 1 },
  { heading: 'MAC', cell: ({ hardware }) => hardware, spare: 2 },
  { heading: 'ADDRESS', cell: ({ address }) => address },
  { heading: 'FROM', cell: ({ from }) => from },
];

const TRIED: readonly Column<TriedPromise>[] = [
  { heading: 'ORDER', cell: ({ order }) => order, wraps: true, least: 12 },
  { heading: 'PROMISE', cell: ({ promise }) => promise, wraps: true, least: LEAST },
  { heading: 'KEPT', cell: ({ kept }) => (kept === undefined ? 'not tried' : kept ? 'yes' : 'NO') },
  { heading: 'SEEN', cell: ({ seen }) => seen, wraps: true, least: LEAST },
];

/** Who has what from whom. */
export function heldTable(leases: readonly HeldLease[], terminal: Terminal): readonly string[] {
  return linesOf(HELD, leases, terminal);
}

export function promiseTable(promises: readonly TriedPromise[], terminal: Terminal): readonly string[] {
  return linesOf(TRIED, promises, terminal);
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
      least: 8,
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
