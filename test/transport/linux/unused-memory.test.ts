import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { giveBackUnused } from '../../../src/transport/linux/unused-memory.ts';

const libc = koffi.load(null);
const malloc = libc.func('malloc', 'void *', ['size_t']);
const memset = libc.func('memset', 'void *', ['void *', 'int', 'size_t']);
const free = libc.func('free', 'void', ['void *']);

/** Resident memory without files: kilobytes. */
const anonymous = () =>
  Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);

test('what was freed goes back to the kernel, also where what was taken later is in use', () => {
  // A larger piece is the kernel's own anyway.
  const blocks: unknown[] = Array.from({ length: 400 }, () => memset(malloc(100_000), 1, 100_000));
  const inUse = blocks.pop();
  for (const block of blocks) free(block);
  const before = anonymous();

  giveBackUnused();

  expect(before - anonymous()).toBeGreaterThan(20_000);
  free(inUse);
});
