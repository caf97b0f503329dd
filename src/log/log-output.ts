import { write, writeSync } from 'node:fs';
import { LINE_BUFFER_BYTES, LineBuffer } from './line-buffer.ts';

/** Milliseconds after which buffered lines are written. */
const FLUSH_AFTER = 50;
/** Bytes that may wait for a slow reader; lines beyond them are lost. */
const MOST_WAITING = 4_194_304;

/**
 * Writes lines to a file descriptor in the background, many at a time, so neither a slow reader nor a full disk delays a
 * packet or ends the server. A crash can lose the last FLUSH_AFTER milliseconds; no lease rests on the log. A line waits as
 * bytes in a buffer that is used again, not as an object.
 */
export class LogOutput {
  readonly #descriptor: number;
  /** The buffer that new lines go to. */
  #filling = new LineBuffer();
  /** Full buffers, oldest first, without the one that is being written. */
  #full: LineBuffer[] = [];
  /** An empty buffer to use again. */
  #spare: LineBuffer | undefined;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    process.on('exit', () => this.flushSync());
  }

  /** The number of lines that were lost. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (!this.#filling.hasRoom(line)) {
      if (this.#waiting >= MOST_WAITING) {
        this.#lost += 1;
        return;
      }
      this.#turn(line);
      if (!this.#isWriting) this.#put();
    }
    this.#filling.add(line);
    this.#flushSoon();
  }

  /** Writes all waiting lines before it returns: for the end of the process, and after a fatal line. */
  flushSync(): void {
    this.#turn();
    try {
      for (const buffer of this.#full) {
        while (!buffer.isWritten) buffer.wrote(writeSync(this.#descriptor, buffer.rest));
      }
    } catch {
      // Nobody reads, at the very end: there is no one left to tell.
    }
    this.#full = [];
  }

  get #waiting(): number {
    let bytes = 0;
    for (const { size } of this.#full) bytes += size;
    return bytes;
  }

  /** Takes the next buffer, with room for a line. */
  #turn(line = ''): void {
    const next = this.#spare?.hasRoom(line) === true ? this.#spare : new LineBuffer(line);
    if (next === this.#spare) this.#spare = undefined;
    if (this.#filling.lines > 0) this.#full.push(this.#filling);
    this.#filling = next;
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWriting) return; // The end of that write starts the next one.
      this.#turn();
      this.#put();
    }, FLUSH_AFTER).unref();
  }

  #put(): void {
    const buffer = this.#full.shift();
    this.#isWriting = buffer !== undefined;
    if (buffer === undefined) {
      if (this.#filling.lines > 0) this.#flushSoon();
      return;
    }
    write(this.#descriptor, buffer.rest, (error, written) => {
      if (error?.code === 'EAGAIN') {
        this.#full.unshift(buffer); // Nobody is writing it until then, so flushSync may.
        setTimeout(() => this.#put(), FLUSH_AFTER).unref();
        return;
      }
      if (error === null) buffer.wrote(written);
      else this.#lost += buffer.lines;
      if (error === null && !buffer.isWritten) this.#full.unshift(buffer);
      else this.#keep(buffer);
      this.#put();
    });
  }

  #keep(buffer: LineBuffer): void {
    if (buffer.size > LINE_BUFFER_BYTES) return;
    buffer.clear();
    this.#spare = buffer;
  }
}
