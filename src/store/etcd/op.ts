import type { Random } from '../../lease/clock.ts';

/** The mark of one attempt, which nobody else makes: 16 hexadecimal digits. */
export function newOp(random: Random): string {
  let op = '';
  while (op.length < 16)
    op += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return op;
}
