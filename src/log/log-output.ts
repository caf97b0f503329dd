import { write, writeSync } from 'node:fs';
import { PIECE_BYTES, Piece } from './piece.ts';

/** Milliseconds after which buffered lines are written. */
const FLUSH_AFTER = 50;
/** Bytes that may wait for a reader that does not read; what comes then is lost. */
const MOST_WAITING = 4_194_304;

/**
 * Lines to a file descriptor, written in the background and many at a time, so that neither a slow reader nor a full
 * disk ever holds a packet up or ends the server. What a crash can lose is the last FLUSH_AFTER milliseconds: the log
 * is not what leases rest on. A line waits as bytes, in a piece that is used again, and not as an object.
 */
export class LogOutput {
  readonly #descriptor: number;
  /** Takes the lines. */
  #filling = new Piece();
  /** The pieces before it, but for the one that is being written. */
  #full: Piece[] = [];
  /** The one that was written last, to be filled again. */
  #spare: Piece | undefined;
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

  /** Writes what waits before it returns: at the end, and behind a fatal line. */
  flushSync(): void {
    this.#turn();
    try {
      for (const piece of this.#full) {
        while (!piece.isWritten) piece.wrote(writeSync(this.#descriptor, piece.rest));
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

  /** Begins the next piece, with room for a line. */
  #turn(line = ''): void {
    const next = this.#spare?.hasRoom(line) === true ? this.#spare : new Piece(line);
    if (next === this.#spare) this.#spare = undefined;
    if (this.#filling.lines > 0) this.#full.push(this.#filling);
    this.#filling = next;
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWriting) return; // What waits is written after it.
      this.#turn();
      this.#put();
    }, FLUSH_AFTER).unref();
  }

  #put(): void {
    const piece = this.#full.shift();
    this.#isWriting = piece !== undefined;
    if (piece === undefined) {
      if (this.#filling.lines > 0) this.#flushSoon();
      return;
    }
    write(this.#descriptor, piece.rest, (error, written) => {
      if (error?.code === 'EAGAIN') {
        this.#full.unshift(piece); // Nobody is writing it until then, so flushSync may.
        setTimeout(() => this.#put(), FLUSH_AFTER).unref();
        return;
      }
      if (error === null) piece.wrote(written);
      else this.#lost += piece.lines;
      if (error === null && !piece.isWritten) this.#full.unshift(piece);
      else this.#keep(piece);
      this.#put();
    });
  }

  #keep(piece: Piece): void {
    if (piece.size > PIECE_BYTES) return;
    piece.clear();
    this.#spare = piece;
  }
}
