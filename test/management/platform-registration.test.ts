import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RegisteredStreams } from '../../src/management/platform/registered-streams.ts';
import { Registration } from '../../src/management/platform/registration.ts';
import { CallError } from '../../src/platform/call-error.ts';
import type { MessageOf, PartOf } from '../../src/platform/message-type.ts';
import { FIND_VPS, GATEWAY_MESSAGE } from '../../src/platform/messages.ts';
import { readMessage } from '../../src/platform/read-message.ts';
import { writeMessage } from '../../src/platform/write-message.ts';

type Message = PartOf<typeof GATEWAY_MESSAGE>;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream, with what was sent on it and how it ended. */
function opened(
  call: (method: string) => Promise<Uint8Array> = async () => new Uint8Array(0),
  streams = new RegisteredStreams(),
  metrics = async () => 'metrics',
) {
  const said: unknown[] = [];
  const sent: Message[] = [];
  const ends: (CallError | undefined)[] = [];
  let syncs = 0;
  const registration = new Registration({
    send: (message) => sent.push(message),
    end: (error) => ends.push(error),
    call,
    sync: async () => {
      syncs += 1;
      return { success: true, added: syncs };
    },
    own: () => ({ gatewayId: 'pve1' }),
    metrics,
    streams,
    say: (...line) => void said.push(line),
    remote: '192.0.2.1',
    now: () => 1000,
  });
  const take = (message: Message) => registration.take(read(message));
  const register = () => take({ type: 'register', registration: { gatewayId: 'node1' } });
  return {
    registration,
    sent,
    said,
    ends,
    streams,
    take,
    register,
    types: () => sent.map(({ type }) => type),
  };
}

function read(message: Message): MessageOf<typeof GATEWAY_MESSAGE> {
  return readMessage(GATEWAY_MESSAGE, writeMessage(GATEWAY_MESSAGE, message));
}

it('who does not register within ten seconds is not waited for', () => {
  const { ends, take } = opened();

  take({ type: 'heartbeat' });
  vi.advanceTimersByTime(9_999);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(1);

  expect(ends).toMatchObject([{ code: 'deadline_exceeded' }]);
});

it('a heartbeat is sent every 30 seconds, and a peer that is silent for 100 is left', () => {
  const { ends, take, register, types, streams } = opened();

  register();
  for (let minute = 0; minute < 10; minute += 1) {
    vi.advanceTimersByTime(60_000);
    take({ type: 'heartbeat' });
  }
  expect([ends, streams.size, types().filter((type) => type === 'heartbeat').length]).toEqual([[], 1, 20]);
  vi.advanceTimersByTime(100_000);

  expect(ends).toMatchObject([{ code: 'deadline_exceeded' }]);
  expect(streams.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('at most 16 requests of one stream are at work; a further one is answered at once', async () => {
  const { take, sent } = opened(() => new Promise(() => {}));

  for (let number = 0; number < 17; number += 1)
    take({ type: 'request', request: { requestId: String(number), method: 'ListIPs' } });

  expect(sent).toMatchObject([
    {
      type: 'response',
      response: { requestId: '16', success: false, error: expect.stringContaining('too many') },
    },
  ]);
});

it('metrics that are asked for again and again are made one after another, and not once for each question', async () => {
  let made = 0;
  const { take, types } = opened(undefined, undefined, async () => {
    made += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
    return 'metrics';
  });

  for (let time = 0; time < 1000; time += 1) take({ type: 'metrics' });
  await vi.advanceTimersByTimeAsync(10);
  expect([made, types()]).toEqual([1, ['metrics']]);
  take({ type: 'metrics' });
  await vi.advanceTimersByTimeAsync(10);

  expect([made, types()]).toEqual([2, ['metrics', 'metrics']]);
});

it('of a name without end the log has the beginning', () => {
  const { take, said, registration } = opened();
  const endless = 'x'.repeat(1_000_000);

  take({
    type: 'register',
    registration: { gatewayId: endless, version: endless, gatewayIpDhcp: endless },
  });
  registration.close();

  expect(said).toHaveLength(2);
  expect(JSON.stringify(said).length).toBeLessThan(1000);
});

it('a request that fails is answered with its code and words', async () => {
  const { take, sent } = opened(async () => {
    throw new CallError('not_found', 'nothing is allocated to a');
  });

  take({ type: 'request', request: { requestId: 'a', method: 'ReleaseIP' } });
  await vi.advanceTimersByTimeAsync(0);

  expect(sent).toMatchObject([
    { response: { requestId: 'a', success: false, error: 'not_found: nothing is allocated to a' } },
  ]);
});

it('lists are taken one after another, and a third one that waits is refused', async () => {
  const { take, sent } = opened();

  for (let time = 0; time < 3; time += 1) take({ type: 'sync_allocations', syncAllocations: {} });
  await vi.advanceTimersByTimeAsync(0);

  expect(sent.map(({ syncResult }) => syncResult)).toMatchObject([
    { message: expect.stringContaining('wait already') },
    { success: true, added: 1 },
    { success: true, added: 2 },
  ]);
});

it('the first instance of the platform that knows a card is believed; who does not answer is waited for 5 seconds', async () => {
  const streams = new RegisteredStreams();
  const [ignorant, knowing] = [opened(undefined, streams), opened(undefined, streams)];
  for (const { register } of [ignorant, knowing]) register();
  const answer = ({ sent, take }: typeof ignorant, vpsId: string) => {
    const requestId = sent.find(({ type }) => type === 'request')?.request?.requestId ?? '';
    const payload = writeMessage(FIND_VPS.response, { vpsId });
    take({ type: 'response', response: { requestId, success: true, payload } });
  };

  const found = streams.findVps('10.15.3.20', '52:54:00:00:00:01');
  answer(ignorant, '');
  answer(knowing, 'vps-1');
  const silent = streams.findVps('10.15.3.21', '52:54:00:00:00:02');
  await vi.advanceTimersByTimeAsync(5000);

  expect(await found).toMatchObject({ vpsId: 'vps-1' });
  expect(await silent).toBeUndefined();
});
