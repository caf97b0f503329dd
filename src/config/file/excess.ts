import { type CST, Lexer, type LineCounter, Parser } from 'yaml';

/** What is too much in a file, and where. */
export interface Excess {
  /** Characters before it. */
  readonly at: number;
  readonly message: string;
}

/** How far lists and mappings may stand in one another: a route of a class of a segment is seven deep. */
const DEEPEST = 32;
/** Names of one mapping: more than there are settings and options. Each is compared with all before it. */
const MOST_NAMES = 1024;
/** Values of one list: as many as there may be reservations. */
const MOST_VALUES = 4096;
/** Names, values, signs and line ends of the file. */
const MOST_PARTS = 600_000;
/** Lines that begin with %: more than YAML has kinds of. */
const MOST_DIRECTIVES = 16;

/**
 * What in a text in YAML would take too long to read, or more memory than there is: a small file can hold thousands of lists in
 * one another, at which a reader that calls itself for each ends the process. Found part by part, before anything is
 * made of it.
 *
 * @param lines Is told where lines begin.
 */
export function excessIn(text: string, lines: LineCounter): Excess | undefined {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let parts = 0;
  let directives = 0;
  for (const part of new Lexer().lex(text)) {
    parts += 1;
    const at = parser.offset;
    for (const whole of parser.next(part)) if (whole.type === 'directive') directives += 1;
    const message =
      parts > MOST_PARTS ? 'has more parts than a file of settings' : excessOf(parser.stack, directives);
    if (message !== undefined) return { at, message };
  }
  return undefined;
}

function excessOf(open: readonly CST.Token[], directives: number): string | undefined {
  if (directives > MOST_DIRECTIVES) return `has more than ${MOST_DIRECTIVES} lines that begin with %`;
  if (open.length > DEEPEST) return `has more than ${DEEPEST} lists or mappings in one another`;
  const inner = open.at(-1);
  if (inner === undefined || !('items' in inner)) return undefined;
  const isList =
    inner.type === 'block-seq' || (inner.type === 'flow-collection' && inner.start.source === '[');
  if (isList)
    return inner.items.length > MOST_VALUES ? `has more than ${MOST_VALUES} values in one list` : undefined;
  return inner.items.length > MOST_NAMES ? `has more than ${MOST_NAMES} names in one mapping` : undefined;
}
