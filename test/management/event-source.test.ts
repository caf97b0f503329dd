import { afterEach, expect, test } from 'vitest';
import type { RunningProblem } from '../../src/diagnosis/running-problem.ts';
import { EventLog } from '../../src/management/events/event-log.ts';
import { EventSource, type WatchedStatus } from '../../src/management/events/event-source.ts';
import { eventStream } from '../../src/management/events/event-stream.ts';
import type { SegmentNews } from '../../src/management/events/segment-news.ts';
import { SharedEventReader, SharedEvents } from '../../src/reporting/shared-events.ts';

const FULL: RunningProblem = { name: 'pool-full', message: 'full', remedy: 'more', stopsNewGuests: true };
const sources: EventSource[] = [];
afterEach(() => {
  for (const source of sources.splice(0)) source.end();
});

/** A source of events, whose gateway answers as `answers` say, one after the other. */
function sourceOf(...answers: readonly Promise<WatchedStatus>[]) {
  const log = new EventLog('77');
  const left = [...answers];
  let followers = 0;
  const source = new EventSource(log, new SharedEventReader(new SharedEvents(Date.now).memory, 'oldest'), {
    status: () => left.shift() ?? new Promise(() => {}),
    isFollowed: () => followers > 0,
    news: { take: async () => [] } as unknown as SegmentNews,
    node: 'pve1',
  });
  sources.push(source);
  const follow = (lastId?: string) => {
    source.follow();
    followers += 1;
    const reader = eventStream(
      log,
      lastId,
      () => true,
      () => {},
    ).getReader();
    return async () => new TextDecoder().decode((await reader.read()).value);
  };
  const leave = () => {
    followers = 0;
  };
  return { log, follow, leave };
}

const status = (...problems: readonly RunningProblem[]) => Promise.resolve({ problems, refusedClients: [] });
const iteration = () => new Promise((resolve) => setImmediate(resolve));

test('a reader has the head of its stream at once, though the thread that serves guests does not answer', async () => {
  const { follow } = sourceOf();

  expect(await follow()()).toContain(': events of vps-gateway');
});

test('a problem that came while nobody followed is news for a reader that goes on, and not for one that begins', async () => {
  const { log, follow, leave } = sourceOf(status(), status(FULL));
  follow();
  await iteration();
  leave();

  const [begins, goesOn] = [follow(), follow('76-1')];
  expect(await begins()).not.toContain('missed');
  expect(await goesOn()).toContain('event: missed');
  await iteration();

  expect(await goesOn()).toContain('"warning":"pool-full","state":"began"');
  log.add({ kind: 'store', data: { number: 1 } });
  log.wake();
  expect(await begins()).toMatch(/^id: 77-2\nevent: store/);
});
