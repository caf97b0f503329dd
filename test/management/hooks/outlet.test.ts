import { expect, test } from 'vitest';
import type { ChangeDocument } from '../../../src/management/hooks/change.ts';
import { type Delivery, type DeliveryOutcome, Outlet } from '../../../src/management/hooks/outlet.ts';
import type { SharedEvent } from '../../../src/reporting/shared-events.ts';

const TAKEN: DeliveryOutcome = { kind: 'taken' };
const REFUSED: DeliveryOutcome = {
  kind: 'failed',
  cause: 'it answered 400',
  isTimeout: false,
  mayRepeat: false,
};
const LATER: DeliveryOutcome = {
  kind: 'failed',
  cause: 'it answered 503',
  isTimeout: false,
  mayRepeat: true,
};

/** An outlet whose receiver answers when the test says so. */
function bench() {
  const heard: ChangeDocument[] = [];
  const said: string[] = [];
  const waits: { milliseconds: number; run: () => void }[] = [];
  let answer: (outcome: DeliveryOutcome) => void = () => {};
  let isReadable = true;
  const delivery: Delivery = {
    ...{ name: 'webhook', target: 'https://hooks.example.net' },
    deliver: ({ text }) => {
      heard.push(JSON.parse(text) as ChangeDocument);
      return new Promise((resolve) => (answer = resolve));
    },
    end: () => answer(REFUSED),
  };
  const outlet = new Outlet({
    ...{ delivery, segment: 'tenant-1', node: 'pve1', start: 's' },
    changesOf: async (events) => {
      if (!isReadable) throw new Error('the lease file cannot be read');
      return events.map(({ at }) => ({ at }) as never);
    },
    say: (level, _fields, message) => said.push(`${level} ${message}`),
    after: (milliseconds, run) => {
      waits.push({ milliseconds, run });
      return () => {};
    },
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ outlet, heard, said, waits },
    push: async (from: number, count = 1, lost = 0) => {
      outlet.push(
        Array.from({ length: count }, (_, index) => ({ at: from + index }) as SharedEvent),
        lost,
      );
      await settled();
    },
    begin: async () => {
      outlet.begin();
      await settled();
    },
    answer: async (outcome: DeliveryOutcome) => {
      answer(outcome);
      await settled();
    },
    pass: async () => {
      const wait = waits.at(-1);
      wait?.run();
      await settled();
      return wait?.milliseconds;
    },
    breakFile: (isBroken: boolean) => (isReadable = !isBroken),
  };
}

/** The numbers of the changes of a document, and what it has missed. */
function numbersIn(document: ChangeDocument | undefined) {
  return { missed: document?.missed, changes: document?.changes.map(({ at }) => Number(at)) };
}

test('the first document says that nobody knows what was before; the others follow one by one, in their order', async () => {
  const { begin, push, answer, heard } = bench();
  await begin();
  await push(1);
  await push(2, 2);

  expect(heard).toEqual([{ id: 's-1', segment: 'tenant-1', node: 'pve1', missed: null, changes: [] }]);
  await answer(TAKEN);
  await answer(TAKEN);

  expect(heard.slice(1).map(numbersIn)).toEqual([{ missed: 0, changes: [1, 2, 3] }]);
});

test('a document that may be taken later is sent again as it was, under its id, each time after a longer wait', async () => {
  const { begin, push, answer, pass, heard, outlet } = bench();
  await begin();
  await answer(TAKEN);
  await push(1);
  const waited: unknown[] = [];
  for (let count = 0; count < 9; count += 1) {
    await answer(LATER);
    await push(100 + count);
    waited.push(await pass());
  }
  await answer(TAKEN);
  await answer(TAKEN);

  expect(waited).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(new Set(heard.slice(1, 11).map(({ id }) => id))).toEqual(new Set(['s-2']));
  expect(numbersIn(heard[11])).toEqual({
    missed: 0,
    changes: Array.from({ length: 9 }, (_, index) => 100 + index),
  });
  expect(outlet.figures).toMatchObject({ changes: 10, missed: 0, waiting: 0, trouble: undefined });
});

test('what is refused is not sent again, and the next document says how much that was, what it had missed included', async () => {
  const { begin, push, answer, pass, heard, outlet } = bench();
  await begin();
  await answer(TAKEN);
  await push(1, 3);
  await answer(REFUSED);
  await push(4, 2);
  await pass();
  await answer(REFUSED);
  await pass();

  expect(heard.slice(2).map(numbersIn)).toEqual([
    { missed: 3, changes: [4, 5] },
    { missed: 5, changes: [] },
  ]);
  await answer(TAKEN);
  expect(outlet.figures).toMatchObject({ missed: 5, waiting: 0, outcomes: { taken: 2, failed: 2 } });
});

test('ten thousand changes wait; beyond that the oldest are dropped, said once and told as missed', async () => {
  const { begin, push, answer, heard, said, outlet } = bench();
  await begin();
  await push(0, 9000);
  await push(9000, 2000);
  await push(11_000, 500);
  const { waiting, missed, trouble } = outlet.figures;
  await answer(TAKEN); // The start.
  const [, next] = heard;

  expect({ waiting, missed }).toEqual({ waiting: 10_000, missed: 1500 });
  expect(trouble).toContain('some are dropped');
  expect(said).toEqual(['warn changes of leases come faster than they are taken; the oldest are dropped']);
  expect(numbersIn(next)).toMatchObject({ missed: 1500 });
  expect(next?.changes).toHaveLength(256);
  expect(next?.changes[0]?.at).toBe(1500);
});

test('changes that were lost before they could be read make it unknown how many were missed', async () => {
  const { begin, push, answer, heard } = bench();
  await begin();
  await answer(TAKEN);
  await push(1, 1, 4000);

  expect(numbersIn(heard[1])).toEqual({ missed: null, changes: [1] });
});

test('three failures in a row are a problem, and one success ends it; failures are said less and less often', async () => {
  const { begin, answer, pass, said, outlet } = bench();
  await begin();
  const troubles: unknown[] = [];
  for (let count = 0; count < 8; count += 1) {
    await answer(LATER);
    troubles.push(outlet.figures.trouble);
    await pass();
  }
  await answer(TAKEN);

  expect(troubles.slice(0, 3)).toEqual([undefined, undefined, 'it failed 3 times in a row: it answered 503']);
  expect(outlet.figures.trouble).toBeUndefined();
  expect(said).toEqual([
    ...Array.from({ length: 4 }, () => 'warn changes of leases were not taken'),
    'info changes of leases are taken again',
  ]);
});

test('while the lease file cannot be read, changes wait', async () => {
  const { begin, push, answer, pass, heard, breakFile } = bench();
  await begin();
  await answer(TAKEN);
  breakFile(true);
  await push(1);
  breakFile(false);
  await pass();

  expect(heard.slice(1).map(numbersIn)).toEqual([{ missed: 0, changes: [1] }]);
});

test('after its end nothing is sent', async () => {
  const { begin, push, outlet, heard, waits } = bench();
  await begin();
  outlet.end();
  await push(1);

  expect(heard).toHaveLength(1);
  expect(waits).toEqual([]);
});
