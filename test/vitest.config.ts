import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { FailedReporter } from './support/failed-reporter.ts';
import { SHARE_A_PROCESS } from './support/shared-process.ts';
import { SkippedReporter } from './support/skipped-reporter.ts';

/** The files that take longest, longest first, by the last part of their paths: half a minute to minutes each. */
const LONGEST = [
  'simulation/simulation',
  'simulation/mutations',
  'store/etcd/client/secure-etcd',
  'store/etcd/membership/space',
  'cli/leases',
  'store/sqlite/sqlite-store.contract',
  'detection/heard-peers',
  'lease-table/lease-table-growth',
  'system/lab',
  'system/listen-ip',
  'cluster/hanging-disk',
  'system/crash',
  'cluster/shared-pool',
  'cluster/moving-in',
  'page/accessibility',
  'page/nodes',
  'system/doctor',
  'page/page',
  'page/two-tabs',
  'page/strange-answers',
  'page/strange-addresses',
  'page/hostile-names',
  'system/why',
  'system/moving-in',
  'cluster/wrong-clock',
  'system/lost-files',
  'cluster/moving',
  'system/forged-claims',
  'system/management',
  'system/commands',
  'cluster/certificates',
  'cluster/surroundings',
  'system/management-reads',
  'system/reservation-commands',
  'system/several-gateways',
  'system/health',
  'system/silent-disk',
  'system/management-reservations',
  'system/management-orders',
  'system/start-without-writing',
  'system/import-commands',
  'cluster/reservations',
  'system/client-situations',
  'system/clients',
  'cluster/secure',
].map((name) => `/test/${name}.test.ts`);

/** Begins with the longest files, so that no worker is still busy with one when the others have nothing left. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONGEST.length : place;
    };
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => placeOf(one) - placeOf(other));
  }
}

/** The file that is to name what failed, for test/again-alone.sh. */
const FAILURES = process.env['FAILURES'];

/** One file for each processor; vitest would leave one free for its watch mode. Some write to the disk a thousand times. */
const COMPUTING = { maxWorkers: '100%', testTimeout: 30_000 };

/**
 * Real programs in namespaces of their own: most of their time they wait, so four files run side by side on two processors.
 * A test has more time than `eventually` and a browser wait: these say what did not come, and a test's own limit does not.
 */
const WAITING = {
  maxWorkers: availableParallelism() * 2,
  testTimeout: 90_000,
  sequence: { groupOrder: 1 },
};

export default defineConfig({
  root: `${import.meta.dirname}/..`,
  test: {
    // On a machine with other work; no test measures time.
    testTimeout: 20_000,
    sequence: { sequencer: LongestFirst },
    reporters: [
      new SkippedReporter(),
      ...(FAILURES === undefined ? [] : [new FailedReporter(FAILURES)]),
      'default',
    ],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/system/**',
            'test/cluster/**',
            'test/page/**',
            'test/pictures/**',
            ...SHARE_A_PROCESS,
          ],
          ...COMPUTING,
        },
      },
      {
        extends: true,
        test: { name: 'pure', include: SHARE_A_PROCESS, pool: 'threads', isolate: false, ...COMPUTING },
      },
      {
        extends: true,
        test: { name: 'system', include: ['test/system/**/*.test.ts'], ...WAITING },
      },
      {
        extends: true,
        // The page in a real browser.
        test: { name: 'page', include: ['test/page/**/*.test.ts'], ...WAITING },
      },
      {
        extends: true,
        // Three gateways on three members of etcd.
        test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], ...WAITING },
      },
    ],
  },
});
