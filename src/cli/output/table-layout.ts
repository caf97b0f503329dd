/** Between two columns. */
const GAP = 2;

/** How a column bears a terminal that is too narrow for all of them. */
export interface Bearing {
  /** It is left out; of several, the one with the highest number first. Absent: it always stands. */
  readonly spare?: number;
  /** It may be as narrow as this. Absent: as its widest cell. */
  readonly least?: number;
}

export interface Placed {
  /** Of the column. */
  readonly index: number;
  readonly width: number;
}

interface Placing {
  readonly index: number;
  width: number;
}

/**
 * Which columns stand in so many, and how wide each is: first the spare ones go, then the widest of those that may be
 * narrower give way. What cannot be fitted stays too wide.
 *
 * @param widths Of the widest cell of each column; undefined: it is not shown.
 */
export function layOut(
  columns: readonly Bearing[],
  widths: readonly (number | undefined)[],
  room = Infinity,
): readonly Placed[] {
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

function totalOf(placed: readonly Placed[]): number {
  return placed.reduce((sum, { width }) => sum + width + GAP, -GAP);
}
