import { defineConfig } from 'vitest/config';
import { SkippedReporter } from './support/skipped-reporter.ts';

export default defineConfig({
  root: `${import.meta.dirname}/..`,
  test: {
    // On a machine with other work; no test measures time.
    testTimeout: 20_000,
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
