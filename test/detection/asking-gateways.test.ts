import { expect, test } from 'vitest';
import { AskingGateways } from '../../src/detection/asking-gateways.ts';
import { FakeClock } from '../support/clock.ts';
import { at } from '../support/plan.ts';

const OTHER = at('10.15.3.11');

/** Whether it counts as a gateway after it has asked at these times: seconds. */
function isGatewayAfter(...times: readonly number[]): boolean {
  const clock = new FakeClock();
  const asking = new AskingGateways(clock);
  for (const time of times) {
    clock.stall(time * 1000 - clock.monotonic());
    asking.note(OTHER);
  }
  return asking.isGateway(OTHER);
}

test.each([
  [true, 'once a minute', [0, 60, 120]],
  [true, 'once a minute, three times each, as one that gets no answer does', [0, 1, 2, 60, 61, 62, 120]],
  [true, 'with one question lost', [0, 120, 180]],
  [false, 'twice', [0, 60]],
  [false, 'many times within some seconds, as a kernel does that finds nobody', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  [false, 'now and then, as a kernel does that has forgotten an address', [0, 400, 1000, 1500, 2000]],
])('%s: it is a gateway if it has asked %s', (expected, _, times) => {
  expect(isGatewayAfter(...times)).toBe(expected);
});

test.each([
  ['once', 1, 129, true],
  ['once', 1, 130, false],
  ['as a gateway does', 3, 130, true],
])(
  'who has asked %s (%i times) is forgotten after two minutes, unless it is a gateway: after %i s it is known: %s',
  (_, times, seconds, isKnown) => {
    const clock = new FakeClock();
    const asking = new AskingGateways(clock);
    for (let time = 0; time < times; time += 1) {
      clock.stall(60_000);
      asking.note(OTHER);
    }
    clock.stall(seconds * 1000);
    asking.check(() => false);

    expect(asking.askedAt(OTHER) !== undefined).toBe(isKnown);
  },
);

test('a gateway is forgotten when it shall be', () => {
  const clock = new FakeClock();
  const asking = new AskingGateways(clock);
  for (let time = 0; time < 3; time += 1) {
    clock.stall(60_000);
    asking.note(OTHER);
  }
  const forgotten = asking.check((gateway) => gateway === OTHER);

  expect(forgotten).toEqual([OTHER]);
  expect(asking.isGateway(OTHER)).toBe(false);
});

test('when it asked last is known, also if that question does not count', () => {
  const clock = new FakeClock();
  const asking = new AskingGateways(clock);
  asking.note(OTHER);
  clock.stall(1000);
  asking.note(OTHER);

  expect(asking.askedAt(OTHER)).toBe(1000);
  expect(asking.askedAt(at('10.15.3.12'))).toBeUndefined();
});
