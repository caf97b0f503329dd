import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runningProblemToText } from '../../../../src/diagnosis/running-problem.ts';
import { storeProblems } from '../../../../src/diagnosis/store-problems.ts';
import type { Clock } from '../../../../src/lease/clock.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, client } from '../../changes.ts';
import { fileIn, imageOf, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');
const mounts: string[] = [];

afterAll(() => {
  for (const mount of mounts) execFileSync('umount', ['--lazy', mount]);
});

/** One lease in the file, one in the journal alone, as it is most of the time. */
async function openWithTwo(
  directory: string,
  options: Parameters<typeof openIn>[1] = {},
): Promise<SqliteStore> {
  const store = openIn(directory, options);
  await bind(store, { client: 1, address: A, at: at(1), hostname: 'first' });
  store.flush();
  await bind(store, { client: 2, address: B, at: at(2), hostname: 'second' });
  return store;
}

/** What the server's beat does, once a second. */
function beat(store: SqliteStore, second: number): void {
  store.idle(at(second));
}

function asidesIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.includes('.aside-'));
}

function namesIn(directory: string): readonly unknown[] {
  const reader = openLeaseReader(directory);
  const names = [...reader.leases({})].map(({ address, hostname }) => `${address} ${hostname}`);
  reader.close();
  return names;
}

function historyIn(directory: string): readonly unknown[] {
  const reader = openLeaseReader(directory);
  const events = [...reader.history({})].map(({ address, event }) => `${address} ${event}`);
  reader.close();
  return events;
}

/** All that befalls the files of a running gateway. `what`: of the words that the operator reads. */
const LOSSES: readonly {
  readonly title: string;
  readonly befall: (directory: string) => void;
  readonly what: readonly string[];
}[] = [
  {
    title: 'all are deleted',
    befall: (directory) => execFileSync('sh', ['-c', `rm ${directory}/leases.*`]),
    what: ['leases.sqlite is gone', 'leases.journal is gone', 'leases.sqlite.lock is gone'],
  },
  {
    title: 'the directory is deleted',
    befall: (directory) => rmSync(directory, { recursive: true }),
    what: ['leases.sqlite is gone', 'leases.journal is gone'],
  },
  {
    title: 'the directory is renamed',
    befall: (directory) => renameSync(directory, `${directory}.old`),
    what: ['leases.sqlite is gone', 'leases.journal is gone'],
  },
  {
    title: 'the directory is renamed and a copy of it stands there',
    befall: (directory) => {
      renameSync(directory, `${directory}.old`);
      execFileSync('cp', ['-a', `${directory}.old`, directory]);
    },
    what: ['leases.sqlite was replaced', 'leases.journal was replaced'],
  },
  {
    title: 'the lease file is deleted',
    befall: (directory) => rmSync(fileIn(directory)),
    what: ['leases.sqlite is gone'],
  },
  {
    title: 'the write-ahead log is deleted',
    befall: (directory) => rmSync(`${fileIn(directory)}-wal`),
    what: ['leases.sqlite-wal is gone'],
  },
  {
    title: "the log's index is deleted",
    befall: (directory) => rmSync(`${fileIn(directory)}-shm`),
    what: ['leases.sqlite-shm is gone'],
  },
  {
    title: 'the journal is deleted',
    befall: (directory) => rmSync(journalIn(directory)),
    what: ['leases.journal is gone'],
  },
  {
    title: 'the journal is emptied',
    befall: (directory) => truncateSync(journalIn(directory)),
    what: ['leases.journal was cut to 0 bytes'],
  },
  {
    title: 'a directory stands in place of the journal',
    befall: (directory) => {
      rmSync(journalIn(directory));
      mkdirSync(journalIn(directory));
    },
    what: ['leases.journal was replaced'],
  },
  {
    title: 'the lock is deleted',
    befall: (directory) => rmSync(`${fileIn(directory)}.lock`),
    what: ['leases.sqlite.lock is gone'],
  },
  {
    title: 'a directory stands in place of the lock',
    befall: (directory) => {
      rmSync(`${fileIn(directory)}.lock`);
      mkdirSync(`${fileIn(directory)}.lock`);
    },
    what: ['leases.sqlite.lock was replaced'],
  },
  {
    title: 'a pipe stands in place of the lock',
    befall: (directory) => {
      rmSync(`${fileIn(directory)}.lock`);
      execFileSync('mkfifo', [`${fileIn(directory)}.lock`]);
    },
    what: ['leases.sqlite.lock was replaced'],
  },
  {
    title: 'something else is moved over the lease file',
    befall: (directory) => {
      writeFileSync(join(directory, 'other'), 'no database');
      renameSync(join(directory, 'other'), fileIn(directory));
    },
    what: ['leases.sqlite was replaced'],
  },
];

