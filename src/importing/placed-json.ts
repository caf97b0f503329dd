/** A value of JSON, with the line where it begins. */
export interface PlacedJson {
  readonly line: number;
  readonly value: string | number | boolean | null | readonly PlacedJson[] | ReadonlyMap<string, PlacedJson>;
}

/** What is wrong with a text that is no JSON. */
export interface JsonFault {
  readonly line: number;
  readonly what: string;
}

const TOKENS =
  /(?<space>\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>"[^"\\\n]*(?:\\.[^"\\\n]*)*")|(?<mark>[{}[\]:,])|(?<include><\?.*?\?>)|(?<word>[^\s{}[\]:,"#]+)/y;
/** Deeper than any settings file. */
const DEEPEST = 100;

interface Token {
  readonly kind: 'text' | 'mark' | 'word' | 'end';
  readonly text: string;
  readonly line: number;
}

/** The JSON that Kea reads: with comments (`#`, `//`, `/*`) and a comma before a closing bracket. */
export function readPlacedJson(text: string): PlacedJson | JsonFault {
  try {
    const reader = new Reader(text);
    const json = reader.value(0);
    reader.end();
    return json;
  } catch (error) {
    if (error instanceof NoJson) return { line: error.line, what: error.message };
    throw error;
  }
}

export function isJsonFault(read: PlacedJson | JsonFault): read is JsonFault {
  return 'what' in read;
}

/** A member of an object; undefined: it has none of this name, or is no object. */
export function memberOf(json: PlacedJson | undefined, name: string): PlacedJson | undefined {
  return json?.value instanceof Map ? json.value.get(name) : undefined;
}

/** The elements of a list; none of anything else. */
export function elementsOf(json: PlacedJson | undefined): readonly PlacedJson[] {
  return Array.isArray(json?.value) ? json.value : [];
}

class NoJson extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(what);
    this.line = line;
  }
}

class Reader {
  readonly #text: string;
  readonly #pattern = new RegExp(TOKENS);
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number, token = this.#next()): PlacedJson {
    const { line } = token;
    if (depth > DEEPEST) throw new NoJson(line, 'is nested too deep');
    if (token.kind === 'text') return { line, value: unquoted(token) };
    if (token.kind === 'mark' && token.text === '{') return { line, value: this.#object(depth) };
    if (token.kind === 'mark' && token.text === '[') return { line, value: this.#list(depth) };
    if (token.kind === 'word') return { line, value: wordOf(token) };
    throw new NoJson(line, `is no JSON: ${saidOf(token)} where a value is expected`);
  }

  end(): void {
    const token = this.#next();
    if (token.kind !== 'end') throw new NoJson(token.line, `is no JSON: ${saidOf(token)} after its end`);
  }

  #object(depth: number): ReadonlyMap<string, PlacedJson> {
    const members = new Map<string, PlacedJson>();
    for (let token = this.#next(); token.text !== '}' || token.kind !== 'mark'; ) {
      if (token.kind !== 'text')
        throw new NoJson(token.line, `is no JSON: ${saidOf(token)} where a name is expected`);
      const colon = this.#next();
      if (colon.text !== ':')
        throw new NoJson(colon.line, `is no JSON: ${saidOf(colon)} where a colon is expected`);
      members.set(unquoted(token), this.value(depth + 1));
      token = this.#afterElement('}');
    }
    return members;
  }

  #list(depth: number): readonly PlacedJson[] {
    const elements: PlacedJson[] = [];
    for (let token = this.#next(); token.text !== ']' || token.kind !== 'mark'; ) {
      elements.push(this.value(depth + 1, token));
      token = this.#afterElement(']');
    }
    return elements;
  }

  /** What comes behind the comma; or the closing mark. */
  #afterElement(closing: string): Token {
    const token = this.#next();
    if (token.kind === 'mark' && token.text === ',') return this.#next();
    if (token.kind === 'mark' && token.text === closing) return token;
    throw new NoJson(token.line, `is no JSON: ${saidOf(token)} where a comma or ${closing} is expected`);
  }

  #next(): Token {
    while (this.#at < this.#text.length) {
      const line = this.#line;
      this.#pattern.lastIndex = this.#at;
      const groups = this.#pattern.exec(this.#text)?.groups;
      if (groups === undefined)
        throw new NoJson(line, 'is no JSON: what stands in quotes does not end in its line');
      const [kind = '', text = ''] = Object.entries(groups).find(([, found]) => found !== undefined) ?? [];
      this.#at = this.#pattern.lastIndex;
      this.#line += text.split('\n').length - 1;
      if (kind === 'include') throw new NoJson(line, `${text} is not followed: import that file by itself`);
      if (kind !== 'space') return { kind: kind as Token['kind'], text, line };
    }
    return { kind: 'end', text: '', line: this.#line };
  }
}

function unquoted({ text, line }: Token): string {
  try {
    return String(JSON.parse(text));
  } catch {
    throw new NoJson(line, `is no JSON: ${text} has an unknown escape`);
  }
}

function wordOf({ text, line }: Token): number | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new NoJson(line, `is no JSON: ${text}`);
}

function saidOf({ kind, text }: Token): string {
  return kind === 'end' ? 'the file ends' : text;
}
