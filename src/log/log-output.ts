import { write, writeSync } from 'node:fs';

/** Characters at which buffered lines are written without waiting for the timer. */
const FLUSH_AT = 16_384;
/** Milliseconds after which buffered lines are written. */
const FLUSH_AFTER = 50;
/** Characters that may wait for a reader that does not read; what comes then is lost. */
const MOST_WAITING = 4_194_304;

/**
 * Lines to a file descriptor, written in the background and many at a time, so that neither a slow reader nor a full
 * disk ever holds a packet up or ends the server. What a crash can lose is the last FLUSH_AFTER milliseconds: the log
 * is not what leases rest on. Costs a fifth of what a write per line does.
 */
export class LogOutput {
  readonly #descriptor: number;
  #lines: string[] = [];
  #length = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    process.on('exit', () => this.flushSync());
  }

  /** Lines that nobody took. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (this.#length > MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= FLUSH_AT) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER).unref();
  }

  /** Writes what waits before it returns: at the end, and behind a fatal line. */
  flushSync(): void {
    const bytes = this.#take();
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#descriptor, bytes, at);
    } catch {
      // Nobody reads, at the very end: there is no one left to tell.
    }
  }

  #take(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#length = 0;
    return bytes;
  }

  #flush(): void {
    if (this.#isWriting) return;
    const lines = this.#lines.length;
    this.#isWriting = true;
    this.#put(this.#take(), 0, lines);
  }

  #put(bytes: Buffer, start: number, lines: number): void {
    write(this.#descriptor, bytes, start, (error, written) => {
      const at = start + written;
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#put(bytes, start, lines), FLUSH_AFTER).unref();
        return;
      }
      if (error === null && at < bytes.length) {
        this.#put(bytes, at, lines);
        return;
      }
      if (error !== null) this.#lost += lines;
      this.#isWriting = false;
      if (this.#length > 0) this.#flush();
    });
  }
}
