import { readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';

/** The file's name in the leases directory. */
const MARK_FILE = 'listen-ip.defended';
/** An older file does not count at a restart: milliseconds. */
const RECENT = 60_000;

/**
 * A file that is written whenever this gateway defends its listen IP against another machine. After a restart it shows
 * that this gateway served before, so that it is not taken for the second one. Normally the file does not exist.
 */
export class DefendedMark {
  readonly #path: string;
  readonly #now: () => number;
  #isWriting = false;

  constructor(directory: string, now: () => number) {
    this.#path = join(directory, MARK_FILE);
    this.#now = now;
  }

  /** Writes the file. It does not block the packets' thread, even if the disk hangs. */
  set(listenIp: Ipv4): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#write(listenIp).finally(() => {
      this.#isWriting = false;
    });
  }

  isRecent(listenIp: Ipv4): boolean {
    try {
      const age = Math.abs(this.#now() - statSync(this.#path).mtimeMs);
      return age < RECENT && readFileSync(this.#path, 'utf8').trim() === ipv4ToText(listenIp);
    } catch {
      return false; // There is none.
    }
  }

  /** If the file cannot be written, the next start only waits longer. */
  async #write(listenIp: Ipv4): Promise<void> {
    try {
      await writeFile(this.#path, `${ipv4ToText(listenIp)}\n`);
    } catch {
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }
}
