import { type Etcd, endOfPrefix, type KeyValue, type Revision } from '../client/etcd.ts';
import type { Keys } from './entry.ts';
import { decodeGeneration, type KnownGeneration } from './generation.ts';

/** etcd looks at all keys from the first on for each page, however few it returns: 4,000 are some two megabytes. */
const PAGE_KEYS = 4000;

/** All keys of a segment at one revision. */
export interface Snapshot {
  readonly revision: Revision;
  readonly found: ReadonlyMap<string, KeyValue>;
  readonly generation: KnownGeneration | undefined;
}

/** Reads a segment, a page at a time. Rejects with an EtcdError. */
export async function readSnapshot(etcd: Etcd, keys: Keys): Promise<Snapshot> {
  const end = endOfPrefix(keys.prefix);
  const found = new Map<string, KeyValue>();
  let revision: Revision | undefined;
  for (let first = keys.prefix; ; ) {
    const options = revision === undefined ? { limit: PAGE_KEYS } : { limit: PAGE_KEYS, revision };
    const page = await etcd.range(first, end, options);
    revision ??= page.revision;
    for (const entry of page.found) found.set(entry.key, entry);
    const last = page.found.at(-1);
    if (!page.more || last === undefined) break;
    first = `${last.key}\0`;
  }
  return { revision, found, generation: decodeGeneration(found.get(keys.generation)) };
}

/** One key as a majority has it now; undefined: it is not there. */
export async function readKey(etcd: Etcd, key: string): Promise<KeyValue | undefined> {
  const { found } = await etcd.range(key, `${key}\0`);
  return found[0];
}
