import type { Random } from '../../lease/clock.ts';
import { hexOf } from '../../net/hex.ts';

/** Makes marks of attempts that nobody else makes: 64 bits that this process drew by lot once, and a count behind them. */
export function opsOf(random: Random): () => string {
  const prefix = drawn(random) + drawn(random);
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count}`;
  };
}

function drawn(random: Random): string {
  return hexOf(Math.floor(random() * 0x1_0000_0000));
}
