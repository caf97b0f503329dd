import type { LineCounter, Node } from 'yaml';
import { type Origin, originToText, type Problem } from '../../problem.ts';
import { withoutPassword } from '../../without-password.ts';

/** The longest part of a file that a fault shows: characters. */
const MOST_SHOWN = 60;

/** Names the places of a settings file. */
export class FilePlaces {
  readonly #path: string;
  readonly #text: string;
  readonly #lines: LineCounter;

  constructor(path: string, text: string, lines: LineCounter) {
    this.#path = path;
    this.#text = text;
    this.#lines = lines;
  }

  origin(offset: number, text: string | undefined): Origin {
    const { line, col } = this.#lines.linePos(offset);
    return { source: 'file', name: `${this.#path}:${line}:${col}`, text };
  }

  /** A part as it stands there, cut at the end of its first line. */
  writtenText({ range }: Node): string {
    const whole = withoutPassword(this.#text.slice(range?.[0] ?? 0, range?.[1] ?? 0).trim());
    const [first = ''] = whole.split(/\r?\n/);
    return first.length === whole.length && first.length <= MOST_SHOWN
      ? first
      : `${first.slice(0, MOST_SHOWN)}...`;
  }

  problem(
    setting: string,
    value: string | undefined,
    offset: number,
    message: string,
    remedy: string,
  ): Problem {
    return { setting, value, from: originToText(this.origin(offset, value)), message, remedy };
  }
}

export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
