import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { programDelivery } from '../../../src/management/hooks/run-program.ts';

const DOCUMENT = { id: 's-7', text: '{"changes":[]}\n' };

function programOf(...lines: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'hook-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const program = join(directory, 'hook');
  writeFileSync(program, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(program, 0o755);
  return { program, delivery: programDelivery({ program, milliseconds: 20_000, directory }) };
}

const openPipes = () => readdirSync('/proc/self/fd').length;

test('a hook that leaves a program in a session of its own at each run leaves no open pipe here', async () => {
  // It says its number only when it has left the group of the hook, and keeps both pipes open.
  const { delivery } = programOf(
    "exec 3<&0; setsid sh -c 'echo $$ >&2; kill -USR1 '$$'; exec sleep 1000' <&3 & trap 'exit 1' USR1; wait",
  );
  const document = { ...DOCUMENT, text: 'x'.repeat(1_000_000) };
  const run = async () => {
    const outcome = await delivery.deliver(document);
    const left = Number(/: (\d+)$/.exec(outcome.kind === 'failed' ? outcome.cause : '')?.[1]);
    onTestFinished(() => void process.kill(left, 'SIGKILL'));
    expect(left).toBeGreaterThan(1);
  };

  await run();
  const before = openPipes();
  for (let each = 0; each < 4; each += 1) await run();

  expect(openPipes()).toBeLessThanOrEqual(before);
});

test('a hook that somebody writes just now has not taken it', async () => {
  const { program, delivery } = programOf('exit 0');
  const descriptor = openSync(program, 'r+');

  const meanwhile = await delivery.deliver(DOCUMENT);
  closeSync(descriptor);

  expect(meanwhile).toEqual({
    kind: 'failed',
    cause: 'it cannot be run: spawn ETXTBSY',
    isTimeout: false,
    mayRepeat: false,
  });
  expect(await delivery.deliver(DOCUMENT)).toEqual({ kind: 'taken' });
});
