import { expect, test } from 'vitest';
import type { LabOrder, StepResult } from '../../../src/cli/lab/orders/order.ts';
import { OrderRunner } from '../../../src/cli/lab/orders/order-runner.ts';
import type { LabEvent } from '../../../src/cli/lab/telling/lab-event.ts';

const KEPT: StepResult = { kept: true, seen: 'all was well' };

function orderOf(key: string, parts: Partial<LabOrder> = {}): LabOrder {
  const title = `order ${key}`;
  const says = () => 'all should be well.';
  return { name: key, key, title, promise: 'all is well', needs: [], says, does: async () => KEPT, ...parts };
}

function runnerOf(...orders: readonly LabOrder[]) {
  const told: LabEvent[] = [];
  const lab = { isEnding: false, tell: (event: LabEvent) => void told.push(event) };
  return { runner: new OrderRunner(lab, orders), lab, told };
}

test('an order says first what should happen, and then what did', async () => {
  const { runner, told } = runnerOf(orderOf('k'));

  await runner.press('k');

  expect(told).toMatchObject([
    { kind: 'order', title: 'order k', expected: 'all should be well.' },
    { kind: 'outcome', title: 'order k', kept: true, seen: 'all was well' },
  ]);
});

test('the second press of a key undoes what the first one did, and the third one does it again', async () => {
  const { runner, told } = runnerOf(orderOf('k', { undo: orderOf('k', { title: 'undone' }) }));

  for (let press = 0; press < 3; press += 1) await runner.press('k');

  const titles = told.filter((event) => event.kind === 'order').map(({ title }) => title);
  expect(titles).toEqual(['order k', 'undone', 'order k']);
});

test('while a part of the lab is missing, orders that need it wait for its coming back', async () => {
  const kill = orderOf('k', {
    takes: 'gateway',
    needs: ['gateway'],
    undo: orderOf('k', { title: 'it is back' }),
  });
  const { runner, told } = runnerOf(
    kill,
    orderOf('r', { needs: ['gateway'] }),
    orderOf('b', { needs: ['network'] }),
  );

  for (const key of ['k', 'r', 'b', 'k', 'r']) await runner.press(key);

  const titles = told.filter((event) => event.kind === 'order').map(({ title }) => title);
  expect(titles).toEqual(['order k', 'order b', 'it is back', 'order r']);
  expect(told.find((event) => event.kind === 'progress')?.text).toBe('refused: first k: it is back');
});

test('while one order is carried out, another one is not taken', async () => {
  let finish = (_seen: StepResult): void => {};
  const long = orderOf('l', { does: () => new Promise((resolve) => (finish = resolve)) });
  const { runner, told } = runnerOf(long, orderOf('k'));

  const pressed = runner.press('l');
  await runner.press('k');
  finish(KEPT);
  await pressed;

  const titles = told.filter((event) => event.kind === 'order').map(({ title }) => title);
  expect(titles).toEqual(['order l']);
  expect(told.find((event) => event.kind === 'progress')?.text).toContain('order l');
});

test('an order that fails has not kept its promise, and those behind it are carried out all the same', async () => {
  const failing = orderOf('x', { does: () => Promise.reject(new Error('no such port')) });
  const { runner } = runnerOf(failing, orderOf('k'));

  await runner.all();

  expect(runner.tried).toEqual([
    { order: 'order x', promise: 'all is well', kept: false, seen: 'no such port' },
    { order: 'order k', promise: 'all is well', kept: true, seen: 'all was well' },
  ]);
});

test('an order that this lab cannot carry out is not tried, neither by key nor by the script', async () => {
  const { runner, told } = runnerOf(
    orderOf('m', { hindrance: 'it takes --nodes 2 at least', undo: orderOf('m') }),
  );

  await runner.press('m');
  await runner.all();

  expect(told.map(({ kind }) => kind)).toEqual(['progress']);
  expect(runner.tried.map(({ kept }) => kept)).toEqual([undefined, undefined]);
});

test('of what the end of the lab has interrupted, nothing is said but that', async () => {
  const ending = orderOf('b', {
    does: async () => {
      lab.isEnding = true;
      return { kept: false, seen: 'no answer' };
    },
  });
  const { runner, lab, told } = runnerOf(orderOf('a'), ending, orderOf('c'));

  await runner.all();

  expect(runner.tried.map(({ kept }) => kept)).toEqual([true, undefined, undefined]);
  expect(told.map(({ kind }) => kind)).toEqual(['order', 'outcome', 'order']);
});
