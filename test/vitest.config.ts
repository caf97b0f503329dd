import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SkippedReporter } from './support/skipped-reporter.ts';

/** Begins with the files that take minutes, so that one processor does not wait for the other at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => moduleId.includes('/test/simulation/');
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  root: `${import.meta.dirname}/..`,
  test: {
    // On a machine with other work; no test measures time.
    testTimeout: 20_000,
    sequence: { sequencer: LongestFirst },
    reporters: [new SkippedReporter(), 'default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Some write to the disk a thousand times, on machines with other work.
          testTimeout: 30_000,
          // One for each processor; vitest would leave one free for its watch mode.
          maxWorkers: '100%',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**', 'test/cluster/**'],
        },
      },
      {
        extends: true,
        // Real programs in network namespaces of their own: they wait more than they compute, so some files run together.
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        // Three gateways on three members of etcd.
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
