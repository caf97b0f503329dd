import { once } from 'node:events';
import { type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { CallCounts } from '../../src/management/metrics/call-counts.ts';
import { ConnectServer, type ConnectServerParts } from '../../src/management/platform/connect-server.ts';
import { Http2Door } from '../../src/management/platform/http2-door.ts';
import { SERVICE } from '../../src/platform/messages.ts';
import { eventually } from '../support/eventually.ts';

const MEGABYTE = 1 << 20;

/** A port whose lists are long, and callers that read no octet of an answer's body. */
async function callerOf(megabytes: number) {
  const vpsId = 'x'.repeat(megabytes * MEGABYTE);
  const parts: Partial<Record<keyof ConnectServerParts, unknown>> = {
    counts: new CallCounts(),
    say: () => {},
    admission: { authorOf: () => 'the platform' },
    calls: { ListIPs: async () => ({ allocations: [{ vpsId }] }) },
  };
  const server = new ConnectServer(parts as unknown as ConnectServerParts);
  const door = new Http2Door((stream, headers) => server.take(stream, headers));
  door.server.listen(0, '127.0.0.1');
  await once(door.server, 'listening');
  const { port } = door.server.address() as AddressInfo;
  onTestFinished(() => {
    door.closeAll();
    door.server.close();
  });
  return async (): Promise<{ readonly stream: ClientHttp2Stream; readonly status: number }> => {
    // Of one connection Node itself keeps 32 MiB at most.
    const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    session.on('error', () => {});
    onTestFinished(() => session.destroy());
    const head = { ':method': 'POST', ':path': `/${SERVICE}/ListIPs`, 'content-type': 'application/json' };
    const stream = session.request(head);
    stream.on('error', () => {});
    stream.end('{}');
    const [answer] = (await once(stream, 'response')) as [{ readonly ':status': number }];
    return { stream, status: answer[':status'] };
  };
}

test('answers that nobody reads are kept up to 64 MiB; further ones are refused until these are gone', async () => {
  const call = await callerOf(20);

  const held = [await call(), await call(), await call()];
  const further = await call();
  for (const { stream } of held) stream.close();
  await eventually('an answer is kept again', async () => {
    const { status } = await call();
    return status === 200;
  });

  expect(held.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(further.status).toBe(429);
});
