/** A row as the order sees it: its key, and its address, which tells equal keys apart. */
export interface Ranked {
  readonly key: string | number;
  readonly position: number;
}

/** Keeps the first rows of an order, of as many as are shown to it. */
export class FirstOfOrder {
  readonly #most: number;
  readonly #isDescending: boolean;
  readonly #after: Ranked | undefined;
  readonly #rows: Ranked[] = [];

  /** @param after Only rows behind this one count. */
  constructor(most: number, isDescending: boolean, after: Ranked | undefined) {
    this.#most = most;
    this.#isDescending = isDescending;
    this.#after = after;
  }

  /** In their order. */
  get rows(): readonly Ranked[] {
    return this.#rows;
  }

  /** Only a row before this one changes the list; undefined: the list is not full. */
  get last(): Ranked | undefined {
    return this.#rows.length < this.#most ? undefined : this.#rows.at(-1);
  }

  add(row: Ranked): void {
    if (this.#after !== undefined && this.#compare(row, this.#after) <= 0) return;
    const { last } = this;
    if (last !== undefined && this.#compare(row, last) >= 0) return;
    this.#rows.splice(this.#indexFor(row), 0, row);
    if (this.#rows.length > this.#most) this.#rows.pop();
  }

  #indexFor(row: Ranked): number {
    let from = 0;
    let to = this.#rows.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const other = this.#rows[middle];
      if (other !== undefined && this.#compare(other, row) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #compare(one: Ranked, other: Ranked): number {
    const byKey = compareKeys(one.key, other.key) || one.position - other.position;
    return this.#isDescending ? -byKey : byKey;
  }
}

/** As SQLite orders them: texts by their octets. JavaScript orders by UTF-16 units, which differs for characters beyond U+FFFF. */
function compareKeys(one: string | number, other: string | number): number {
  if (one === other) return 0;
  if (typeof one === 'string' && typeof other === 'string')
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  // Numbers come before texts.
  if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1;
  return one < other ? -1 : 1;
}
