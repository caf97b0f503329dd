/** The word of a list (not empty) that is the fewest edits away. */
export function nearestTo(word: string, words: readonly string[]): string {
  return words.reduce((best, candidate) =>
    editsBetween(word, candidate) < editsBetween(word, best) ? candidate : best,
  );
}

/** Levenshtein's distance: how many letters must be put in, left out or exchanged. */
export function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at += 1) {
    const next = [at];
    for (let column = 1; column <= to.length; column += 1) {
      const exchanged = (row[column - 1] ?? 0) + (from[at - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
