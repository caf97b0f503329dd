import { expect, test } from 'vitest';
import { Deafness } from '../../src/detection/deafness.ts';
import { LogLines } from '../support/log-lines.ts';

function deaf() {
  const view = { revision: 7 };
  return { view, deafness: new Deafness(view, new LogLines()) };
}

test('a server that starts was deaf up to what is stored', () => {
  expect(deaf().deafness.revision).toBe(7);
});

test('an event loop that turns is not deaf, one that stood still for more than a second was', () => {
  const { view, deafness } = deaf();
  view.revision = 9;

  deafness.beat(0, 250);
  deafness.beat(250, 250);
  deafness.beat(1500, 250);
  const before = deafness.revision;
  deafness.beat(2751, 250);

  expect(before).toBe(7);
  expect(deafness.revision).toBe(9);
});

test('what the kernel dropped since the last look was not heard', () => {
  const { view, deafness } = deaf();
  deafness.overflowed(0);
  view.revision = 9;
  deafness.overflowed(0);
  const before = deafness.revision;

  deafness.overflowed(3);
  view.revision = 11;
  deafness.overflowed(3);

  expect(before).toBe(7);
  expect(deafness.revision).toBe(9);
});

test('an interface without carrier was deaf until it is connected again', () => {
  const { view, deafness } = deaf();
  deafness.carrier(false);
  view.revision = 9;
  const before = deafness.revision;

  deafness.carrier(true);

  expect(before).toBe(7);
  expect(deafness.revision).toBe(9);
});

test('what is missed again and again is a line a beat for each cause', () => {
  const log = new LogLines();
  const deafness = new Deafness({ revision: 7 }, log);

  for (let time = 0; time < 1000; time += 1) {
    deafness.mark('stale');
    deafness.mark('overflow');
  }
  deafness.beat(250, 250);
  deafness.mark('stale');

  expect(log.lines.map(({ fields }) => fields['reason'])).toEqual(['stale', 'overflow', 'stale']);
});

test('a stall of more than five seconds is one line with its length', () => {
  const log = new LogLines();
  const deafness = new Deafness({ revision: 7 }, log);

  deafness.beat(0, 250);
  deafness.beat(5250, 250);
  deafness.beat(13_700, 250);

  const stalls = log.lines.filter(({ message }) => message === 'this gateway stood still');
  expect(stalls).toMatchObject([{ level: 'warn', fields: { seconds: 8.2 } }]);
});
