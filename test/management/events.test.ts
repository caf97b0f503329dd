import { afterEach, expect, test, vi } from 'vitest';
import { EventLog } from '../../src/management/events/event-log.ts';
import { eventStream } from '../../src/management/events/event-stream.ts';

function filled(count: number, size = 10) {
  const log = new EventLog('77', size);
  const add = (number: number) => log.add({ kind: number % 2 === 0 ? 'lease' : 'pool', data: { number } });
  for (let number = 1; number <= count; number += 1) add(number);
  const follow = (lastId?: string, kind?: string) => {
    let isOver = false;
    const stream = eventStream(
      log,
      lastId,
      (event) => kind === undefined || event.kind === kind,
      () => {
        isOver = true;
      },
    );
    const reader = stream.getReader();
    const read = async () => {
      const { value } = await reader.read();
      return value === undefined ? undefined : new TextDecoder().decode(value);
    };
    return { reader, read, isOver: () => isOver };
  };
  return { log, add, follow };
}

afterEach(() => void vi.useRealTimers());

const idsIn = (text: string | undefined) => [...(text ?? '').matchAll(/^id: (\S+)$/gm)].map(([, id]) => id);

test('a reader gets what comes after it, each with its id, kind and data', async () => {
  const { log, add, follow } = filled(3);
  const { read } = follow();
  expect(await read()).toBe('retry: 2000\n: events of vps-gateway\nid: 77-3\n\n');

  const next = read();
  add(4);
  log.wake();

  expect(await next).toBe('id: 77-4\nevent: lease\ndata: {"number":4}\n\n');
});

test.each([0, 3, 20])(
  'a reader that is cut off before its first event goes on where it began, after %i events',
  async (count) => {
    const { add, follow } = filled(count);
    const first = follow();
    const [id = ''] = idsIn(await first.read());
    await first.reader.cancel();
    add(count + 1);

    const again = follow(id);

    expect(await again.read()).not.toContain('missed');
    expect(await again.read()).toContain(`data: {"number":${count + 1}}`);
  },
);

test('a reader hears that the stream is alive, and how far it is, also while only others have events', async () => {
  vi.useFakeTimers();
  const { log, add, follow } = filled(0);
  const { read } = follow(undefined, 'lease');
  await read();

  const next = read();
  for (let number = 1; number <= 31; number += 2) {
    await vi.advanceTimersByTimeAsync(1000);
    add(number);
    log.wake();
  }

  expect(await next).toMatch(/^: still there\nid: 77-1\d\n\n$/);
});

test('a reader goes on behind the last event that it had, and gets those of its kind', async () => {
  const { follow } = filled(8);
  const { read } = follow('77-2', 'lease');

  await read();
  expect(idsIn(await read())).toEqual(['77-4', '77-6', '77-8']);
});

test.each([
  ['77-2', '{"missed":8}'],
  ['76-19', '{"missed":null}'],
  ['nonsense', '{"missed":null}'],
  ['77-99', '{"missed":null}'],
])(
  'a reader that was away for too long, or follows an earlier process, is told first what it missed: %s',
  async (id, data) => {
    const { follow } = filled(20);
    const { read } = follow(id);

    expect(await read()).toContain(`event: missed\ndata: ${data}\n\n`);
    expect(idsIn(await read())).toHaveLength(10);
  },
);

test('what happened while nobody followed is told to a reader that goes on, and not to one that begins', async () => {
  const { log, add, follow } = filled(3);
  const [begins, goesOn] = [follow(), follow('77-3')];
  await Promise.all([begins.read(), goesOn.read()]);

  log.add({ kind: 'pool', wasUnfollowed: true, data: { number: 4 } });
  add(5);
  log.wake();

  expect(idsIn(await begins.read())).toEqual(['77-5']);
  expect(idsIn(await goesOn.read())).toEqual(['77-4', '77-5']);
});

test('a reader that is slower than the events is cut off, and holds up nobody', async () => {
  const { log, add, follow } = filled(5);
  const slow = follow('77-1');
  const quick = follow('77-5');
  await slow.read();
  await slow.read();
  await quick.read();

  for (let number = 6; number < 100; number += 1) add(number);
  log.wake();

  const ended = [await slow.read(), await slow.read(), await slow.read()];
  expect(ended).toContain(undefined);
  expect(slow.isOver()).toBe(true);
});

test('a reader that goes away leaves nothing behind', async () => {
  const { log, follow } = filled(1);
  const { reader, read, isOver } = follow();
  await read();
  void read();

  await reader.cancel();

  expect(isOver()).toBe(true);
  expect(() => log.wake()).not.toThrow();
});
