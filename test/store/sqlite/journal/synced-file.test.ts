import { constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { SyncedFile } from '../../../../src/store/sqlite/journal/synced-file.ts';
import { temporaryDirectory } from '../temporary-store.ts';

/** Of a disk whose logical blocks have 4096 bytes; since Linux 6.0 it takes them from memory that is hardly aligned. */
const BLOCK = 4096;
const direct = vi.hoisted(() => new Set<number>());

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const refuseParts = (handle: number, length: number, position: number) => {
    if (!direct.has(handle) || (length % BLOCK === 0 && position % BLOCK === 0)) return;
    throw Object.assign(new Error('EINVAL: invalid argument'), { code: 'EINVAL' });
  };
  return {
    ...fs,
    openSync: (file: string, flags: number) => {
      const handle = fs.openSync(file, flags & ~constants.O_DIRECT);
      if ((flags & constants.O_DIRECT) !== 0) direct.add(handle);
      return handle;
    },
    readSync: (handle: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      refuseParts(handle, length, position);
      return fs.readSync(handle, bytes, offset, length, position);
    },
    writeSync: (handle: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      refuseParts(handle, length, position);
      return fs.writeSync(handle, bytes, offset, length, position);
    },
  };
});

it('writes to a disk whose blocks have 4096 bytes', () => {
  const file = join(temporaryDirectory(), 'journal');
  writeFileSync(file, new Uint8Array(4 * BLOCK));
  const synced = new SyncedFile(file);

  synced.write(new Uint8Array(100).fill(1), BLOCK);
  synced.write(new Uint8Array(100).fill(2), BLOCK + 100);

  expect([...synced.read(BLOCK + 99, 2)]).toEqual([1, 2]);
  synced.close();
});
