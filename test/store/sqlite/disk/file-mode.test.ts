import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import { address, bind } from '../../changes.ts';
import { fileIn, journalIn, openIn, temporaryDirectory } from '../temporary-store.ts';

const A = address('10.15.3.20');
const OTHER_USER = 65_534;
const GROUP = 4242;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** All that a store keeps in its directory while it is open. */
function filesIn(directory: string): readonly string[] {
  const file = fileIn(directory);
  return [file, `${file}-wal`, `${file}-shm`, `${file}.lock`, journalIn(directory)];
}

describe('who may read the lease files', () => {
  const mask = process.umask();
  afterEach(() => void process.umask(mask));

  it('the user and the group, nobody else: files 640, the directory 750', async () => {
    process.umask(0o022);
    const directory = join(temporaryDirectory(), 'var/leases');
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    store.flush();

    expect(filesIn(directory).map(modeOf)).toEqual(['640', '640', '640', '640', '640']);
    expect(modeOf(directory)).toBe('750');
    expect(modeOf(join(directory, '..'))).toBe('755');
  });

  it('a stricter mask stands', () => {
    process.umask(0o077);
    const directory = join(temporaryDirectory(), 'leases');
    openIn(directory);

    expect(filesIn(directory).map(modeOf)).toEqual(['600', '600', '600', '600', '600']);
    expect(modeOf(directory)).toBe('700');
  });

  it('files that an older version made for everybody lose what is too much; the directory stays as it was', async () => {
    process.umask(0o022);
    const directory = temporaryDirectory();
    chmodSync(directory, 0o755);
    await openIn(directory).close();
    for (const file of filesIn(directory)) if (existsSync(file)) chmodSync(file, 0o666);

    openIn(directory);

    expect(filesIn(directory).map(modeOf)).toEqual(['640', '640', '640', '640', '640']);
    expect(modeOf(directory)).toBe('755');
  });

  it('a member of the group reads them beside the running gateway, another user does not', async ({
    skip,
  }) => {
    if (process.getuid?.() !== 0) return skip('only root can become another user');
    if (!existsSync('/usr/bin/sqlite3')) return skip('needs sqlite3');
    const directory = temporaryDirectory();
    chmodSync(directory, 0o750);
    const store = openIn(directory);
    await bind(store, { client: 1, address: A });
    store.flush();
    for (const path of [directory, ...filesIn(directory)]) chownSync(path, 0, GROUP);
    const readAs = (group: number) =>
      execFileSync(
        'setpriv',
        [
          `--reuid=${OTHER_USER}`,
          `--regid=${group}`,
          '--clear-groups',
          'sqlite3',
          '-readonly',
          fileIn(directory),
          'SELECT address FROM leases',
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );

    expect(readAs(GROUP)).toBe('10.15.3.20\n');
    expect(() => readAs(OTHER_USER)).toThrow();
  });

  it('whoever has no right to the directory is told that, and not that there is no lease file', ({
    skip,
  }) => {
    if (process.getuid?.() !== 0) return skip('only root can become another user');
    const directory = temporaryDirectory();
    openIn(directory);
    chmodSync(directory, 0o700);

    process.seteuid?.(OTHER_USER);
    try {
      expect(() => openLeaseReader(directory)).toThrow(
        /no right to its directory: run the command as the user/,
      );
    } finally {
      process.seteuid?.(0);
    }
  });
});
