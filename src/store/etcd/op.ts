import type { Random } from '../../lease/clock.ts';

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
  const bits = Math.floor(random() * 0x1_0000_0000);
  return bits.toString(16).padStart(8, '0');
}
