import { expect, test } from 'vitest';
import { SharedReads } from '../../src/management/http/shared-reads.ts';

const PATIENT = new AbortController().signal;

/** Reads that end when the test says so, each with its number as the result. */
function reads() {
  const shared = new SharedReads();
  const begun: { readonly signal: AbortSignal; end(): void }[] = [];
  const ask = (question: string, signal = PATIENT) =>
    shared.result(
      question,
      signal,
      (of) =>
        new Promise<number>((resolve, reject) => {
          const number = begun.length + 1;
          begun.push({ signal: of, end: () => resolve(number) });
          of.addEventListener('abort', () => reject(of.reason));
          if (of.aborted) reject(of.reason);
        }),
    );
  return { ask, begun };
}

const moment = () => new Promise((resolve) => setImmediate(resolve));

test('those who ask while a read is under way share the next one, which begins after their question', async () => {
  const { ask, begun } = reads();
  const first = ask('all');
  await moment();

  const later = [ask('all'), ask('all'), ask('all')];
  await moment();
  expect(begun).toHaveLength(1);
  begun[0]?.end();
  await moment();
  begun[1]?.end();

  expect(await first).toBe(1);
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
});

test('another question has a read of its own at once', async () => {
  const { ask, begun } = reads();
  const asked = [ask('one'), ask('other')];
  await moment();

  for (const { end } of begun) end();

  expect(await Promise.all(asked)).toEqual([1, 2]);
});

test('a read goes on while one of its askers waits, and ends with the last of them', async () => {
  const { ask, begun } = reads();
  const [impatient, another] = [new AbortController(), new AbortController()];
  const left = ask('all', impatient.signal);
  const asked = ask('all', another.signal);
  await moment();

  impatient.abort();
  await expect(left).rejects.toThrow(/abort/);
  expect(begun[0]?.signal.aborted).toBe(false);
  another.abort();

  await expect(asked).rejects.toThrow(/abort/);
  expect(begun[0]?.signal.aborted).toBe(true);
});

test('a read that nobody waits for any more does not begin', async () => {
  const { ask, begun } = reads();
  const gone = new AbortController();
  const first = ask('all');
  await moment();
  const second = ask('all', gone.signal);

  gone.abort();
  await expect(second).rejects.toThrow(/abort/);
  begun[0]?.end();

  expect(await first).toBe(1);
  await moment();
  expect(begun.filter(({ signal }) => !signal.aborted)).toHaveLength(1);
});