describe.each(LOSSES)('under the running store $title', ({ befall, what }) => {
  it('nothing is promised once that is seen, and it is said which file', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);

    befall(directory);
    beat(store, 3);

    expect(store.leases.canPromise).toBe(false);
    for (const words of what) expect(store.failure).toContain(words);
    expect(store.failure).toContain(directory);
    expect(await bind(store, { client: 3, address: C, at: at(3) })).toBe('failed');
  });

  it('a second later all is made anew and leases are promised; a crash then loses none', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    befall(directory);
    beat(store, 3);

    beat(store, 4);

    expect(store.failure).toBeUndefined();
    expect(store.leases.canPromise).toBe(true);
    expect(await bind(store, { client: 3, address: C, at: at(5), hostname: 'third' })).toBe('committed');
    const afterwards = openIn(imageOf(directory));
    expect(afterwards.opening.setAside).toBeUndefined();
    expect(afterwards.opening.journalDamage).toBeUndefined();
    for (const [number, leased] of [A, B, C].entries())
      expect(afterwards.leases.at(leased)).toMatchObject({ state: 'bound', client: client(number + 1) });
  });

  it('host names and the history are there too', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    befall(directory);
    beat(store, 3);
    beat(store, 4);

    await bind(store, { client: 3, address: C, at: at(5), hostname: 'third' });
    beat(store, 6);
    store.flush();

    expect(namesIn(directory)).toEqual(['10.15.3.20 first', '10.15.3.21 second', '10.15.3.22 third']);
    expect(historyIn(directory)).toEqual(['10.15.3.20 bound', '10.15.3.21 bound', '10.15.3.22 bound']);
  });

  it('no other process is let in afterwards', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    befall(directory);
    beat(store, 3);
    beat(store, 4);

    expect(() => openIn(directory)).toThrow(expect.objectContaining({ code: 'store-locked' }));
  });

  it('a store that is closed before it could be seen has all leases under its names', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);

    befall(directory);
    await store.close();

    const next = openIn(directory);
    expect([A, B].map((leased) => next.leases.at(leased)?.state)).toEqual(['bound', 'bound']);
  });
});

describe('an older backup moved over the lease file', () => {
  it('is set aside as it is, with nothing of ours beside it', async () => {
    const directory = temporaryDirectory();
    const store = await openWithTwo(directory);
    const backup = join(temporaryDirectory(), 'backup.sqlite');
    execFileSync('sqlite3', [fileIn(directory), `.backup ${backup}`]);
    await bind(store, { client: 3, address: C, at: at(3) });

    renameSync(backup, fileIn(directory));
    beat(store, 4);
    beat(store, 5);

    const asides = asidesIn(directory);
    const aside = asides.find((name) => name.startsWith('leases.sqlite.aside-')) ?? '';
    expect(asides).not.toContain(`${aside}-wal`);
    const rows = execFileSync(
      'sqlite3',
      ['-readonly', join(directory, aside), 'SELECT address FROM leases'],
      {
        encoding: 'utf8',
      },
    );
    expect(rows).toBe('10.15.3.20\n');
    expect(store.leases.at(C)?.state).toBe('bound');
    expect(openIn(imageOf(directory)).opening.loaded.bound).toBe(3);
  });
});

