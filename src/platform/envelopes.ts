import { CallError } from './call-error.ts';

/** Before each message of a stream: a byte of flags, and the length in four bytes. */
const HEAD = 5;
const COMPRESSED = 1;
const END = 2;

/** A message of a stream with its envelope; `isEnd`: the one that ends the stream. */
export function enveloped(message: Uint8Array, isEnd = false): Uint8Array {
  const octets = new Uint8Array(HEAD + message.length);
  octets[0] = isEnd ? END : 0;
  new DataView(octets.buffer).setUint32(1, message.length);
  octets.set(message, HEAD);
  return octets;
}

/** The end of a stream, as JSON. */
export function endOfStream(error: CallError | undefined): Uint8Array {
  return enveloped(
    new TextEncoder().encode(JSON.stringify(error === undefined ? {} : { error: error.json })),
    true,
  );
}

/** Takes a stream's octets as they arrive, and gives its messages. Never more than one message is kept. */
export class EnvelopeReader {
  readonly #most: number;
  /** What has arrived of the message that is not whole yet, head included; it grows as octets arrive. */
  #kept = new Uint8Array(HEAD);
  #held = 0;

  /** @param most The longest message: octets. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Octets of a message that is not whole yet. */
  get held(): number {
    return this.#held;
  }

  /**
   * The messages that are whole now.
   *
   * @throws CallError for one that is too long, or whose flags a client does not send.
   */
  take(octets: Uint8Array): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    let rest = octets;
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#wanted() - this.#held);
      rest = rest.subarray(part.length);
      this.#keep(part);
      if (this.#held < this.#wanted()) continue; // The head may be whole now, and say how much follows.
      messages.push(this.#kept.subarray(HEAD, this.#held));
      this.#kept = new Uint8Array(HEAD);
      this.#held = 0;
    }
    return messages;
  }

  /** How many octets make the head whole, or the message whose head is whole. */
  #wanted(): number {
    if (this.#held < HEAD) return HEAD;
    const flags = this.#kept[0] ?? 0;
    const length = new DataView(this.#kept.buffer).getUint32(1);
    if ((flags & COMPRESSED) !== 0)
      throw new CallError('unimplemented', 'compressed messages are not read: send them as they are');
    if (flags !== 0)
      throw new CallError(
        'invalid_argument',
        `an envelope has the flags ${flags}, which a client does not send`,
      );
    if (length > this.#most) throw tooLarge(this.#most);
    return HEAD + length;
  }

  #keep(part: Uint8Array): void {
    const length = this.#held + part.length;
    if (length > this.#kept.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(this.#wanted(), this.#kept.length * 2)));
      larger.set(this.#kept.subarray(0, this.#held));
      this.#kept = larger;
    }
    this.#kept.set(part, this.#held);
    this.#held = length;
  }
}

export function tooLarge(most: number): CallError {
  return new CallError('resource_exhausted', `a message may have ${most} octets: send less at once`);
}
