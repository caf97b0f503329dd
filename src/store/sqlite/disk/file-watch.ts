import { type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf } from './error-code.ts';

interface Known {
  readonly dev: number;
  readonly ino: number;
  /** It never has fewer bytes; only a journal is looked at for that. */
  readonly size: number;
}

/**
 * Whether the files that are open are still what stands under their names. It looks at the names alone: to open and
 * close a file of SQLite's would end the locks that this process has on it (fcntl(2)). As long as a file is open its
 * number is not given to another.
 */
export class FileWatch {
  readonly #known = new Map<string, Known>();
  readonly #wholeSize: ReadonlySet<string>;

  /** `wholeSize`: files that never change their size. */
  constructor(wholeSize: readonly string[] = []) {
    this.#wholeSize = new Set(wholeSize);
  }

  /** What stands under these names is ours, from now on. One that is not there is not watched. */
  remember(files: readonly string[]): void {
    for (const file of files) {
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined) this.#known.delete(file);
      else this.#known.set(file, { dev: found.dev, ino: found.ino, size: found.size });
    }
  }

  /** What has happened, a few words for each file; empty: all is as it was. */
  losses(): readonly string[] {
    const losses: string[] = [];
    for (const file of this.#known.keys()) {
      const loss = this.lossOf(file);
      if (loss !== undefined) losses.push(`${basename(file)} ${loss}`);
    }
    return losses;
  }

  /** True if what is open stands under this name. */
  isOurs(file: string): boolean {
    return this.#known.has(file) && this.lossOf(file) === undefined;
  }

  /** What has happened to one file; undefined: nothing, or it is not watched. */
  lossOf(file: string): string | undefined {
    const known = this.#known.get(file);
    if (known === undefined) return undefined;
    let found: Stats | undefined;
    try {
      found = statSync(file, { throwIfNoEntry: false });
    } catch (error) {
      return `cannot be looked at (${codeOf(error)})`;
    }
    if (found === undefined) return 'is gone';
    if (found.ino !== known.ino || found.dev !== known.dev) return 'was replaced';
    if (this.#wholeSize.has(file) && found.size !== known.size) return `was cut to ${found.size} bytes`;
    return undefined;
  }
}
