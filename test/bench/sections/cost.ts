import type { WorkloadResult } from '../clients/workload.ts';
import { LoadMeter } from '../machine/load-meter.ts';
import type { Program } from '../machine/program.ts';
import { untilQuiet } from '../machine/until-quiet.ts';

/** One run of our generator, and what the server had to do for it. */
export interface CostedRun {
  readonly rate: number;
  /** Microseconds of all the server's threads for one echo, exchange or renewal, what it puts off included. */
  readonly cost: number;
  /** Processors that the server used. */
  readonly busy: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly lost: number;
  readonly refused: number;
  /** How much of its time the generator had nothing to do: near 0 it was itself the limit. */
  readonly idle: number;
  /** The generator's own longest pause: milliseconds. */
  readonly longestGap: number;
  /** Processors that the rest of the machine used. */
  readonly others: number;
}

export async function costOf(server: Program, run: () => Promise<WorkloadResult>): Promise<CostedRun> {
  const meter = new LoadMeter([server]);
  const before = server.nanoseconds();
  const start = performance.now();
  const result = await run();
  const elapsed = (performance.now() - start) / 1000;
  const busy = (server.nanoseconds() - before) / 1e9 / elapsed;
  const { rate, p50, p99, p999, max, lost, refused, idle, longestGap, total, processorSeconds } = result;
  const others = Math.max(0, meter.others() - processorSeconds / elapsed);
  const cost = ((await untilQuiet(server)) - before) / 1000 / Math.max(1, total);
  return {
    ...{
      rate,
      cost,
      busy,
      p50,
      p99,
      p999,
      max,
      lost,
      refused,
      idle,
      longestGap,
      others,
    },
  };
}
