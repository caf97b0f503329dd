import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import type * as CheckIntegrity from '../../../../src/store/sqlite/salvage/check-integrity.ts';
import { compiled } from '../../../support/gateway-process.ts';

// The check starts a program from a compiled file, so the compiled one is what is tested.
const { checkIntegrity } = (await import(
  compiled('store/sqlite/salvage/check-integrity.js')
)) as typeof CheckIntegrity;

const directory = mkdtempSync(join(tmpdir(), 'vps-gateway-integrity-'));
const sound = join(directory, 'sound.sqlite');
const rows = openSqlite(sound);
rows.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)');
const insert = rows.prepare('INSERT INTO t VALUES (?, ?)');
for (let row = 0; row < 1000; row += 1) insert.run(row, 'x'.repeat(100));
rows.close();

afterAll(() => rmSync(directory, { recursive: true }));

test('the full check of a lease file, by a process of its own, finds a sound one sound', async () => {
  expect(await checkIntegrity(sound, new AbortController().signal)).toBeUndefined();
});

test('the full check says what is wrong with a damaged file', async () => {
  const damaged = join(directory, 'damaged.sqlite');
  const bytes = readFileSync(sound);
  bytes.fill(0xa5, 8192, 12_288);
  writeFileSync(damaged, bytes);

  expect(await checkIntegrity(damaged, new AbortController().signal)).toMatch(/\S/);
});

test('a check that cannot be done is an error, not a sound file', async () => {
  await expect(
    checkIntegrity(join(directory, 'missing.sqlite'), new AbortController().signal),
  ).rejects.toThrow();
});

test('a check that is aborted ends', async () => {
  const stopping = new AbortController();
  const check = checkIntegrity(sound, stopping.signal);

  stopping.abort();

  await expect(check).rejects.toThrow();
});

test('SIGUSR1 opens no debugger in the process of a check', async () => {
  const large = join(directory, 'large.sqlite');
  const many = openSqlite(large);
  many.exec(`CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) INSERT INTO t SELECT hex(i * 7919) FROM n`);
  many.close();
  const check = spawn(process.execPath, [compiled('store/sqlite/salvage/integrity-process.js'), large]);
  let said = '';
  for (const stream of [check.stdout, check.stderr]) stream.on('data', (part: Buffer) => (said += part));
  const ended = once(check, 'close');
  await vi.waitUntil(() => openFilesOf(check.pid).includes(large), { timeout: 10_000, interval: 1 });

  check.kill('SIGUSR1');
  await ended;

  expect(said).toBe('\n');
  expect(check.exitCode).toBe(0);
});

function openFilesOf(pid: number | undefined): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return []; // It has been closed.
    }
  });
}
