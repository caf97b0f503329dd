import { type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf } from '../../../errors.ts';

interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
  /** Bytes of the file, which are compared only for a journal. */
  readonly size: number;
}

/**
 * Tells whether the open files are still the ones under their names. It only looks at the names: to open and close a file of
 * SQLite would end the locks that this process has on it (fcntl(2)). The inode number of an open file is not given to another.
 */
export class FileWatch {
  readonly #known = new Map<string, FileIdentity>();
  readonly #wholeSize: ReadonlySet<string>;

  /** `wholeSize`: files whose size never changes. */
  constructor(wholeSize: readonly string[] = []) {
    this.#wholeSize = new Set(wholeSize);
  }

  /** Takes the files under these names as ours from now on. A name without a file is not watched. */
  remember(files: readonly string[]): void {
    for (const file of files) {
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined) this.#known.delete(file);
      else this.#known.set(file, { dev: found.dev, ino: found.ino, size: found.size });
    }
  }

  /**
   * Returns a function to call as soon as `from` is renamed to `to`: it remembers that file under its new name, and cannot fail.
   *
   * @throws Error of the file system: if `from` cannot be looked at.
   */
  renaming(from: string, to: string): () => void {
    const { dev, ino, size } = statSync(from);
    return () => void this.#known.set(to, { dev, ino, size });
  }

  /** Does not watch these files until they are remembered again: they may come and go. */
  forget(files: readonly string[]): void {
    for (const file of files) this.#known.delete(file);
  }

  /** What has happened to the files, a few words for each; empty: nothing. */
  losses(): readonly string[] {
    const losses: string[] = [];
    for (const file of this.#known.keys()) {
      const loss = this.lossOf(file);
      if (loss !== undefined) losses.push(`${basename(file)} ${loss}`);
    }
    return losses;
  }

  /** True if the file under this name is ours. */
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
