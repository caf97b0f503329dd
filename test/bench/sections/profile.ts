import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { generate } from '../clients/generate.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type CpuProfile, timeByPart } from '../report/cpu-profile.ts';
import { type Findings, number, percent } from '../report/report.ts';

/** Exchanges a second, as a steady load has small batches; undefined: as many as go, in large ones. */
const LOADS = [
  { name: 'at 4,000/s', window: 1, rate: 4000 },
  { name: 'with a window of 256', window: 256 },
] as const;
const WARM_UP = 30_000;

/** Where the time of one exchange goes, by V8's own profiler: that of the packets' thread, with its waiting for the disk. */
export async function benchProfile(bench: Bench): Promise<Findings> {
  const tables = [];
  const raw = [];
  for (const { name, ...load } of LOADS) {
    bench.say(`profile ${name}`);
    const { parts, total, exchanges } = await profile(bench, load);
    const busy = total - (parts.get('idle') ?? 0);
    const rows = [...parts]
      .sort(([, one], [, other]) => other - one)
      .map(([part, time]) => [
        part,
        part === 'idle' ? '' : percent(time / busy),
        number(time / exchanges, 2),
      ]);
    tables.push({
      title: `Where the time of one exchange goes, ${name}`,
      notes: [
        `${number(exchanges)} exchanges; packets' thread, time of the clock, so waiting for the disk counts; log at warn.`,
        'Share: of the time that it was not idle.',
      ],
      heads: ['part', 'share', 'µs an exchange'],
      rows,
    });
    raw.push({ name, exchanges, parts: Object.fromEntries(parts) });
  }
  return { tables, goals: [], raw };
}

async function profile(bench: Bench, load: { readonly window: number; readonly rate?: number }) {
  const folder = join(bench.folder, 'server');
  const profiles = join(bench.folder, 'profiles');
  for (const each of [folder, profiles]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each, { recursive: true });
  }
  const nodeOptions = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${profiles}`];
  const start = startOfGateway(folder, { log: 'warn', nodeOptions });
  const server = await startIn(start, bench.segment, join(bench.folder, 'server.log'));
  const common = { kind: 'exchange', from: 'relayed', settle: 0 } as const;
  await generate(bench.segment, { ...common, window: 64, seconds: 20, limit: WARM_UP });
  // The profile's times are of the same clock.
  const from = Number(process.hrtime.bigint()) / 1000;
  const { total: exchanges } = await generate(bench.segment, {
    ...common,
    ...load,
    seconds: bench.options.seconds * 2,
  });
  const to = Number(process.hrtime.bigint()) / 1000;
  await server.end();
  const [file = ''] = readdirSync(profiles);
  const read = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile;
  return { ...timeByPart(read, from, to), exchanges };
}
