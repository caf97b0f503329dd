import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { SERVER_PROCESSOR } from '../clients/generate.ts';
import { Program } from '../machine/program.ts';
import type { MicroResult } from '../micro/repeat.ts';
import { type Findings, number } from '../report/report.ts';

/** Decode, decide and encode alone, in a process of their own. */
export async function benchMicro(bench: Bench): Promise<Findings> {
  bench.say('decode, decide, encode');
  const script = join(import.meta.dirname, '../micro/main.js');
  // Room enough in the young generation that what is allocated can be counted before it is collected.
  const flags = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
  const program = new Program([process.execPath, ...flags, script], { processor: SERVER_PROCESSOR });
  await program.ended();
  if (program.status !== 0)
    throw new Error(`the micro-benchmarks ended with ${program.status}: ${program.output}`);
  const results = JSON.parse(program.output) as readonly MicroResult[];
  const table = {
    title: 'The parts of an exchange, alone',
    notes: ['Medians of five rounds of 50,000; bytes of heap allocated for one, dead or alive.'],
    heads: ['what', 'ns', 'bytes'],
    rows: results.map(({ name, nanoseconds, bytes }) => [name, number(nanoseconds), number(bytes)]),
  };
  return { tables: [table], goals: [], raw: results };
}
