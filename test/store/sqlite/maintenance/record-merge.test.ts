import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../../src/lease/lease.ts';
import { UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import { BatchWriter, formatOf } from '../../../../src/store/sqlite/journal/journal-batch.ts';
import { JournalPiece } from '../../../../src/store/sqlite/journal/journal-piece.ts';
import type { JournalRecord } from '../../../../src/store/sqlite/journal/journal-record.ts';
import { CarryLoad } from '../../../../src/store/sqlite/maintenance/record-merge.ts';
import { address, client, hardware } from '../../changes.ts';

/** Three pieces of two batches each; versions count the commits. */
const PIECES = [
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

function loadOf(pieces: typeof PIECES): CarryLoad {
  const load = new CarryLoad();
  let sequence = 0;
  let version = 0;
  for (const batches of pieces) {
    const before = sequence;
    const bytes = batches.map((texts) => {
      const writer = new BatchWriter();
      writer.begin();
      for (const text of texts) writer.add(recordOf(text, ++version));
      return writer
        .finish({ seed: format.seed, run: 1, began: 1, sequence: ++sequence, recordsBefore: 0 })
        .slice();
    });
    load.add(
      new JournalPiece(new Uint8Array(Buffer.concat(bytes)), {
        ...{ start: { segment: 0, offset: 0 }, before, last: sequence, format },
      }),
    );
    while (load.look());
  }
  return load;
}

function drain(next: () => JournalRecord | undefined): number[] {
  const versions = [];
  for (let record = next(); record !== undefined; record = next()) versions.push(record.version);
  return versions;
}

describe('a load of several pieces', () => {
  it('gives its rows by address and those of one address as they were committed; events as they happened', () => {
    const load = loadOf(PIECES);

    expect(load.records).toBe(9);
    expect(drain(() => load.row())).toEqual([5, 2, 4, 7, 9, 3, 8, 1, 6]);
    expect(drain(() => load.event())).toEqual([1, 2, 4, 5, 7, 8]);
  });

  it('goes back to a mark, as after a transaction that failed', () => {
    const load = loadOf(PIECES);
    for (let count = 0; count < 2; count += 1) load.row();
    load.event();
    const goBack = load.mark();
    for (let count = 0; count < 5; count += 1) load.row();
    for (let count = 0; count < 3; count += 1) load.event();

    goBack();

    expect(drain(() => load.row())).toEqual([4, 7, 9, 3, 8, 1, 6]);
    expect(drain(() => load.event())).toEqual([2, 4, 5, 7, 8]);
  });
});
