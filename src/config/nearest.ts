/** A word may have one wrong letter for each of this many letters. */
const LETTERS_A_SLIP = 3;

/**
 * The word of a list that was probably meant: the one with the fewest edits. undefined: no word is like it.
 *
 * @param most So many edits at most.
 */
export function nearestTo(
  word: string,
  words: readonly string[],
  most = Math.max(1, Math.floor(word.length / LETTERS_A_SLIP)),
): string | undefined {
  let best: string | undefined;
  let fewest = most + 1;
  for (const candidate of words) {
    if (Math.abs(word.length - candidate.length) >= fewest) continue; // It takes at least so many edits.
    const edits = editsBetween(word, candidate, fewest);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

/**
 * Levenshtein's distance: how many letters must be put in, left out or exchanged.
 *
 * @param enough What is so far apart need not be counted to the end: the result is this, or more.
 */
export function editsBetween(from: string, to: string, enough = Number.POSITIVE_INFINITY): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at += 1) {
    const next = [at];
    for (let column = 1; column <= to.length; column += 1) {
      const exchanged = (row[column - 1] ?? 0) + (from[at - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
    const least = Math.min(...row);
    if (least >= enough) return least;
  }
  return row[to.length] ?? 0;
}
