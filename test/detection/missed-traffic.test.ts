import { expect, test } from 'vitest';
import { MissedTraffic } from '../../src/detection/missed-traffic.ts';
import { LogLines } from '../support/log-lines.ts';

function deaf() {
  const view = { revision: 7 };
  return { view, missedTraffic: new MissedTraffic(view, new LogLines()) };
}

test('a server that starts was deaf up to what is stored', () => {
  expect(deaf().missedTraffic.lastGapRevision).toBe(7);
});

test('an event loop that turns is not deaf, one that stood still for more than a second was', () => {
  const { view, missedTraffic } = deaf();
  view.revision = 9;

  missedTraffic.beat(0, 250);
  missedTraffic.beat(250, 250);
  missedTraffic.beat(1500, 250);
  const before = missedTraffic.lastGapRevision;
  missedTraffic.beat(2751, 250);

  expect(before).toBe(7);
  expect(missedTraffic.lastGapRevision).toBe(9);
});

test('what the kernel dropped since the last look was not heard', () => {
  const { view, missedTraffic } = deaf();
  missedTraffic.noteOverflows(0);
  view.revision = 9;
  missedTraffic.noteOverflows(0);
  const before = missedTraffic.lastGapRevision;

  missedTraffic.noteOverflows(3);
  view.revision = 11;
  missedTraffic.noteOverflows(3);

  expect(before).toBe(7);
  expect(missedTraffic.lastGapRevision).toBe(9);
});

test('an interface without carrier was deaf until it is connected again', () => {
  const { view, missedTraffic } = deaf();
  missedTraffic.noteCarrier(false);
  view.revision = 9;
  const before = missedTraffic.lastGapRevision;

  missedTraffic.noteCarrier(true);

  expect(before).toBe(7);
  expect(missedTraffic.lastGapRevision).toBe(9);
});

test('what is missed again and again is a line a beat for each cause', () => {
  const log = new LogLines();
  const missedTraffic = new MissedTraffic({ revision: 7 }, log);

  for (let time = 0; time < 1000; time += 1) {
    missedTraffic.noteGap('stale');
    missedTraffic.noteGap('overflow');
  }
  missedTraffic.beat(250, 250);
  missedTraffic.noteGap('stale');

  expect(log.lines.map(({ fields }) => fields['reason'])).toEqual(['stale', 'overflow', 'stale']);
});

test('a stall of more than five seconds is one line with its length', () => {
  const log = new LogLines();
  const missedTraffic = new MissedTraffic({ revision: 7 }, log);

  missedTraffic.beat(0, 250);
  missedTraffic.beat(5250, 250);
  missedTraffic.beat(13_700, 250);

  const stalls = log.lines.filter(({ message }) => message === 'this gateway stood still');
  expect(stalls).toMatchObject([{ level: 'warn', fields: { seconds: 8.2 } }]);
});
