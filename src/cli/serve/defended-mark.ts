import { readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';

/** Its name in the leases directory. */
const MARK_FILE = 'listen-ip.defended';
/** How old it may be when a gateway is restarted: milliseconds. */
const RECENT = 60_000;

/**
 * A file that is written whenever this gateway defends its listen IP against another machine that has it. So a restart
 * is not mistaken for the coming of a second gateway. On an ordinary node it does not exist.
 */
export class DefendedMark {
  readonly #path: string;
  readonly #now: () => number;
  #isWriting = false;

  constructor(directory: string, now: () => number) {
    this.#path = join(directory, MARK_FILE);
    this.#now = now;
  }

  /** Beside the packets, which a disk that hangs must not hold. */
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

  /** A mark that cannot be written costs no more than a wait at the next start. */
  async #write(listenIp: Ipv4): Promise<void> {
    try {
      await writeFile(this.#path, `${ipv4ToText(listenIp)}\n`);
    } catch {
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }
}
