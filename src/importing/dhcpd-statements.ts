import type { SourceFault, SourceFile } from './found.ts';

/** A word, or the octets of what stands in quotes. */
export type Word = string | Uint8Array;

/** One statement of a file of ISC dhcpd, with the line where it begins. */
export interface Statement {
  readonly words: readonly Word[];
  readonly line: number;
  /** What stands in its braces; absent: it ends with a semicolon. */
  readonly block?: readonly Statement[];
  /** True: something in its braces cannot be read, and was told as a fault: what is left is not the whole. */
  readonly isBroken?: boolean;
}

interface Token {
  readonly word: Word;
  readonly line: number;
  readonly isQuoted: boolean;
  /** It begins its line. */
  readonly isFirst?: boolean;
}

/** A statement whose brace is open. */
interface Open {
  readonly words: readonly Word[];
  readonly line: number;
  readonly block: Statement[];
  isBroken: boolean;
}

const SPACE = /\s/;
const ENDS = '{};';
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8 };

/**
 * What a file of dhcpd says: dhcpd.leases or dhcpd.conf. What is cut off is a fault, as a loss of power leaves it: at the end of
 * the file, or where dhcpd has gone on behind it with the next lease.
 */
export function readStatements({ name, text }: SourceFile): {
  readonly statements: readonly Statement[];
  readonly faults: readonly SourceFault[];
} {
  const reader = new StatementReader(name);
  for (const token of tokensOf(text, (line, what) => reader.wrong(line, what))) reader.take(token);
  reader.cutOff();
  return { statements: reader.top, faults: reader.faults };
}

class StatementReader {
  readonly top: Statement[] = [];
  readonly faults: SourceFault[] = [];
  readonly #file: string;
  readonly #open: Open[] = [];
  #words: Word[] = [];
  #line = 0;

  constructor(file: string) {
    this.#file = file;
  }

  wrong(line: number, what: string): void {
    this.faults.push({ file: this.#file, line, what });
    for (const each of this.#open) each.isBroken = true;
  }

  take({ word, line, isQuoted, isFirst }: Token): void {
    const mark = isQuoted ? undefined : word;
    if (mark === '{') this.#begin(line);
    else if (mark === '}') this.#end(line);
    else if (mark === ';') this.#add();
    else {
      if (mark === 'lease' && isFirst === true) this.cutOff();
      if (this.#words.length === 0) this.#line = line;
      this.#words.push(word);
    }
  }

  /** What is still open here is cut off: the file ends, or dhcpd went on with its next lease. */
  cutOff(): void {
    const [cut] = this.#open;
    const words = cut?.words ?? this.#words;
    if (words.length > 0 || cut !== undefined)
      this.wrong(cut?.line ?? this.#line, `${saidOf(words)} is cut off`);
    this.#open.length = 0;
    this.#words = [];
  }

  #begin(line: number): void {
    const isNamed = this.#words.length > 0;
    this.#open.push({ words: this.#words, line: isNamed ? this.#line : line, block: [], isBroken: false });
    this.#words = [];
  }

  #add(): void {
    if (this.#words.length > 0) this.#current.push({ words: this.#words, line: this.#line });
    this.#words = [];
  }

  #end(line: number): void {
    if (this.#words.length > 0) this.wrong(this.#line, `${saidOf(this.#words)} has no semicolon`);
    this.#words = [];
    const closed = this.#open.pop();
    if (closed === undefined) this.wrong(line, 'a brace closes what none opens');
    else this.#current.push(closed);
  }

  get #current(): Statement[] {
    return this.#open.at(-1)?.block ?? this.top;
  }
}

function saidOf(words: readonly Word[]): string {
  return words.slice(0, 2).map(wordText).join(' ') || 'a block';
}

/** A word, or what stands in quotes, as text. */
export function wordText(word: Word): string {
  return typeof word === 'string' ? word : Buffer.from(word).toString('utf8');
}

function* tokensOf(text: string, fault: (line: number, what: string) => void): Generator<Token> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character === '\n') line += 1;
    if (SPACE.test(character)) at += 1;
    else if (character === '#') at = endOfLine(text, at);
    else if (character === '"') {
      const quoted = quotedAt(text, at + 1);
      if (quoted === undefined) {
        fault(line, 'what stands in quotes does not end in its line');
        at = endOfLine(text, at);
        yield { word: ';', line, isQuoted: false };
        continue;
      }
      yield { word: quoted.octets, line, isQuoted: true };
      at = quoted.end;
    } else {
      const end = ENDS.includes(character) ? at + 1 : endOfWord(text, at);
      const isFirst = at === 0 || text[at - 1] === '\n';
      yield { word: text.slice(at, end), line, isQuoted: false, isFirst };
      at = end;
    }
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && !SPACE.test(text[at] ?? '') && !'{};"#'.includes(text[at] ?? '')) at += 1;
  return at;
}

/** Octets are written as three octal digits, or two hexadecimal ones behind an x; the rest as it is. */
function quotedAt(
  text: string,
  start: number,
): { readonly octets: Uint8Array; readonly end: number } | undefined {
  const octets: number[] = [];
  for (let at = start; at < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (character === '\n') return undefined;
    if (character === '"') return { octets: Uint8Array.from(octets), end: at + 1 };
    if (character !== '\\') {
      octets.push(...Buffer.from(character));
      at += character.length;
      continue;
    }
    const rest = text.slice(at + 1, at + 4);
    const octal = /^[0-3]?[0-7]{1,2}/.exec(rest)?.[0];
    const hexadecimal = /^x([\da-f]{1,2})/i.exec(rest);
    if (octal !== undefined) octets.push(Number.parseInt(octal, 8));
    else if (hexadecimal !== null) octets.push(Number.parseInt(hexadecimal[1] ?? '', 16));
    else octets.push(ESCAPES[rest[0] ?? ''] ?? (rest.charCodeAt(0) || 0));
    at += 1 + (octal?.length ?? hexadecimal?.[0].length ?? 1);
  }
  return undefined;
}
