import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { bytesOf, decodeRecord, encodeRecord } from '../../../../src/store/sqlite/journal/journal-record.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { bind } from '../../changes.ts';
import { imageOf, openIn, temporaryDirectory } from '../temporary-store.ts';
import { FIRST, RECORD } from './journal-pages.ts';

/** Two halves of 8 KiB. */
const SMALL = 4096 + 2 * 8192;

describe('a host name in the journal', () => {
  it.each(['web-1', '', 'Jürgens-PC', '東'.repeat(85), '🎉'.repeat(63), 'x'.repeat(255)])(
    'is read as it was written, and takes the room that was reckoned with: %s',
    (hostname) => {
      const record = { ...RECORD, version: 1, hostname };
      const room = bytesOf(record);
      const bytes = Buffer.alloc(room + 16, 0xa5);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

      const end = encodeRecord(record, bytes, view, 8);

      expect(end).toBe(8 + room);
      expect(bytes.subarray(end).every((byte) => byte === 0xa5)).toBe(true);
      expect(decodeRecord(bytes, view, 8)).toEqual(record);
    },
  );
});

describe('a journal whose batches are all equally long', () => {
  /** Each commit is one lease, of a client and an address of its own. */
  async function bindSome(store: SqliteStore, from: number, count: number): Promise<void> {
    for (let number = from; number < from + count; number += 1)
      await bind(store, { client: number, address: (FIRST + number) as Ipv4 });
  }

  function leasesOf(store: SqliteStore): (Lease | undefined)[] {
    return Array.from({ length: 400 }, (_, number) => store.leases.at((FIRST + number) as Ipv4));
  }

  it.each([
    ['the first half is begun anew', 150],
    ['the second half is begun anew', 210],
  ])('keeps the newest leases, and takes none of the time before for new, when %s', async (_, count) => {
    const directory = temporaryDirectory();
    const store = openIn(directory, { journalBytes: SMALL });
    await bindSome(store, 0, count);
    const before = leasesOf(store);

    const image = imageOf(directory);
    const shown = [...openLeaseReader(image).leases({})];

    expect(leasesOf(openIn(image, { journalBytes: SMALL }))).toEqual(before);
    expect(shown).toHaveLength(count);
  });

  it('takes nothing of the process before for new, when the next one has begun it anew', async () => {
    const directory = temporaryDirectory();
    const first = openIn(directory, { journalBytes: SMALL });
    await bindSome(first, 0, 40);
    await first.close();
    const second = openIn(directory, { journalBytes: SMALL });
    await bind(second, { client: 3, address: (FIRST + 3) as Ipv4, state: 'free', reason: 'released' });
    await bindSome(second, 100, 2);
    const before = leasesOf(second);

    const again = openIn(imageOf(directory), { journalBytes: SMALL });

    expect(leasesOf(again)).toEqual(before);
  });
});
