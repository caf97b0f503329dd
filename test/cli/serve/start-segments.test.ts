import { expect, test } from 'vitest';
import { startSegments } from '../../../src/cli/serve/start-segments.ts';
import { GatewayError } from '../../../src/errors.ts';

const FAILURE = new GatewayError('store-locked', 'another process has it');
const FOREVER = new Promise<never>(() => {});

const segment = (start: () => Promise<void>, startPatiently: () => Promise<unknown> = () => FOREVER) => ({
  start,
  startPatiently,
});
const starts = segment(
  async () => {},
  async () => undefined,
);
const fails = segment(
  () => Promise.reject(FAILURE),
  async () => FAILURE,
);
const waits = segment(() => FOREVER);

test('the start of several is over when one of them serves, whatever the others do', async () => {
  await expect(startSegments([waits, fails, starts], true)).resolves.toBeUndefined();
});

test('if none of several starts, the first failure is that of the process', async () => {
  await expect(startSegments([fails, fails], true)).rejects.toBe(FAILURE);
});

test('one that is alone fails at once', async () => {
  await expect(startSegments([fails], false)).rejects.toBe(FAILURE);
});
