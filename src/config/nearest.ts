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
  const letters = lettersOf(word);
  let best: string | undefined;
  let fewest = most + 1;
  for (const candidate of words) {
    // It takes at least so many edits. Nearly all words end here: a start compares each variable with each setting.
    if (Math.abs(word.length - candidate.length) >= fewest) continue;
    if (leastEdits(letters, lettersOf(candidate)) >= fewest) continue;
    const edits = editsBetween(word, candidate, fewest);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** The letters that a word has, as bits; some share a bit. */
function lettersOf(word: string): number {
  let bits = 0;
  for (let at = 0; at < word.length; at += 1) bits |= 1 << (word.charCodeAt(at) & 31);
  return bits;
}

/**
 * A lower bound for the edits between two words, by the letters that they have. Each letter that only one of them has takes an
 * edit; one edit may exchange a letter of each, so the larger of both numbers counts.
 */
function leastEdits(one: number, other: number): number {
  return Math.max(bitsIn(one & ~other), bitsIn(other & ~one));
}

function bitsIn(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
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
