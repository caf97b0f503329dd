import { expect, test } from 'vitest';
import { Completeness } from '../../../src/store/etcd/completeness.ts';

test('what is learnt was written after the last question whose revision has been told, however late that is', () => {
  const completeness = new Completeness();
  const seen = [completeness.since];
  const see = () => seen.push(completeness.since);

  completeness.answered(5, 1000);
  see();
  completeness.answered(7, 2000); // Nobody waits for it: a watch that is always behind would never have told it.
  completeness.told(4);
  see();
  completeness.told(6);
  see();
  completeness.answered(6, 3000);
  see();
  completeness.answered(6, 2500); // An answer may overtake another.
  see();
  completeness.forget();
  see();

  expect(seen).toEqual([-Infinity, -Infinity, -Infinity, 1000, 3000, 3000, -Infinity]);
});
