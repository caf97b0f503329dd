import { expect, test } from 'vitest';
import { SharedWork } from '../../src/management/http/shared-work.ts';

test('whoever asks before the work begins shares it, and whoever asks while it runs gets the next one', async () => {
  let begun = 0;
  let end: () => void = () => {};
  const work = new SharedWork(0, async () => {
    begun += 1;
    const number = begun;
    await new Promise<void>((resolve) => (end = resolve));
    return number;
  });

  const together = [work.result(), work.result()];
  await new Promise((resolve) => setImmediate(resolve));
  const later = work.result();
  end();
  expect(await Promise.all(together)).toEqual([1, 1]);
  await new Promise((resolve) => setImmediate(resolve));
  end();

  expect(await later).toBe(2);
});

test('work that fails fails those that asked for it alone', async () => {
  let isBroken = true;
  const work = new SharedWork(0, async () => {
    if (isBroken) throw new Error('broken');
    return 'well';
  });

  await expect(work.result()).rejects.toThrow('broken');
  isBroken = false;
  expect(await work.result()).toBe('well');
});
