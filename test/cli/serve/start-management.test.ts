import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { ManagementThread } from '../../../src/cli/serve/start-management.ts';
import type { GatewayCalls } from '../../../src/management/gateway/gateway-calls.ts';
import type { ManagementOptions } from '../../../src/management/gateway/options.ts';
import { FakeClock } from '../../support/clock.ts';
import { eventually } from '../../support/eventually.ts';

const OPTIONS = { sockets: '/nowhere', port: 'off', segments: [] } as unknown as ManagementOptions;
const NO_GATEWAY: readonly GatewayCalls[] = [];

function program(text: string): URL {
  const file = join(mkdtempSync(join(tmpdir(), 'vps-gateway-thread-')), 'thread.mjs');
  writeFileSync(file, text);
  return pathToFileURL(file);
}

test('a thread that dies is said, and started again after a time that doubles', async () => {
  const clock = new FakeClock();
  const said: { message: string; againInMilliseconds?: number }[] = [];
  const thread = new ManagementThread(
    () => OPTIONS,
    NO_GATEWAY,
    clock,
    (_, fields, message) => said.push({ ...fields, message }),
    program('throw new Error("died");'),
  );

  thread.start();
  const waits: (number | undefined)[] = [];
  const problems: unknown[] = [];
  for (const wait of [1000, 2000, 4000]) {
    await eventually('it has died', () => said.length > waits.length);
    waits.push(said.at(-1)?.againInMilliseconds);
    problems.push(...thread.problems.map(({ name }) => name));
    await clock.pass(wait);
  }
  await thread.end();

  expect(waits).toEqual([1000, 2000, 4000]);
  expect(problems).toEqual(['api', 'api', 'api']);
  expect(said[0]).toMatchObject({ cause: expect.stringContaining('died') });
});

test('what the thread finds wrong is known outside it, as long as it says so', async () => {
  const problem = { name: 'api-certificate', message: 'ends soon', remedy: 'renew', stopsNewGuests: false };
  const thread = new ManagementThread(
    () => OPTIONS,
    NO_GATEWAY,
    new FakeClock(),
    () => {},
    program(`import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ kind: 'problems', problems: [${JSON.stringify(problem)}] });
      parentPort.on('message', ({ kind }) => {
        if (kind === 'close') process.exit(0);
        parentPort.postMessage({ kind: 'problems', problems: [] });
      });`),
  );
  expect(thread.problems).toEqual([]);

  thread.start();
  await eventually('it has told', () => thread.problems.length > 0);
  expect(thread.problems).toEqual([problem]);
  thread.adopted(); // Any message.
  await eventually('it is well again', () => thread.problems.length === 0);
  await thread.end();
});

test('a thread that uses more memory than it may ends alone', async () => {
  const said: { cause?: string }[] = [];
  const hungry = 'const all = []; for (;;) all.push(new Array(1e6).fill(all.length));';
  const thread = new ManagementThread(
    () => OPTIONS,
    NO_GATEWAY,
    new FakeClock(),
    (_, fields) => said.push(fields),
    program(hungry),
  );

  thread.start();
  await eventually('it has died', () => said.length > 0, 60_000);
  await thread.end();

  expect(said[0]?.cause).toMatch(/memory/);
}, 60_000);

test('a stop waits for a thread that closes, and not for one that hangs', async () => {
  const clock = new FakeClock();
  const hanging = new ManagementThread(
    () => OPTIONS,
    NO_GATEWAY,
    clock,
    () => {},
    program('setInterval(() => {}, 1000);'),
  );
  hanging.start();

  const ended = hanging.end();
  await clock.pass(2000);

  await ended;
});

test('a stop that ends a thread by force clears up its socket, also a half-made one', async () => {
  const clock = new FakeClock();
  const sockets = mkdtempSync(join(tmpdir(), 'vps-gateway-sockets-'));
  const thread = new ManagementThread(
    () => ({ ...OPTIONS, sockets }),
    NO_GATEWAY,
    clock,
    () => {},
    program(`import { mkdirSync } from 'node:fs';
      import { createServer } from 'node:net';
      mkdirSync('${sockets}/.api-half');
      for (const path of ['${sockets}/.api-half/api.sock', '${sockets}/api.sock']) createServer().listen(path);
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);`),
  );
  thread.start();
  await eventually('it listens', () => readdirSync(sockets, { recursive: true }).length === 3);

  const ended = thread.end();
  await clock.pass(2000);
  await ended;

  expect(readdirSync(sockets)).toEqual([]);
});
