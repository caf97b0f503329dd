import { stripVTControlCharacters } from 'node:util';

/** Characters without a width of their own. */
const NONE = /[\p{Mn}\p{Me}\u200c\u200d]/u;
/** UAX 11: characters that terminals show in two columns, as far as names have them: East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ASCII = /^[\x20-\x7e]*$/;
const ELLIPSIS = '…';
/** Words, each with the blanks and commas behind it. */
const PIECES = /[^\s,]*[,\s]+|[^\s,]+/g;
/** The last mark in a path, a name or an address. */
const LAST_MARK = /[-./:](?=[^-./:]*$)/;

/** Columns that a text takes on a terminal, without its colour codes. */
export function widthOf(coloured: string): number {
  if (ASCII.test(coloured)) return coloured.length;
  const text = stripVTControlCharacters(coloured);
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

/** The text; if it is wider than `most` columns, cut to them, with an ellipsis at the end. */
export function cutTo(most: number, text: string): string {
  if (widthOf(text) <= most) return text;
  let cut = '';
  let width = 0;
  for (const character of text) {
    width += widthOfCharacter(character);
    if (width > most - 1) break;
    cut += character;
  }
  return cut + ELLIPSIS;
}

/** The text, filled up with blanks to `columns`. */
export function padTo(columns: number, text: string): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

function widthOfCharacter(character: string): number {
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/**
 * The text in lines of at most `columns`. Lines break behind blanks and commas, or within a word that is longer than a
 * line.
 *
 * @param indent Before all lines but the first.
 */
export function wrapTo(columns: number, text: string, indent = ''): readonly string[] {
  if (widthOf(text) <= columns) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(PIECES) ?? []) {
    for (const part of partsOf(word, columns - indent.length)) {
      if (line.trim() !== '' && widthOf(line + part.trimEnd()) > columns) {
        lines.push(line.trimEnd());
        line = indent;
      }
      line += part;
    }
  }
  return [...lines, line.trimEnd()];
}

/** The word; if it is wider than a line, cut behind a mark in the second half of a line, if there is one. */
function partsOf(word: string, columns: number): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (const character of word.trimEnd()) {
    if (widthOf(part + character) > columns) {
      const mark = part.search(LAST_MARK) + 1;
      const end = mark > columns / 2 ? mark : part.length;
      parts.push(part.slice(0, end));
      part = part.slice(end);
    }
    part += character;
  }
  return [...parts, part + word.slice(word.trimEnd().length)];
}
