import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/diagnosis/find-program.ts';
import { openLeaseReader } from '../../../src/store/sqlite/lease-reader.ts';
import { DiskAfterPowerCut, readTrace, type TracedCall, tracing } from '../../support/system-trace.ts';
import { buildCommittingProcess } from './committing.ts';
import { temporaryDirectory } from './temporary-store.ts';

/** Two halves of 8 KiB, for some twenty commits each: what is written goes round several times. */
const JOURNAL_BYTES = 4096 + 2 * 8192;
const COMMITS = 120;
const FEWEST_ROUNDS = 4;

const isTraced = findProgram('strace') !== undefined;
const title = isTraced ? 'a power cut' : 'a power cut [not here: strace missing: apt-get install strace]';

describe.runIf(isTraced)(title, () => {
  // A half of the journal may be written over only when SQLite has synced what was applied from it. All of this
  // process's syncs are of one moment, as two of one round of the server are.
  it('at any moment leaves each lease that was promised by then on the disk, however often the journal went round', async () => {
    const { calls, directory } = await traced();
    const disk = new DiskAfterPowerCut();
    const promised = new Set<string>();
    const lost: string[] = [];
    let rounds = 0;
    for (const call of calls) {
      disk.apply(call);
      if (isBeginOfHalf(call)) rounds += 1;
      const said = promisesIn(call);
      if (said.length === 0) continue;
      for (const each of said) promised.add(each);
      const known = leasesOn(disk, directory);
      lost.push(...[...promised].filter((each) => !known.has(each)));
      if (lost.length > 0) break;
    }

    expect(lost).toEqual([]);
    expect(promised.size).toBe(4 * COMMITS);
    expect(rounds).toBeGreaterThanOrEqual(FEWEST_ROUNDS);
  }, 60_000);
});

/** The system calls of a process that commits. */
async function traced(): Promise<{ calls: readonly TracedCall[]; directory: string }> {
  const directory = temporaryDirectory();
  const trace = join(temporaryDirectory(), 'trace');
  const [strace = '', ...flags] = tracing(trace);
  const commit = [
    process.execPath,
    buildCommittingProcess(),
    directory,
    String(JOURNAL_BYTES),
    String(COMMITS),
  ];
  const child = spawn(strace, [...flags, ...commit], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  return { calls: await readTrace(trace, child.pid ?? 0), directory };
}

function isBeginOfHalf({ name, path, numbers }: TracedCall): boolean {
  const position = (numbers.at(-1) ?? 0) - 4096;
  return name === 'pwrite64' && path.endsWith('leases.journal') && position % 8192 === 0;
}

/** The addresses that the process says it has promised, as their numbers. */
function promisesIn({ name, path, buffers }: TracedCall): readonly string[] {
  if (name !== 'write' || path.startsWith('/')) return [];
  const text = buffers[0]?.toString('latin1') ?? '';
  return /^(\d+\n)+$/.test(text) ? text.trimEnd().split('\n') : [];
}

/** What the next start would find, by the numbers of the addresses. */
function leasesOn(disk: DiskAfterPowerCut, directory: string): ReadonlySet<string> {
  const left = temporaryDirectory();
  for (const [path, bytes] of disk.files) {
    const isLeases = path.startsWith(`${directory}/`) && /\.(sqlite(-wal)?|journal)$/.test(path);
    if (isLeases) writeFileSync(join(left, basename(path)), bytes);
  }
  const reader = openLeaseReader(left);
  const rows = [...reader.leases({})];
  reader.close();
  return new Set(rows.map(({ address }) => numberOf(address)));
}

function numberOf(address: string): string {
  const [, , third, fourth] = address.split('.').map(Number);
  return String((third ?? 0) * 256 + (fourth ?? 0));
}
