import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import { address, at, bind, client } from '../../changes.ts';
import { buildCommittingProcess } from '../committing.ts';
import { errorOf, openIn, temporaryDirectory } from '../temporary-store.ts';

const FIRST = address('10.0.0.0');

describe('two processes and one lease file', () => {
  let program: string;
  let child: ChildProcess | undefined;

  beforeAll(() => {
    program = buildCommittingProcess();
  }, 60_000);

  afterEach(async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  /** Starts a process that commits, and resolves with what it has said as soon as that is so many numbers. */
  async function committing(directory: string, count: number): Promise<number[]> {
    const started = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    const said: number[] = [];
    const lines = createInterface(started.stdout);
    await new Promise<void>((resolve, reject) => {
      started.on('exit', (code) => reject(new Error(`ended early: ${code}`)));
      lines.on('line', (line) => {
        said.push(Number(line));
        if (said.length >= count) resolve();
      });
    });
    return said;
  }

  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    if (child !== undefined) await once(child, 'exit');
  }

  it('the second is refused with the name of the file and of the first', async () => {
    const directory = temporaryDirectory();
    await committing(directory, 4);

    expect(() => openIn(directory)).toThrow(
      expect.objectContaining({
        code: 'store-locked',
        message: expect.stringContaining(`process ${child?.pid}`),
      }),
    );
    expect(() => openIn(directory)).toThrow(join(directory, 'leases.sqlite'));
  }, 20_000);

  it.each([
    ['emptied', (lock: string) => truncateSync(lock)],
    ['overwritten with zeros', (lock: string) => writeFileSync(lock, Buffer.alloc(8192))],
    ['overwritten with anything', (lock: string) => writeFileSync(lock, 'no lock')],
  ])(
    'the second is refused also when the content of the lock was %s',
    async (_, damage) => {
      const directory = temporaryDirectory();
      await committing(directory, 4);

      damage(join(directory, 'leases.sqlite.lock'));

      expect(() => openIn(directory)).toThrow(expect.objectContaining({ code: 'store-locked' }));
      await kill();
      expect(openIn(directory).opening.loaded.bound).toBeGreaterThanOrEqual(4);
    },
    20_000,
  );

  it('the second waits where somebody has deleted the lock, and the first never promises again beside it', async () => {
    const directory = temporaryDirectory();
    const store = openIn(directory);
    await bind(store, { client: 1, address: FIRST, at: at(1) });
    rmSync(join(directory, 'leases.sqlite.lock'));

    const before = Date.now();
    const second = openIn(directory, { lockWaitMilliseconds: 5000 });
    const waited = Date.now() - before;
    store.idle(at(2)); // Its beat comes once a second.

    expect(waited).toBeGreaterThanOrEqual(2000);
    expect(await bind(store, { client: 2, address: (FIRST + 1) as Ipv4, at: at(2) })).toBe('failed');
    expect(await bind(second, { client: 3, address: (FIRST + 1) as Ipv4, at: at(2) })).toBe('committed');
    await store.close();
    await second.close();
    expect(openIn(directory).leases.at((FIRST + 1) as Ipv4)?.client).toBe(client(3));
  });

  it('who holds the lock and is no gateway is not called by the number of one that has gone', async () => {
    const directory = temporaryDirectory();
    await committing(directory, 1);
    const gone = child?.pid;
    await kill();
    const lock = openSqlite(join(directory, 'leases.sqlite.lock'));
    lock.exec('BEGIN IMMEDIATE');

    const { message } = errorOf(() => openIn(directory));
    lock.close();

    expect(message).toMatch(/in use by another process \(`fuser .*leases\.sqlite\.lock` tells which\)/);
    expect(message).not.toContain(`process ${gone}`);
  }, 20_000);

  it('whoever only reads is let in while the first one writes', async () => {
    const directory = temporaryDirectory();
    await committing(directory, 40);

    const reader = openLeaseReader(directory);
    const shown = [...reader.leases({})];
    reader.close();

    expect(shown.length).toBeGreaterThanOrEqual(40);
    expect(shown[3]).toMatchObject({ address: '10.0.0.3', state: 'expired', mac: '52:54:00:00:00:03' });
  }, 20_000);

  it('a process that was killed owns nothing any more, and every commit that it spoke of is there', async () => {
    const directory = temporaryDirectory();
    for (let round = 1; round <= 5; round += 1) {
      const said = await committing(directory, round * 20);
      await kill();

      const store = openIn(directory);

      expect(store.opening.setAside).toBeUndefined();
      for (const number of said) {
        expect(store.leases.at((FIRST + number) as Ipv4)?.client).toBe(client(number));
      }
      await store.close();
    }
  }, 60_000);

  it('a store that was closed is open to the next one', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory);
    expect(() => openIn(directory)).toThrow(expect.objectContaining({ code: 'store-locked' }));
    await first.close();

    expect(openIn(directory).opening.loaded.bound).toBe(0);
  });
});
