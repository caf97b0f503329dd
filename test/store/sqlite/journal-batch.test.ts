import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { BatchWriter, runIn } from '../../../src/store/sqlite/journal-batch.ts';
import { bytesOf, decodeRecord, encodeRecord } from '../../../src/store/sqlite/journal-record.ts';
import { openLeaseReader } from '../../../src/store/sqlite/lease-reader.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { address, at, bind, client, hardware } from '../changes.ts';
import { imageOf, openIn, temporaryDirectory } from './temporary-store.ts';

const FIRST = address('10.15.3.20');
/** Two halves of 8 KiB. */
const SMALL = 4096 + 2 * 8192;

const RECORD = {
  address: FIRST,
  client: client(1),
  hardware: hardware(1),
  granter: UNSPECIFIED,
  state: 'bound',
  expiresAt: at(10),
  leaseSeconds: 10,
  at: at(0),
  hostname: undefined,
  isRenewal: false,
  event: undefined,
  eventId: 0,
  reason: 'bound',
} as const;

/** The bytes of a batch of one lease; all are equally long, so that one begins where an older one began. */
function batch(sequence: number): Uint8Array {
  const writer = new BatchWriter();
  writer.begin();
  writer.add({ ...RECORD, version: sequence });
  return writer.finish(sequence).slice();
}

function half(...sequences: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...sequences.flatMap((each) => [...batch(each)]), ...new Uint8Array(100)]);
}

const BYTES = batch(1).length;

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

describe('the run of a half of the journal', () => {
  it('goes on as long as each batch is the next one', () => {
    expect(runIn(half(7, 8, 9), 0)).toEqual({ first: 7, last: 9, end: 3 * BYTES, uncarried: 0 });
  });

  // A half is written over from its start: behind the last new batch stand whole ones of the time before.
  it.each([
    ['an older one', [7, 8, 3, 4]],
    ['the same one again', [7, 8, 8, 9]],
    ['a later one that is not the next', [7, 8, 10, 11]],
  ])('ends before %s, though that is whole', (_, sequences) => {
    expect(runIn(half(...sequences), 0)).toEqual({ first: 7, last: 8, end: 2 * BYTES, uncarried: 0 });
  });

  it('is carried over from the batch behind the last one that was', () => {
    expect(runIn(half(7, 8, 9), 6).uncarried).toBe(0);
    expect(runIn(half(7, 8, 9), 7).uncarried).toBe(BYTES);
    expect(runIn(half(7, 8, 9), 9).uncarried).toBeUndefined();
  });
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
    ['the first half is begun anew', 170],
    ['the second half is begun anew', 250],
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
