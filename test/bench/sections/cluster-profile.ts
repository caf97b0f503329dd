import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { Nodes } from '../cluster/nodes.ts';
import { type CpuProfile, timeByPart } from '../report/cpu-profile.ts';
import { type Findings, number, percent } from '../report/report.ts';

const WARM_UP = 10_000;
const WINDOW = 128;

/** Where the time of the packets' thread goes, of one gateway that shares its leases, as fast as it goes. */
export async function benchClusterProfile(bench: Bench): Promise<Findings> {
  const profiles = join(bench.folder, 'profiles');
  mkdirSync(profiles, { recursive: true });
  const nodes = await Nodes.open(bench.folder, [
    ...['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${profiles}`],
  ]);
  let from: number;
  let to: number;
  let exchanges: number;
  try {
    await nodes.serveWith(1);
    await nodes.exchanges({ window: 64, settle: 0, seconds: 8, limit: WARM_UP });
    // The profile's times are of the same clock.
    from = Number(process.hrtime.bigint()) / 1000;
    ({ total: exchanges } = await nodes.exchanges({
      ...{ window: WINDOW, settle: 0, seconds: bench.options.seconds * 2 },
    }));
    to = Number(process.hrtime.bigint()) / 1000;
    await nodes.serveWith(0);
  } finally {
    await nodes.close();
  }
  const [file = ''] = readdirSync(profiles);
  const read = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile;
  const { parts, total } = timeByPart(read, from, to);
  const busy = total - (parts.get('idle') ?? 0);
  const rows = [...parts]
    .sort(([, one], [, other]) => other - one)
    .map(([part, time]) => [part, part === 'idle' ? '' : percent(time / busy), number(time / exchanges, 2)]);
  const title = `Where the time of one exchange goes, leases in etcd, one gateway, window of ${WINDOW}`;
  const notes = [
    `${number(exchanges)} exchanges; packets' thread; log at warn. Share: of the time that it was not idle.`,
  ];
  const heads = ['part', 'share', 'µs an exchange'];
  return {
    tables: [{ title, notes, heads, rows }],
    goals: [],
    raw: { exchanges, parts: Object.fromEntries(parts) },
  };
}
