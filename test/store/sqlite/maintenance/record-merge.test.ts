import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../../src/lease/lease.ts';
import { UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import { BatchReader } from '../../../../src/store/sqlite/journal/batch-reader.ts';
import { BatchWriter, formatOf } from '../../../../src/store/sqlite/journal/journal-batch.ts';
import type { JournalRecord } from '../../../../src/store/sqlite/journal/journal-record.ts';
import { RecordMerge } from '../../../../src/store/sqlite/maintenance/record-merge.ts';
import { address, client, hardware } from '../../changes.ts';

/** The batches of three readers, two batches each; versions count the commits. */
const PARTS = [
  [['10.15.3.29', '10.15.3.21'], ['10.15.3.25']],
  [['10.15.3.21'], ['10.15.3.20', '10.15.3.29', '10.15.3.21']],
  [['10.15.3.25'], ['10.15.3.22']],
];

const format = formatOf('the lease file', false);

function recordOf(text: string, version: number): JournalRecord {
  const hasEvent = version % 3 !== 0;
  return {
    address: address(text),
    ...{ client: client(version), hardware: hardware(version), granter: UNSPECIFIED, state: 'bound' },
    ...{
      expiresAt: version as Instant,
      leaseSeconds: version,
      updatedAt: version as Instant,
      version,
      hostname: undefined,
      isRenewal: false,
    },
    ...{ event: hasEvent ? 'bound' : undefined, eventId: hasEvent ? version : 0, reason: 'bound' },
  };
}

function mergeOf(parts: typeof PARTS): RecordMerge {
  const merge = new RecordMerge();
  let sequence = 0;
  let version = 0;
  for (const batches of parts) {
    const before = sequence;
    const bytes = batches.map((texts) => {
      const writer = new BatchWriter();
      writer.begin();
      for (const text of texts) writer.add(recordOf(text, ++version));
      return writer
        .finish({ seed: format.seed, run: 1, runStart: 1, sequence: ++sequence, recordsBefore: 0 })
        .slice();
    });
    merge.add(
      new BatchReader(new Uint8Array(Buffer.concat(bytes)), {
        ...{ start: { half: 0, offset: 0 }, before, last: sequence, format },
      }),
    );
    while (merge.readBatch());
  }
  return merge;
}

function drain(next: () => JournalRecord | undefined): number[] {
  const versions = [];
  for (let record = next(); record !== undefined; record = next()) versions.push(record.version);
  return versions;
}

describe('a merge of several readers', () => {
  it('gives its rows by address and those of one address as they were committed; events as they happened', () => {
    const merge = mergeOf(PARTS);

    expect(merge.records).toBe(9);
    expect(drain(() => merge.row())).toEqual([5, 2, 4, 7, 9, 3, 8, 1, 6]);
    expect(drain(() => merge.event())).toEqual([1, 2, 4, 5, 7, 8]);
  });

  it('goes back to a mark, as after a transaction that failed', () => {
    const merge = mergeOf(PARTS);
    for (let count = 0; count < 2; count += 1) merge.row();
    merge.event();
    const goBack = merge.mark();
    for (let count = 0; count < 5; count += 1) merge.row();
    for (let count = 0; count < 3; count += 1) merge.event();

    goBack();

    expect(drain(() => merge.row())).toEqual([4, 7, 9, 3, 8, 1, 6]);
    expect(drain(() => merge.event())).toEqual([2, 4, 5, 7, 8]);
  });
});
