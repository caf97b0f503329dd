import { expect, test } from 'vitest';
import { FoundGateways } from '../../src/detection/found-gateways.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import { FakeClock } from '../support/clock.ts';
import { at } from '../support/plan.ts';

const [ONE, OTHER] = [at('10.15.3.11'), at('10.15.3.12')];
const MINUTE = 60_000;

function asking(known: readonly Ipv4[]) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const gateways = new FoundGateways(clock);
  gateways.begin({
    canAsk: true,
    ask: (address) => {
      asked.push(ipv4ToText(address));
      return true;
    },
  });
  /** Who is asked for within this time. */
  const pass = async (milliseconds: number, isConnected = true) => {
    for (let passed = 0; passed < milliseconds; passed += 250) {
      gateways.beat(new Set(known), isConnected);
      await clock.pass(250);
    }
    return asked.splice(0);
  };
  return { gateways, clock, pass };
}

test('each address that may be a gateway is asked for some times at the start, and then once a minute', async () => {
  const { gateways, clock, pass } = asking([ONE, OTHER]);
  const first = pass(250);
  gateways.note(ONE, clock.monotonic());
  const start = [...(await first), ...(await pass(MINUTE - 250))];

  expect(start.filter((each) => each === '10.15.3.11')).toHaveLength(1);
  expect(start.filter((each) => each === '10.15.3.12')).toHaveLength(3);
  const second = pass(250);
  gateways.note(ONE, clock.monotonic());
  expect([...(await second), ...(await pass(MINUTE - 250))]).toEqual(['10.15.3.11', '10.15.3.12']);
});

test('one that clients name is asked for at once, and twice more within the minute, however often it is named', async () => {
  const { gateways, pass } = asking([ONE]);
  await pass(2 * MINUTE);
  for (let time = 0; time < 100; time += 1) gateways.want(ONE);

  expect(await pass(MINUTE - 250)).toHaveLength(3);
});

test('of very many that may be gateways those are asked for that clients name', async () => {
  const many = Array.from({ length: 1000 }, (_, index) => ipv4(at('10.16.0.0') + index));
  const { gateways, pass } = asking(many);
  await pass(MINUTE);
  const last = many.at(-1) ?? ONE;

  gateways.want(last);

  expect(await pass(250)).toContain(ipv4ToText(last));
  expect(new Set(await pass(MINUTE)).size).toBeLessThan(100);
});

test('one that has answered before is asked for three times in a lap, so that one lost answer is no silence', async () => {
  const { gateways, clock, pass } = asking([ONE, OTHER]);
  gateways.note(ONE, clock.monotonic());
  await pass(MINUTE);

  expect((await pass(MINUTE)).toSorted()).toEqual(['10.15.3.11', '10.15.3.11', '10.15.3.11', '10.15.3.12']);
});

test('of very many that may be gateways those are asked for in each lap that have answered before', async () => {
  const many = Array.from({ length: 1000 }, (_, index) => ipv4(at('10.16.0.0') + index));
  const { gateways, clock, pass } = asking(many);
  const [last = ONE, untold = ONE] = [many.at(-1), many.at(-2)];
  await pass(MINUTE);
  gateways.note(last, clock.monotonic());

  expect(await pass(MINUTE)).toContain(ipv4ToText(last));
  expect(gateways.askedSince(last)).toBe(0);
  expect(gateways.askedSince(untold)).toBeUndefined();
});

test.each([
  [
    'the interface was not connected',
    async ({ pass }: ReturnType<typeof asking>) => void (await pass(1000, false)),
  ],
  ['the process stood still', async ({ clock }: ReturnType<typeof asking>) => clock.stall(10 * MINUTE)],
])('after %s all are asked for at once, and their silence counts from then on', async (_, interrupt) => {
  const bench = asking([ONE]);
  await bench.pass(10_000);
  await interrupt(bench);
  const since = bench.clock.monotonic();

  expect(await bench.pass(250)).toEqual(['10.15.3.11']);
  expect(bench.gateways.askedSince(ONE)).toBe(since);
});

test('while the interface is not connected nobody is said to be asked for', async () => {
  const { gateways, pass } = asking([ONE]);
  await pass(10_000);
  await pass(250, false);

  expect(gateways.askedSince(ONE)).toBeUndefined();
});
