import type { Bench } from '../bench.ts';
import type { Findings } from '../report/report.ts';
export async function benchCeiling(bench: Bench): Promise<Findings> {
  bench.say('nothing yet');
  return { tables: [], goals: [], raw: undefined };
}
