import { UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import {
  type BatchHeader,
  BatchWriter,
  formatOf,
} from '../../../../src/store/sqlite/journal/journal-batch.ts';
import type { JournalRecord } from '../../../../src/store/sqlite/journal/journal-record.ts';
import { address, at, client, hardware } from '../../changes.ts';

export const FIRST = address('10.15.3.20');
export const FORMAT = formatOf('the lease file', false);

export const RECORD = {
  address: FIRST,
  client: client(1),
  hardware: hardware(1),
  granter: UNSPECIFIED,
  state: 'bound',
  expiresAt: at(10),
  leaseSeconds: 10,
  updatedAt: at(0),
  hostname: undefined,
  isRenewal: false,
  event: undefined,
  eventId: 0,
  reason: 'bound',
} as const satisfies Omit<JournalRecord, 'version'>;

export type Batch = Partial<BatchHeader> & { readonly sequence: number; readonly records?: number };

/** The bytes of a batch, of one lease unless it says otherwise; those are equally long. */
export function batch({ records = 1, ...stamp }: Batch): Uint8Array {
  const writer = new BatchWriter();
  writer.begin();
  for (let count = 0; count < records; count += 1) writer.add({ ...RECORD, version: stamp.sequence });
  const { sequence } = stamp;
  const usual = { seed: FORMAT.seed, run: 1, runStart: 1, recordsBefore: sequence - 1 };
  return writer.finish({ ...usual, ...stamp }).slice();
}

export const BATCH_BYTES = batch({ sequence: 1 }).length;

/** A half that begins with these batches; a number is an ordinary one of the first run. */
export function half(...batches: readonly (number | Batch | Uint8Array)[]): Buffer<ArrayBuffer> {
  const bytes = batches.map((each) => {
    if (each instanceof Uint8Array) return each;
    return batch(typeof each === 'number' ? { sequence: each } : each);
  });
  return Buffer.concat([...bytes, new Uint8Array(200)]);
}

export const EMPTY: Buffer<ArrayBuffer> = Buffer.alloc(200);
