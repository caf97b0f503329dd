import { expect, test } from 'vitest';
import { WhenQuiet } from '../../../src/cli/serve/when-quiet.ts';
import { FakeClock } from '../../support/clock.ts';

function watched() {
  const clock = new FakeClock();
  let runs = 0;
  const quiet = new WhenQuiet(clock, () => (runs += 1));
  return { clock, quiet, runs: () => runs };
}

test('a file that is written in pieces is read once, when it has stayed as it is for two seconds', async () => {
  const { clock, quiet, runs } = watched();

  for (let piece = 0; piece < 4; piece += 1) {
    quiet.changed();
    await clock.pass(1500);
  }
  expect(runs()).toBe(0);
  await clock.pass(500);
  expect(runs()).toBe(1);
  await clock.pass(60_000);
  expect(runs()).toBe(1);
});

test('a file that changes without end is read ten seconds after its first change, and again', async () => {
  const { clock, quiet, runs } = watched();

  for (let second = 0; second < 25; second += 1) {
    quiet.changed();
    await clock.pass(1000);
  }

  expect(runs()).toBe(2);
});

test('a change just before the end is not read any more', async () => {
  const { clock, quiet, runs } = watched();

  quiet.changed();
  quiet.end();
  await clock.pass(60_000);

  expect([runs(), clock.pending]).toEqual([0, 0]);
});
