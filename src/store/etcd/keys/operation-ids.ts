import type { Random } from '../../../lease/clock.ts';
import { hexOf } from '../../../net/hex.ts';

/** Makes ids of changes that no other process makes: 64 random bits, drawn once a process, and a count. */
export class OperationIds {
  readonly #prefix: string;
  #count = 0;

  constructor(random: Random) {
    this.#prefix = `${drawn(random)}${drawn(random)}-`;
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count}`;
  }

  /** False: another gateway has made this id, or an earlier process of this one. */
  isOwn(id: string): boolean {
    return id.startsWith(this.#prefix);
  }
}

function drawn(random: Random): string {
  return hexOf(Math.floor(random() * 0x1_0000_0000));
}
