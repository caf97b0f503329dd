import { createRequire } from 'node:module';
import type { Koffi } from './libc.ts';

/** Gives the kernel back what was freed, of which glibc keeps megabytes after a start: malloc_trim(3). */
export function giveBackUnused(): void {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    koffi.load(null).func('malloc_trim', 'int', ['size_t'])(0);
  } catch {
    // There is no glibc, or no koffi: then the memory is kept.
  }
}
