import { expect, test } from 'vitest';
import { betweenPages, setLowPriority } from '../../../../src/store/sqlite/query/pages.ts';

/** Reads so many pages, and tells each of them. */
async function readPages(name: string, pages: number, told: string[], signal = new AbortController().signal) {
  for (let page = 1; page <= pages; page += 1) {
    told.push(name);
    await betweenPages(signal);
  }
}

test('of long reads the one that came first ends first, and then the next', async () => {
  const told: string[] = [];
  const ended: string[] = [];
  const names = ['a', 'b', 'c', 'd'];

  await Promise.all(
    names.map(async (name) => {
      await readPages(name, 50, told);
      ended.push(name);
    }),
  );

  expect(ended).toEqual(names);
  // When the first has ended, the others have only begun.
  const others = told.slice(0, told.lastIndexOf('a')).filter((name) => name !== 'a');
  expect(others.length).toBeLessThanOrEqual(5 * (names.length - 1));
});

test('a short read does not wait for the long ones', async () => {
  const told: string[] = [];
  const long = [readPages('a', 500, told), readPages('b', 500, told)];
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));

  await readPages('short', 2, told);

  expect(told.length).toBeLessThan(100);
  await Promise.all(long);
});

test('a long read whose asker has gone ends while it waits, and holds up nobody', async () => {
  const told: string[] = [];
  const gone = new AbortController();
  const first = readPages('a', 100, told);
  const left = readPages('b', 100, told, gone.signal);
  const last = readPages('c', 100, told);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));

  gone.abort();

  await expect(left).rejects.toThrow(/abort/);
  expect(told.filter((name) => name === 'b').length).toBeLessThan(10);
  await Promise.all([first, last]);
  expect(told.filter((name) => name === 'c')).toHaveLength(100);
});

test('a long read for one thing goes before those of low priority, though they came first', async () => {
  const told: string[] = [];
  const searches = ['a', 'b'].map((name) => {
    const { signal } = new AbortController();
    setLowPriority(signal);
    return readPages(name, 300, told, signal);
  });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));

  await readPages('one', 100, told);

  expect(told.length).toBeLessThan(200);
  await Promise.all(searches);
});
