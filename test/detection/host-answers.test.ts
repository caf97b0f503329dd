import { expect, test } from 'vitest';
import { HostAnswers } from '../../src/detection/host-answers.ts';
import { FakeClock } from '../support/clock.ts';
import { at } from '../support/plan.ts';

const THERE = at('192.0.2.11');
const ELSEWHERE = at('192.0.2.12');

function setUp() {
  const clock = new FakeClock();
  return { clock, answers: new HostAnswers(clock) };
}

test('a host is left its guests when one of them was heard selecting another gateway, for ten minutes', async () => {
  const { clock, answers } = setUp();
  expect(answers.takes(THERE)).toBe(false);

  answers.noteSelection(THERE);
  expect([THERE, ELSEWHERE, undefined, 'own' as const].map((host) => answers.takes(host))).toEqual([
    ...[true, false, false, false],
  ]);
  await clock.pass(599_000);
  expect(answers.takes(THERE)).toBe(true);
  await clock.pass(1000);
  expect(answers.takes(THERE)).toBe(false);
});

test('a host whose gateway is down, or grants nothing, is waited for once: not again until it has answered a guest', () => {
  const { answers } = setUp();
  answers.noteSelection(THERE);
  answers.noteSelection(ELSEWHERE);

  answers.noteUnanswered(THERE);
  expect(answers.takes(THERE)).toBe(false);
  expect(answers.takes(ELSEWHERE)).toBe(true);
  answers.noteSelection(THERE);
  expect(answers.takes(THERE)).toBe(true);
});

test('a flood is not left to anybody: each message would wait here', async () => {
  const { clock, answers } = setUp();
  answers.noteSelection(THERE);
  const left = () => Array.from({ length: 1000 }, () => answers.takes(THERE)).filter(Boolean).length;

  expect(left()).toBe(256);
  await clock.pass(1000);
  expect(left()).toBe(64);
});

test('a bounded number of hosts is remembered, those whose guests were answered last', () => {
  const { answers } = setUp();
  for (let number = 0; number < 300; number += 1)
    answers.noteSelection(at(`192.0.${2 + (number >> 8)}.${number & 255}`));

  expect(answers.takes(at('192.0.2.0'))).toBe(false);
  expect(answers.takes(at('192.0.3.43'))).toBe(true);
});
