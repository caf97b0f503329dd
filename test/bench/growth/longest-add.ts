import type { ClientKey } from '../../../src/lease/client-key.ts';
import { instant } from '../../../src/lease/lease.ts';
import { LeaseTable } from '../../../src/lease-table/lease-table.ts';
import type { HardwareAddress } from '../../../src/net/hardware-address.ts';
import { ipv4, UNSPECIFIED } from '../../../src/net/ipv4.ts';

/** What makes one add dear at the same count each time is ours; what comes once is the machine's, or a collection. */
const RUNS = 3;
const FIRST = 0x0a000000;
const SEED = 0x1234_5678_9abc;

/**
 * Fills lease tables with as many records as the argument says, and writes, as JSON, the milliseconds of the longest
 * add: of each count's add the least of all runs, of those the greatest.
 */
const count = Number(process.argv[2]);
const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
for (let run = 0; run < RUNS; run += 1) {
  const table = new LeaseTable(new Set(), SEED);
  for (let index = 0; index < count; index += 1) {
    const hardware = (0x5254_0000_0000 + index) as HardwareAddress;
    const lease = {
      address: ipv4(FIRST + index),
      client: `01${hardware.toString(16)}` as ClientKey,
      hardware,
      granter: UNSPECIFIED,
      state: 'bound',
      expiresAt: instant(index),
      updatedAt: instant(index),
      leaseSeconds: 0,
      version: index + 1,
    } as const;
    const before = performance.now();
    table.load(lease);
    least[index] = Math.min(least[index] ?? 0, performance.now() - before);
  }
}
let longest = 0;
for (const milliseconds of least) longest = Math.max(longest, milliseconds);
console.log(JSON.stringify({ longest }));
