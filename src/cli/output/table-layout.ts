/** Between two columns. */
const GAP = 2;

/** How a column may shrink on a narrow terminal. */
export interface ColumnLimits {
  /** The column may be omitted; the highest number first. Absent: it is never omitted. */
  readonly spare?: number;
  /** The smallest width. Absent: the width of its widest cell. */
  readonly least?: number;
}

export interface ColumnWidth {
  /** Of the column. */
  readonly index: number;
  readonly width: number;
}

interface Placing {
  readonly index: number;
  width: number;
}

/**
 * Chooses the columns that are shown, and their widths. First the spare columns are omitted; then the widest of those that
 * may shrink does. If that is not enough, the table stays too wide.
 *
 * @param widths The width of the widest cell of each column; undefined: the column is not shown.
 */
export function layOut(
  columns: readonly ColumnLimits[],
  widths: readonly (number | undefined)[],
  room = Infinity,
): readonly ColumnWidth[] {
  const shown: Placing[] = widths.flatMap((width, index) => (width === undefined ? [] : [{ index, width }]));
  const spares = shown
    .filter(({ index }) => columns[index]?.spare !== undefined)
    .sort((one, other) => (columns[other.index]?.spare ?? 0) - (columns[one.index]?.spare ?? 0));
  let kept = shown;
  for (const spare of spares) {
    if (totalOf(kept) <= room) break;
    kept = kept.filter((column) => column !== spare);
  }
  const slack = ({ index, width }: Placing) => width - Math.min(width, columns[index]?.least ?? width);
  for (let excess = totalOf(kept) - room; excess > 0; excess -= 1) {
    const widest = kept.reduce((one, other) => (slack(other) > slack(one) ? other : one));
    if (slack(widest) === 0) break;
    widest.width -= 1;
  }
  return kept;
}

function totalOf(placed: readonly ColumnWidth[]): number {
  return placed.reduce((sum, { width }) => sum + width + GAP, -GAP);
}
