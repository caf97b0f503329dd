import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import {
  networkFileSystem,
  refuseDirectory,
  tryDirectory,
} from '../../../../src/store/sqlite/disk/directory.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, changeOf } from '../../changes.ts';
import { errorOf, fileIn, imageOf, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const isRoot = process.getuid?.() === 0;
const mounts: string[] = [];

afterAll(() => {
  for (const mount of mounts) execFileSync('umount', ['--lazy', mount]);
});

/** A file system of its own, in memory, that is soon full; undefined where it may not be mounted. */
function smallDisk(options: string): string | undefined {
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined; // Not root, or a container that may not mount: the test says that it is skipped.
  }
  mounts.push(directory);
  return directory;
}

describe('the leases directory', () => {
  it('is made, with those above it, if it is missing', () => {
    const directory = join(temporaryDirectory(), 'var/lib/gateway');
    openIn(directory);

    expect(statSync(fileIn(directory)).isFile()).toBe(true);
  });

  it('that cannot be made is refused by name, with the remedy', () => {
    const parent = join(temporaryDirectory(), 'file');
    writeFileSync(parent, '');

    expect(() => openIn(join(parent, 'leases'))).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringContaining(join(parent, 'leases')),
      }),
    );
  });

  it.each([
    ['leads nowhere', 'nowhere/leases', '/nonexistent/disk'],
    ['leads in a circle', 'circle', 'circle'],
  ])(
    'on whose way a symbolic link %s is refused by the name of the link, also by check',
    (_, path, target) => {
      const parent = temporaryDirectory();
      const link = join(parent, path.split('/')[0] ?? '');
      symlinkSync(target, link);
      const directory = join(parent, path);

      for (const run of [() => openIn(directory), () => refuseDirectory(directory)])
        expect(errorOf(run)).toMatchObject({
          code: 'store-unusable',
          message: expect.stringContaining(
            `the symbolic link ${link} leads nowhere (${target}): mount or make`,
          ),
        });
    },
  );

  it.each(['/sys/fs/leases', '/sys/fs', '/proc/leases'])(
    'in which the kernel lets nobody make a file is refused by check: %s',
    (directory) => {
      expect(errorOf(() => tryDirectory(directory))).toMatchObject({
        code: 'store-unusable',
        message: expect.stringContaining(`GATEWAY_DHCP_LEASES_DIR ${directory}: `),
      });
    },
  );

  it('that is well, or not made yet, is as it was when check has tried it', () => {
    const parent = temporaryDirectory();

    tryDirectory(parent);
    tryDirectory(join(parent, 'not', 'made'));

    expect(readdirSync(parent)).toEqual([]);
  });

  it('in which the lock is no file is used, and that is set aside', () => {
    const directory = temporaryDirectory();
    mkdirSync(`${fileIn(directory)}.lock`);
    openIn(directory);

    expect(statSync(`${fileIn(directory)}.lock`).isFile()).toBe(true);
    expect(statSync(`${fileIn(directory)}.lock.aside`).isDirectory()).toBe(true);
  });

  it.each([
    'leases.sqlite',
    'leases.sqlite-wal',
    'leases.sqlite-shm',
    'leases.sqlite.salvage',
    'leases.sqlite.salvaged',
    'leases.journal.new',
  ])(
    'in which %s is a directory or a pipe is refused by that name, and neither waited for nor opened',
    (name) => {
      const [folder, pipe] = [temporaryDirectory(), temporaryDirectory()];
      mkdirSync(join(folder, name));
      execFileSync('mkfifo', [join(pipe, name)]);

      for (const directory of [folder, pipe])
        expect(errorOf(() => openIn(directory))).toMatchObject({
          code: 'store-unusable',
          message: expect.stringMatching(
            new RegExp(`/${name}: a (directory|pipe).*, and no file: move it away$`),
          ),
        });
    },
  );

  it('on a disk without inodes is refused as one that is full, with the line that shows it', ({ skip }) => {
    const directory = smallDisk('size=40m,nr_inodes=2');
    if (directory === undefined) skip('no file system may be mounted here');
    else
      expect(errorOf(() => openIn(directory)).message).toMatch(/no space is left .*SQLITE_CANTOPEN.*df -i/);
  });

  it('in which the lease file is a pipe is refused by whoever only reads, too', () => {
    const directory = temporaryDirectory();
    execFileSync('mkfifo', [fileIn(directory)]);

    expect(errorOf(() => openLeaseReader(directory)).message).toMatch(/leases\.sqlite: a pipe/);
  });

  it('that may not be written is refused by name', ({ skip }) => {
    if (isRoot) skip('root may write everywhere');
    const directory = temporaryDirectory();
    chmodSync(directory, 0o555);

    expect(() => openIn(directory)).toThrow(
      expect.objectContaining({ code: 'store-unusable', message: expect.stringContaining('not writable') }),
    );
  });

  it('whose files a user may not read is not to be given to that user', async () => {
    const directory = temporaryDirectory();
    await openIn(directory).close();
    chmodSync(directory, 0o755);
    chmodSync(fileIn(directory), 0o000);
    if (isRoot) process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(process.getuid?.() ?? 0));

    const { message } = errorOf(() => openLeaseReader(directory));

    expect(message).toContain('this user may not read it: run the command as the user of the gateway');
    expect(message).not.toContain('chown');
  });

  it('below one that may not be written is refused with the line that makes it, and none that gives away what is above', ({
    skip,
  }) => {
    const parent = temporaryDirectory();
    if (!isLocked(parent)) skip('no directory can be made immutable here');
    onTestFinished(() => unlock(parent));
    const directory = join(parent, 'leases');

    for (const run of [() => openIn(directory), () => refuseDirectory(directory)]) {
      const { message } = errorOf(run);
      expect(message).toContain(`install -d -o ${process.getuid?.()} -m 750 ${directory}`);
      expect(message).not.toContain('chown');
    }
  });

  it('where nothing can be made is refused by name', () => {
    expect(() => openIn('/proc/leases')).toThrow(
      expect.objectContaining({ code: 'store-unusable', message: expect.stringContaining('/proc/leases') }),
    );
  });

  it('is made with those above it', () => {
    const directory = join(temporaryDirectory(), 'a/b');

    openIn(directory);

    expect(existsSync(fileIn(directory))).toBe(true);
  });

  it('on a read-only file system is refused by name', ({ skip }) => {
    const directory = smallDisk('size=1m,ro');
    if (directory === undefined) return skip('needs the right to mount a tmpfs');

    expect(() => openIn(directory)).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringMatching(/: its file system is read-only \(EROFS\): .*remount/),
      }),
    );
  });

  it.each([
    ['NFS', 0x6969],
    ['SMB', 0xfe534d42 | 0],
    ['CIFS', 0xff534d42],
    ['9P', 0x01021997],
    [undefined, 0xef53],
    [undefined, 0x01021994],
    [undefined, 0x9123683e],
  ])('%s is what statfs calls %i', (name, type) => {
    expect(networkFileSystem(type)).toBe(name);
  });
});

