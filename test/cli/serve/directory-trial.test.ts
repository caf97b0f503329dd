import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryTrial } from '../../../src/cli/serve/directory-trial.ts';
import { FakeClock, settle } from '../../support/clock.ts';

describe('trying whether the leases directory takes writes', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vps-gateway-trial-'));
    writeFileSync(join(directory, 'leases.sqlite.lock'), '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

  it('finds nothing wrong where it does, nor where the file is not there', async () => {
    const trial = new DirectoryTrial(directory, new FakeClock());
    const elsewhere = new DirectoryTrial(join(directory, 'none'), new FakeClock());

    await Promise.all([trial.tryIt(), elsewhere.tryIt()]);

    expect([trial.fault, elsewhere.fault]).toEqual([undefined, undefined]);
  });

  it.each([
    ['EROFS', 'its file system is read-only (EROFS)'],
    ['EIO', 'its disk fails (EIO)'],
    ['EPERM', undefined],
  ])('%s means: %s', async (code, fault) => {
    const trial = new DirectoryTrial(directory, new FakeClock(), failing(code));

    await trial.tryIt();

    expect(trial.fault).toBe(fault);
  });

  it('a disk that hangs is waited for briefly, is asked once, and is said after five seconds', async () => {
    const clock = new FakeClock();
    let asked = 0;
    let answer = () => {};
    const trial = new DirectoryTrial(directory, clock, () => {
      asked += 1;
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    });

    const first = trial.tryIt();
    await clock.pass(300);
    await first;
    const soon = trial.fault;
    await clock.pass(5000);
    const second = trial.tryIt();
    await clock.pass(300);
    await second;
    const late = trial.fault;
    answer();
    await settle();

    expect([soon, late, trial.fault]).toEqual([undefined, 'its disk has not answered for 6 s', undefined]);
    expect(asked).toBe(1);
  });
});
