import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Bench } from './bench.ts';
import { describeMachine } from './machine/machine.ts';
import { killAll } from './machine/program.ts';
import { Segment } from './machine/segment.ts';
import { readOptions, type SectionName, USAGE } from './options.ts';
import { type Findings, number, tableOfGoals, toMarkdown, toText } from './report/report.ts';
import { benchArp } from './sections/arp.ts';
import { benchAttacks } from './sections/attacks.ts';
import { benchCeiling } from './sections/ceiling.ts';
import { benchCluster } from './sections/cluster.ts';
import { benchClusterProfile } from './sections/cluster-profile.ts';
import { benchDefaults } from './sections/defaults.ts';
import { benchGrowth } from './sections/growth.ts';
import { benchGuards } from './sections/guards.ts';
import { benchManagement } from './sections/management.ts';
import { benchMicro } from './sections/micro.ts';
import { benchPage } from './sections/page.ts';
import { benchPeers } from './sections/peers.ts';
import { benchProfile } from './sections/profile.ts';
import { benchStart } from './sections/start.ts';

const PARTS: Readonly<Record<SectionName, (bench: Bench) => Promise<Findings>>> = {
  micro: benchMicro,
  peers: benchPeers,
  ceiling: benchCeiling,
  growth: benchGrowth,
  arp: benchArp,
  defaults: benchDefaults,
  start: benchStart,
  profile: benchProfile,
  cluster: benchCluster,
  'cluster-profile': benchClusterProfile,
  attacks: benchAttacks,
  guards: benchGuards,
  management: benchManagement,
  page: benchPage,
};

/** Measures all parts asked for; everything made for it is gone when it returns or throws. */
async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (process.getuid?.() !== 0) throw new Error('network namespaces are needed: run it as root');
  mkdirSync('.bench', { recursive: true });
  const folder = mkdtempSync(resolve('.bench', 'run-'));
  const segment = new Segment();
  const cleanUp = () => {
    killAll();
    segment.close();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));

  segment.open();
  const start = performance.now();
  const say = (text: string) =>
    console.error(`[${number((performance.now() - start) / 1000).padStart(4)} s] ${text}`);
  const machine = describeMachine(folder);
  const bench: Bench = { options, segment, machine, folder, say };
  const parts: Partial<Record<SectionName, Findings>> = {};
  for (const name of options.sections) {
    say(name);
    parts[name] = await PARTS[name](bench);
    for (const table of parts[name].tables) console.log(toText(table));
  }
  const found = Object.values(parts);
  const goals = tableOfGoals(found.flatMap((part) => part.goals));
  const tables = [...(goals.rows.length > 0 ? [goals] : []), ...found.flatMap((part) => part.tables)];
  if (goals.rows.length > 0) console.log(toText(goals));

  const took = (performance.now() - start) / 1000;
  const raw = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.raw]));
  write(options.json, JSON.stringify({ ...heading(), machine, options, took, goals, ...raw }, undefined, 2));
  const said = [
    `${machine.processors} x ${machine.processor}, Linux ${machine.kernel}, Node ${machine.node}`,
    `fsync of 4 KiB on this disk: p50 ${number(machine.fsync.p50, 2)} ms, p99 ${number(machine.fsync.p99, 2)} ms`,
    `Commit ${heading().commit}; ${number(took)} s for all${options.quick ? ' (quick: single short runs)' : ''}`,
  ];
  write(
    options.markdown,
    ['# Measurements', '', ...said.map((line) => `- ${line}`), '', ...tables.map(toMarkdown)].join('\n'),
  );
  console.log(said.join('\n'));
  console.log(`Written: ${options.json} and ${options.markdown}`);
}

function heading(): { readonly commit: string; readonly at: string } {
  let commit = 'unknown';
  try {
    commit = execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    // No repository, or no git.
  }
  return { commit, at: new Date().toISOString() };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(file)), { recursive: true });
  writeFileSync(file, `${text}\n`);
}

try {
  await run();
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n${USAGE}` : error);
  process.exit(1);
}
