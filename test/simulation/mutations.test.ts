import { expect, test } from 'vitest';
import { HEARING_MUTATIONS } from './hearing-mutations.ts';
import { MUTATIONS } from './mutations.ts';
import { RESERVATION_MUTATIONS } from './reservation-mutations.ts';
import { firstFault } from './run.ts';
import { CLOCK_MUTATIONS, STALE_MUTATIONS } from './stale-mutations.ts';

/** Within so many seeds each mistake is found. */
const PATIENCE = 200;

test.each([
  ...[...MUTATIONS].map(([name, mutation]) => ['etcd', name, mutation] as const),
  ...[...STALE_MUTATIONS].flatMap(([name, mutation]) =>
    (['etcd', 'hearing'] as const).map((way) => [way, name, mutation] as const),
  ),
  ...[...CLOCK_MUTATIONS].flatMap(([name, mutation]) =>
    (['hearing', 'shares'] as const).map((way) => [way, name, mutation] as const),
  ),
  ...[...RESERVATION_MUTATIONS].map(([name, mutation]) => ['etcd', name, mutation] as const),
  ...[...HEARING_MUTATIONS].map(([name, mutation]) => ['hearing', name, mutation] as const),
])(
  'a mistake on purpose is found: %s, %s',
  async (way, _name, mutation) => {
    expect(await firstFault(PATIENCE, way, mutation)).toBeDefined();
  },
  120_000,
);
