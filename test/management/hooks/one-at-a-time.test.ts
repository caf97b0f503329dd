import { expect, test } from 'vitest';
import { oneAtATime, RunQueue } from '../../../src/management/hooks/one-at-a-time.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/management/hooks/outlet.ts';

const TAKEN: DeliveryOutcome = { kind: 'taken' };

/** A delivery whose runs end when the test says so. */
function slow(said: string[], name: string) {
  const ends: (() => void)[] = [];
  const delivery: Delivery = {
    name: 'hook',
    target: '/hook',
    deliver: ({ id }) =>
      new Promise((resolve) => {
        said.push(`${name} ${id} begins`);
        ends.push(() => {
          said.push(`${name} ${id} ends`);
          resolve(TAKEN);
        });
      }),
    end: () => said.push(`${name} is ended`),
  };
  return { delivery, ends };
}

const document = (id: string) => ({ id, text: '{}' });
const settled = () => new Promise(setImmediate);

test('the program of two segments is run for one of them at a time, in the order of their documents', async () => {
  const said: string[] = [];
  const [a, b] = [slow(said, 'a'), slow(said, 'b')];
  const runs = new RunQueue();

  const outcomes = [
    oneAtATime(a.delivery, runs).deliver(document('1')),
    oneAtATime(b.delivery, runs).deliver(document('2')),
  ];
  await settled();
  const before = [...said];
  a.ends[0]?.();
  await settled();
  b.ends[0]?.();

  expect(before).toEqual(['a 1 begins']);
  expect(await Promise.all(outcomes)).toEqual([TAKEN, TAKEN]);
  expect(said).toEqual(['a 1 begins', 'a 1 ends', 'b 2 begins', 'b 2 ends']);
});

test('a run that waits when the gateway is stopped is not begun', async () => {
  const said: string[] = [];
  const [a, b] = [slow(said, 'a'), slow(said, 'b')];
  const runs = new RunQueue();
  const waiting = oneAtATime(b.delivery, runs);

  const first = oneAtATime(a.delivery, runs).deliver(document('1'));
  const second = waiting.deliver(document('2'));
  await settled();
  waiting.end();
  a.ends[0]?.();

  expect([await first, await second]).toMatchObject([TAKEN, { kind: 'failed' }]);
  expect(said).toEqual(['a 1 begins', 'b is ended', 'a 1 ends']);
});
