import type { Random } from '../../../lease/clock.ts';
import { hexOf } from '../../../net/hex.ts';

/** Marks of attempts that nobody else makes: 64 bits that this process drew by lot once, and a count behind them. */
export class Ops {
  readonly #prefix: string;
  #count = 0;

  constructor(random: Random) {
    this.#prefix = `${drawn(random)}${drawn(random)}-`;
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count}`;
  }

  /** False: another gateway has made this mark, or an earlier process of this one. */
  isOwn(op: string): boolean {
    return op.startsWith(this.#prefix);
  }
}

function drawn(random: Random): string {
  return hexOf(Math.floor(random() * 0x1_0000_0000));
}
