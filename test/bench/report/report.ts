/** A table as it is printed and written: a title, what to know of it, heads and rows. */
export interface Table {
  readonly title: string;
  readonly notes: readonly string[];
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One line of the table of figures. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  /** Undefined: it could not be measured, for the reason in `measured`. */
  readonly reached: boolean | undefined;
}

/** What a part of the bench has found. `raw` is for the JSON. */
export interface Findings {
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
  readonly raw: unknown;
}

export function goal(what: string, limit: string, measured: string, reached: boolean): Goal {
  return { what, goal: limit, measured, reached };
}

export function unmeasured(what: string, limit: string, why: string): Goal {
  return { what, goal: limit, measured: why, reached: undefined };
}

export function tableOfGoals(goals: readonly Goal[]): Table {
  return {
    title: 'Goals',
    notes: [],
    heads: ['', 'what', 'goal', 'measured'],
    rows: goals.map(({ what, goal: limit, measured, reached }) => [
      reached === undefined ? '-' : reached ? 'pass' : 'FAIL',
      what,
      limit,
      measured,
    ]),
  };
}

export function toText({ title, notes, heads, rows }: Table): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [`== ${title}`, line(heads), ...rows.map(line), ...notes.map((note) => `  ${note}`), ''].join('\n');
}

export function toMarkdown({ title, notes, heads, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const body = [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
  return [
    `## ${title}`,
    '',
    ...notes.map((note) => `- ${note}`),
    ...(notes.length > 0 ? [''] : []),
    ...body,
    '',
  ].join('\n');
}

/** A number with so many places; thousands are parted. */
export function number(value: number, places = 0): string {
  if (Number.isNaN(value)) return '-';
  return value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
}

export function megabytes(bytes: number): string {
  return number(bytes / 2 ** 20, 1);
}

export function percent(share: number): string {
  return `${number(share * 100, share !== 0 && share < 0.1 ? 1 : 0)} %`;
}
