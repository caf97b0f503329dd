import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { UnixListener } from '../../../src/management/listen/unix-listener.ts';

const directory = mkdtempSync(join(tmpdir(), 'vps-gateway-listener-'));

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a listener clears up what a killed process has left of a socket that it was making', async () => {
  mkdirSync(join(directory, '.api-empty'));
  mkdirSync(join(directory, '.api-half'));
  writeFileSync(join(directory, '.api-half/api.sock'), '');
  const listener = new UnixListener(
    () => createServer(),
    directory,
    () => {},
    async () => true,
  );

  await listener.open();
  const open = readdirSync(directory);
  listener.close();

  expect(open).toEqual(['api.sock']);
  expect(readdirSync(directory)).toEqual([]);
});