describe('reading leases where nothing may be written', () => {
  const remount = (directory: string, how: 'ro' | 'rw') =>
    execFileSync('mount', ['-o', `remount,${how}`, directory]);

  it('works when the server was stopped in order', async ({ skip }) => {
    const directory = smallDisk('size=1m');
    if (directory === undefined) return skip('needs the right to mount a tmpfs');
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    await store.close();
    remount(directory, 'ro');

    const reader = openLeaseReader(directory);

    expect([...reader.leases({})].map((lease) => lease.address)).toEqual(['10.15.3.20']);
    reader.close();
  });

  it('says why it cannot when the server was killed', async ({ skip }) => {
    const directory = smallDisk('size=2m');
    if (directory === undefined) return skip('needs the right to mount a tmpfs');
    const elsewhere = temporaryDirectory();
    const store = openIn(elsewhere);
    await bind(store, { client: 1, address: A });
    const image = imageOf(elsewhere);
    execFileSync('cp', [fileIn(image), `${fileIn(image)}-wal`, journalIn(image), directory]);
    remount(directory, 'ro');

    expect(() => openLeaseReader(directory)).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringContaining('leases.sqlite-wal'),
      }),
    );
    remount(directory, 'rw');
    const reader = openLeaseReader(directory);
    expect([...reader.leases({})]).toHaveLength(1);
    reader.close();
  });
});

describe('a disk that is full', () => {
  const fill = (directory: string) => {
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${join(directory, 'filling')}`, 'bs=4k'], { stdio: 'ignore' });
    } catch {
      return; // dd says that the disk is full: that was the point.
    }
  };
  const empty = (directory: string) => execFileSync('rm', [join(directory, 'filling')]);

  /** Commits whole batches until one fails. */
  async function commitUntilFailure(store: SqliteStore): Promise<number> {
    for (let done = 0; done < 100_000; done += 64) {
      const changes = Array.from({ length: 64 }, (_, index) =>
        changeOf(store.leases, { client: done + index, address: (A + done + index) as Ipv4, at: at(10) }),
      );
      const outcomes = await store.commit(changes);
      if (outcomes.every((outcome) => outcome === 'failed')) return done;
      expect(new Set(outcomes)).toEqual(new Set(['committed']));
    }
    throw new Error('the disk never was full');
  }

  it('lets no lease out, says why, and serves again when there is room; what was committed is kept', async ({
    skip,
  }) => {
    const directory = smallDisk('size=2m');
    if (directory === undefined) return skip('needs the right to mount a tmpfs');
    const store = openIn(directory);
    await bind(store, { client: 1_000_000, address: address('10.0.0.1'), at: at(1) });
    fill(directory);

    const committed = await commitUntilFailure(store);

    expect(store.leases.canPromise).toBe(false);
    expect(store.failure).toContain('SQLITE_FULL');
    expect(store.leases.at((A + committed) as Ipv4)).toBeUndefined();
    empty(directory);
    store.idle(at(11));
    expect(store.leases.canPromise).toBe(true);
    expect(await bind(store, { client: 1_000_001, address: address('10.0.0.2'), at: at(12) })).toBe(
      'committed',
    );
    await store.close();
    expect(openIn(directory).opening.loaded.bound).toBe(committed + 2);
  });
});

/** So that nothing can be made in it, by root neither; false: that cannot be had here. */
function isLocked(directory: string): boolean {
  chmodSync(directory, 0o555);
  return !isRoot || spawnSync('chattr', ['+i', directory]).status === 0;
}

function unlock(directory: string): void {
  if (isRoot) spawnSync('chattr', ['-i', directory]);
  chmodSync(directory, 0o755);
}
