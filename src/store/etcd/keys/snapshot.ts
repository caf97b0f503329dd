import { type Etcd, endOfPrefix, type KeyValue, type Revision } from '../client/etcd.ts';
import { decodeGeneration, type KnownGeneration } from './generation.ts';
import type { Keys } from './keys.ts';

/** Keys in a page, some two megabytes. For each page etcd walks through all keys of the range, so small pages cost more. */
const PAGE_KEYS = 4000;

/** All keys of a segment at one revision. */
export interface Snapshot {
  readonly revision: Revision;
  readonly found: ReadonlyMap<string, KeyValue>;
  readonly generation: KnownGeneration | undefined;
}

/** Reads a segment, a page at a time. @throws EtcdError */
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

/** One key as a majority has it now; undefined: there is no such key. @throws EtcdError */
export async function readKey(etcd: Etcd, key: string): Promise<KeyValue | undefined> {
  const { found } = await etcd.range(key, `${key}\0`);
  return found[0];
}
