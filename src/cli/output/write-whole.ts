import { writeSync } from 'node:fs';
import { codeOf, GatewayError } from '../../errors.ts';

/** Time before a full pipe is tried again: milliseconds. */
const PIPE_RETRY = 2;
const STANDARD_ERROR = 2;

const CLOCK = new Int32Array(new SharedArrayBuffer(4));

/** The reader of the output has closed it, as `head` does. The command ends without a message. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/**
 * Writes a text to a file descriptor, and returns when all of it is written, however slow the reader is. It blocks the
 * event loop, so it is only for commands that print and end.
 *
 * @throws ReaderGone when the other end of a pipe is closed.
 * @throws GatewayError 'output-failed' when the text cannot be written, as on a full disk.
 */
export function writeWhole(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EAGAIN') Atomics.wait(CLOCK, 0, 0, PIPE_RETRY);
      else if (code === 'EPIPE') throw new ReaderGone();
      else throw new GatewayError('output-failed', `the output cannot be written (${code})`, error);
    }
  }
}

/** Writes to standard error. If that fails, nothing is done. */
export function complain(text: string): void {
  try {
    writeWhole(STANDARD_ERROR, text);
  } catch {}
}