describe('what was lost', () => {
  it('and stands in its place again before it was made anew is what it was', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    renameSync(directory, `${directory}.old`);
    beat(store, 3);
    renameSync(`${directory}.old`, directory);

    beat(store, 4);

    expect(store.failure).toBeUndefined();
    expect(await bind(store, { client: 3, address: C, at: at(5) })).toBe('committed');
    expect(asidesIn(directory)).toEqual([]);
  });

  it('twice, while the history of the first time still follows, is whole in the end', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = openIn(directory);
    for (let number = 0; number < 600; number += 1)
      await bind(store, {
        client: number,
        address: address(`10.1.${number >> 8}.${number & 255}`),
        at: at(1),
      });
    store.flush();

    for (const second of [3, 6]) {
      rmSync(directory, { recursive: true });
      beat(store, second);
      beat(store, second + 1);
    }
    for (let second = 10; second < 20; second += 1) beat(store, second);

    expect(historyIn(directory)).toHaveLength(600);
    expect(openIn(imageOf(directory)).opening.loaded.bound).toBe(600);
  });

  it('is tried again each second where it cannot be made anew, and nothing is promised meanwhile', async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, 'leases');
    const store = await openWithTwo(directory);
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'in the way');

    beat(store, 3);
    beat(store, 4);
    beat(store, 5);

    expect(store.failure).toContain('cannot be made anew');
    expect(store.failure).toContain('not a directory');
    expect(await bind(store, { client: 3, address: C, at: at(5) })).toBe('failed');
    rmSync(directory);
    beat(store, 6);
    expect(store.failure).toBeUndefined();
    expect(openIn(imageOf(directory)).opening.loaded.bound).toBe(2);
  });

  it('under a file that is mounted over it is said with the line that takes that away, and goes on then', async ({
    skip,
  }) => {
    const directory = temporaryDirectory();
    const store = await openWithTwo(directory);
    const other = join(temporaryDirectory(), 'other');
    writeFileSync(other, '');
    const { status } = spawnSync('mount', ['--bind', other, fileIn(directory)]);
    if (status !== 0) skip('nothing may be mounted here');

    beat(store, 3);
    beat(store, 4);
    const { failure } = store;
    execFileSync('umount', [fileIn(directory)]);
    beat(store, 5);

    expect(failure).toMatch(
      /leases\.sqlite: something is mounted over it \(EBUSY\): umount .*leases\.sqlite$/,
    );
    expect(store.failure).toBeUndefined();
    expect(await bind(store, { client: 3, address: C, at: at(5) })).toBe('committed');
  });

  it('on a disk that is full follows when there is room; the lease file stays in its place', async ({
    skip,
  }) => {
    const directory = temporaryDirectory();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
    } catch {
      return skip('needs the right to mount a tmpfs');
    }
    mounts.push(directory);
    const store = await openWithTwo(directory);
    execFileSync('sh', ['-c', `cat /dev/zero > ${directory}/filling 2>/dev/null || true`]);
    rmSync(journalIn(directory)); // Its room is free only when it is closed.

    for (const second of [3, 4, 5]) beat(store, second);
    const failure = store.failure;
    const left = readdirSync(directory);
    rmSync(join(directory, 'filling'));
    beat(store, 6);

    expect(failure).toMatch(/cannot be made anew: .*(SQLITE_FULL|ENOSPC)/);
    expect(left).toContain('leases.sqlite');
    expect(left.filter((name) => name.endsWith('.new') || name.includes('.aside-'))).toEqual([]);
    expect(store.failure).toBeUndefined();
    expect(openIn(imageOf(directory)).opening.loaded.bound).toBe(2);
  });

  it('is not taken from another process that has the directory by now: this one promises nothing any more', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    renameSync(directory, `${directory}.old`);
    const other = openIn(directory);
    await bind(other, { client: 9, address: A, at: at(3) });

    beat(store, 3);
    beat(store, 4);

    expect(store.failure).toMatch(/in use by .*; then restart this gateway$/);
    const said = storeProblems(store, false);
    expect(said.map(runningProblemToText)).toEqual([`leases cannot be stored: ${store.failure}`]);
    await other.close();
    beat(store, 5);
    expect(await bind(store, { client: 3, address: C, at: at(5) })).toBe('failed');
    await store.close();
    expect(openIn(directory).leases.at(A)?.client).toBe(client(9));
  });

  it('does not hold up the packets: it is made anew in steps, and its history follows when leases are promised', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const timers: (() => void)[] = [];
    let now = at(0);
    let monotonic = 0;
    const clock: Clock = {
      now: () => now,
      monotonic: () => (monotonic += 3), // Each step takes its time.
      after: (_, run) => {
        timers.push(run);
        return () => void timers.splice(timers.indexOf(run), 1);
      },
    };
    const store = openIn(directory, { clock, journalBytes: 4096 + 8 * 1024 * 1024 });
    for (let number = 0; number < 600; number += 1)
      await bind(store, {
        client: number,
        address: address(`10.1.${number >> 8}.${number & 255}`),
        at: at(1),
      });
    store.flush();
    rmSync(directory, { recursive: true });
    for (const second of [2, 3]) {
      now = at(second);
      store.idle(now);
    }

    let slices = 0;
    for (; !store.leases.canPromise; slices += 1) timers.shift()?.();
    now = at(4);
    store.idle(now);
    const first = historyIn(directory).length;
    for (let run = timers.shift(); run !== undefined; run = timers.shift()) run();

    expect(slices).toBeGreaterThan(3);
    expect(first).toBeLessThan(600);
    expect(historyIn(directory)).toHaveLength(600);
  });

  it('is noticed although nobody asks for a lease, and copies keep what was noted of the clock', async () => {
    const directory = join(temporaryDirectory(), 'leases');
    const store = await openWithTwo(directory);
    const note = { boot: 'b', monotonic: 1, wall: at(2), revision: 1, jump: undefined };
    store.noteClock(note);
    rmSync(directory, { recursive: true });
    beat(store, 3);
    beat(store, 4);
    beat(store, 5);

    expect(existsSync(fileIn(directory))).toBe(true);
    expect(openIn(imageOf(directory)).clockNote).toEqual(note);
  });

  it('a file that was copied over by hand beside the running store does not stop it', async () => {
    const directory = temporaryDirectory();
    const store = await openWithTwo(directory);
    copyFileSync(fileIn(directory), join(directory, 'leases.sqlite.bak'));

    beat(store, 3);

    expect(store.failure).toBeUndefined();
  });
});
