import type { SourceFile } from '../../importing/found.ts';
import { findSource, readSource } from './read-source.ts';

/**
 * Kea's memfile with those that its clean-up (LFC) has left beside it, in the order in which Kea itself reads them: while that
 * runs, and until the next one, most leases stand in the others.
 */
export function keaFiles(file: string): readonly SourceFile[] {
  const own = readSource(file);
  if (file === '-') return [own];
  const completed = findSource(`${file}.completed`);
  if (completed !== undefined) return [completed, own];
  return [findSource(`${file}.2`), findSource(`${file}.1`), own].filter((each) => each !== undefined);
}
