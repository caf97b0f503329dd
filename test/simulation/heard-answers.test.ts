import { expect, test } from 'vitest';
import { FakeClock } from '../support/clock.ts';
import { HeardAnswers } from './heard-answers.ts';

const GATEWAY = '10.15.3.11';
const OTHER = '10.15.3.12';
/** Milliseconds. */
const STARTED = 10_000;
const WHILE = 20_000;

/** Machines that have answered a gateway, each at an address of its own, and all at one time. */
function answered(gateway: string, count: number, at: number) {
  return Array.from(
    { length: count },
    (_, index) => [`${gateway}/10.15.3.${20 + index}`, new Map([[`52:54:00:00:02:0${index}`, at]])] as const,
  );
}

test.each([
  ['four machines that have answered a gateway since its start', GATEWAY, 4, STARTED, WHILE, true],
  ['three of them', GATEWAY, 3, STARTED, WHILE, false],
  ['those that have answered an earlier process of it', GATEWAY, 4, STARTED - 1, WHILE, false],
  ['those that have answered another gateway', OTHER, 4, STARTED, WHILE, false],
  ['those that were heard more than ten minutes ago', GATEWAY, 4, STARTED, 600_001, false],
])('a crowd may be: %s', async (_, gateway, count, at, passed, expected) => {
  const clock = new FakeClock();
  await clock.pass(STARTED + passed);

  const heard = new HeardAnswers(new Map(answered(gateway, count, at)), clock);

  expect(heard.mayBeCrowd(GATEWAY, STARTED)).toBe(expected);
});

test('one machine at many addresses is no crowd', () => {
  const all = answered(GATEWAY, 9, 0).map(([name]) => [name, new Map([['52:54:00:00:02:00', 0]])] as const);

  expect(new HeardAnswers(new Map(all), new FakeClock()).mayBeCrowd(GATEWAY, 0)).toBe(false);
});

test('an answer that may be taken for a lie is no other one of the same machine', async () => {
  const clock = new FakeClock();
  const heard = new HeardAnswers(new Map(), clock);
  const [address, mac] = ['10.15.3.20', '52:54:00:00:02:00'] as const;
  await clock.pass(1000);
  heard.doubt(GATEWAY, address, mac);

  expect([1000, 999, 2000].map((at) => heard.wasDoubted(GATEWAY, address, mac, at))).toEqual([
    true,
    false,
    false,
  ]);
  expect(heard.wasDoubted(OTHER, address, mac, 1000)).toBe(false);
});
