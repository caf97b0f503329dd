import { generate } from '../clients/generate.ts';
import { perfdhcp } from '../clients/perfdhcp.ts';
import { LoadMeter } from '../machine/load-meter.ts';
import type { Program } from '../machine/program.ts';
import type { Segment } from '../machine/segment.ts';
import { untilQuiet } from '../machine/until-quiet.ts';
import { medians } from '../report/statistics.ts';

/** One server at one rate of perfdhcp, or of our generator. */
export interface RateRun {
  /** Exchanges a second that were completed. */
  readonly rate: number;
  /** 0 to 1. */
  readonly loss: number;
  /** Microseconds of all the server's threads for one exchange, what it puts off included. */
  readonly cost: number;
  /** REQUEST to ACK: milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Processors that the clients used (our generator looks without pause: always one); and everything else on this machine beside it and the server. */
  readonly client: number;
  readonly others: number;
  /** Bytes of the server at the most, since its start. */
  readonly peak: number;
}

export async function runAtRate(
  segment: Segment,
  server: Program,
  rate: number,
  seconds: number,
): Promise<RateRun> {
  const meter = new LoadMeter([server]);
  const start = performance.now();
  const before = server.nanoseconds();
  const result = await perfdhcp(segment, rate, seconds);
  const client = result.nanoseconds / ((performance.now() - start) * 1e6);
  const others = Math.max(0, meter.others() - client);
  const used = (await untilQuiet(server)) - before;
  return {
    rate: result.rate,
    loss: result.loss,
    cost: used / 1000 / Math.max(1, result.completed),
    ...result.latency,
    client,
    others,
    peak: server.memory().peak,
  };
}

/** The same by our generator, whose limit is far away. */
export async function generateAtRate(
  segment: Segment,
  server: Program,
  rate: number,
  seconds: number,
): Promise<RateRun> {
  const meter = new LoadMeter([server]);
  const start = performance.now();
  const before = server.nanoseconds();
  const result = await generate(segment, { kind: 'exchange', from: 'relayed', window: 1, rate, seconds });
  const client = result.processorSeconds / ((performance.now() - start) / 1000);
  const others = Math.max(0, meter.others() - client);
  const cost = ((await untilQuiet(server)) - before) / 1000 / Math.max(1, result.total);
  const { p50, p99, p999, max } = result;
  const loss = 1 - Math.min(1, result.rate / rate);
  return { rate: result.rate, loss, cost, p50, p99, p999, max, client, others, peak: server.memory().peak };
}

/** The median of repeats, figure by figure; but the worst of the longest times. */
export function medianRun(runs: readonly RateRun[]): RateRun {
  return { ...medians(runs.map((run) => ({ ...run }))), max: Math.max(...runs.map((run) => run.max)) };
}
