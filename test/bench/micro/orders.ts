import { type Instant, instant } from '../../../src/lease/lease.ts';
import { LeaseTable } from '../../../src/lease-table/lease-table.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { client, hardware } from '../../store/changes.ts';
import { at } from '../../support/plan.ts';
import type { MicroResult } from './repeat.ts';

const ADDRESSES = 1_000_000;
const FIRST = at('10.64.0.0');
const RANGE = { first: FIRST, last: (FIRST + ADDRESSES - 1) as Ipv4, excluded: new Set<Ipv4>() };
const ROUNDS = 7;
const NEVER: Instant = instant(0);

/**
 * The order of a million addresses, most of them released in no order, built in steps as before a new plan is adopted: the
 * longest step is for how long a packet may wait for it. Beside it a step alone, and the whole. Each step is
 * the best of several rounds, for it is the same work in all of them.
 */
export function measureOrders(): readonly MicroResult[] {
  const table = new LeaseTable(new Set(), 1);
  for (let index = 0; index < ADDRESSES; index += 1) {
    table.load({
      ...{ address: (FIRST + index) as Ipv4, client: client(index), hardware: hardware(index) },
      ...{ granter: UNSPECIFIED, state: index % 4 === 0 ? 'bound' : 'free', leaseSeconds: 0 },
      ...{ expiresAt: NEVER, updatedAt: NEVER, version: ((index * 7_919) % ADDRESSES) + 1 },
    });
  }
  globalThis.gc?.();
  const steps: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    table.prepare([]); // Forgets what the last round has built.
    let isDone = false;
    for (let step = 0; !isDone; step += 1) {
      const start = performance.now();
      isDone = table.prepare([RANGE]);
      steps[step] = Math.min(steps[step] ?? Number.POSITIVE_INFINITY, (performance.now() - start) * 1e6);
    }
  }
  steps.sort((a, b) => a - b);
  const result = (what: string, nanoseconds = 0) => ({
    name: `order of 1,000,000, ${what}`,
    nanoseconds,
    bytes: 0,
  });
  return [
    result('longest step', steps.at(-1)),
    result('a step', steps[steps.length >> 1]),
    result(
      `all ${steps.length} steps`,
      steps.reduce((sum, each) => sum + each, 0),
    ),
  ];
}
