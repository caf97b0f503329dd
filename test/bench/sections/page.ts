import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { Browser, CHROMIUM } from '../../support/browser.ts';
import type { Bench } from '../bench.ts';
import { generate, newClients, type WorkloadOptions } from '../clients/generate.ts';
import type { WorkloadResult } from '../clients/workload.ts';
import { leasesOf, preload } from '../growth/preload.ts';
import { giveWay } from '../machine/give-way.ts';
import type { Program } from '../machine/program.ts';
import { keepBusy, type Visit, visit } from '../page/visit.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, goal, megabytes, number, type Table, unmeasured } from '../report/report.ts';
import { median } from '../report/statistics.ts';

const LEASES = 100_000;
const QUICK_LEASES = 10_000;
/** In 10.64.0.0/14: 512 blocks on the map, and room for all leases. */
const POOL = { first: '10.65.0.0', last: '10.66.255.255' } as const;
const SETTINGS = { GATEWAY_DHCP_SUBNET_MASK: '14', GATEWAY_DHCP_GATEWAY: '10.64.0.254' };
/** Renewals a second beside the page. */
const RATE = 1000;
/** The longest that somebody may wait for the page: milliseconds. */
const AT_ONCE = 1000;
const MOST_HEAP = 50 * 2 ** 20;

/** What somebody does, in the order of the table. */
const STEPS = {
  table: 'from nothing to the first table of leases',
  next: 'next page',
  sort: 'sort by another column',
  search: 'search: guest-9',
  searchRare: 'search: guest-99 -guest-991 state:leased',
  map: 'map: 512 blocks',
  block: 'one block opens',
} as const satisfies Readonly<Record<Exclude<keyof Visit, 'heap'>, string>>;
const NAMES = Object.keys(STEPS) as readonly (keyof typeof STEPS)[];

interface Beside {
  readonly alone: WorkloadResult;
  readonly busy: WorkloadResult;
  readonly steps: number;
}

/** How the web page does with many leases, in a real browser, and whether guests notice. */
export async function benchPage(bench: Bench): Promise<Findings> {
  if (!existsSync(CHROMIUM)) {
    const why = 'chromium missing: apt-get install chromium';
    return { tables: [], goals: [unmeasured('the web page', `< ${AT_ONCE} ms`, why)], raw: why };
  }
  const count = bench.options.quick ? QUICK_LEASES : LEASES;
  const folder = join(bench.folder, 'page');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hardware = newClients();
  preload(folder, { count, hardware, isNamed: true });
  const start = startOfGateway(folder, { log: 'warn', pool: POOL, settings: SETTINGS });
  const server = await startIn(start, bench.segment, join(bench.folder, 'server.log'));
  let browser: Browser | undefined;
  try {
    await pass(3000); // The thread of the API has started.
    giveWay(server.pid);
    // What waits for a change is evaluated in the page, which its policy forbids.
    browser = await Browser.open(server, { bypassCSP: true });
    const { page } = await browser.tab();
    const visits: Visit[] = [];
    await visit(page); // V8 has compiled the gateway's part.
    for (let repeat = 0; repeat < Math.max(3, bench.options.repeats); repeat += 1) {
      bench.say(`page: visit ${repeat + 1}`);
      visits.push(await visit(page));
    }
    const beside = await besideGuests(bench, page, { count, hardware });
    return findings(visits, beside, count, server);
  } finally {
    await browser?.close();
    await server.end();
  }
}

async function besideGuests(
  { segment, options, say }: Bench,
  page: Page,
  { count, hardware }: { readonly count: number; readonly hardware: number },
): Promise<Beside> {
  const work: WorkloadOptions = {
    ...{ kind: 'renewal', from: 'direct', window: 1, rate: RATE, settle: 1 },
    ...{ seconds: options.seconds * 2, hardware, leases: leasesOf(count) },
  };
  await page.goto('about:blank');
  say('page: renewals alone');
  const alone = await generate(segment, work);
  say('page: renewals beside the page');
  let isOver = false;
  const steps = keepBusy(page, () => isOver);
  const busy = await generate(segment, work);
  isOver = true;
  return { alone, busy, steps: await steps };
}

function findings(visits: readonly Visit[], beside: Beside, count: number, { pid }: Program): Findings {
  const of = (name: keyof Visit) => median(visits.map((each) => each[name]));
  const slowest = Math.max(...NAMES.map(of));
  const heap = of('heap');
  const lost = beside.busy.lost;
  return {
    tables: [tableOf(visits, count), tableBeside(beside)],
    goals: [
      goal(
        'the page, whatever is done',
        `< ${number(AT_ONCE)} ms`,
        `${number(slowest)} ms`,
        slowest < AT_ONCE,
      ),
      goal(
        'JavaScript heap of the page',
        `< ${megabytes(MOST_HEAP)} MB`,
        `${megabytes(heap)} MB`,
        heap < MOST_HEAP,
      ),
      goal('renewals beside the page', 'none lost', `${number(lost)} lost`, lost === 0),
    ],
    raw: { visits, beside, pid },
  };
}

function tableOf(visits: readonly Visit[], count: number): Table {
  const heap = megabytes(median(visits.map((each) => each.heap)));
  return {
    title: `The web page with ${number(count)} leases: milliseconds until it is shown`,
    notes: [
      `Chromium without a window, on this machine; medians of ${visits.length} visits with an empty cache.`,
      'A search counts from the last key, after which the page waits 200 ms for a further one.',
      `JavaScript heap after a full collection: ${heap} MB.`,
    ],
    heads: ['what', 'median', 'longest'],
    rows: NAMES.map((name) => {
      const times = visits.map((each) => each[name]);
      return [STEPS[name], number(median(times)), number(Math.max(...times))];
    }),
  };
}

function tableBeside({ alone, busy, steps }: Beside): Table {
  // Where every renewal was lost there is no time, which JSON has as null.
  const time = (value: number | null) => number(value ?? Number.NaN, 2);
  const row = (name: string, { p50, p99, p999, max, lost }: WorkloadResult) => [
    ...[name, time(p50), time(p99), time(p999), time(max), number(lost)],
  ];
  return {
    title: 'The web page: how long guests wait for their DHCPACK beside it (ms)',
    notes: [`${number(RATE)} renewals a second; the page was sorted ${number(steps)} times meanwhile.`],
    heads: ['beside', 'p50', 'p99', 'p99.9', 'longest', 'lost'],
    rows: [row('nothing', alone), row('the page, sorted again and again', busy)],
  };
}
