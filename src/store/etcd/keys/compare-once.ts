import type { Compare, Revision } from '../client/etcd.ts';

/** Adds that a key is compared, unless it is already. */
export function compareOnce(compare: Compare[], key: string, modRevision: Revision): void {
  if (!compare.some((each) => each.key === key)) compare.push({ key, modRevision });
}
