import type { Bench } from '../bench.ts';
import { type ExchangeRun, Nodes, type RawRun } from '../cluster/nodes.ts';
import { type Findings, type Goal, goal, number, percent, type Table } from '../report/report.ts';
import { medians } from '../report/statistics.ts';

const GATEWAYS = [3, 1];
/** Clients at once. */
const WINDOWS = [128, 384];
/** Exchanges, and bare transactions, a second at a low rate. */
const LOW_RATE = 50;
/** Exchanges of each gateway before measuring, for V8's compiler; seconds at most. */
const WARM_UP = 10_000;
const WARM_UP_SECONDS = 20;
/** As the store sends them. */
const BATCH = 64;
const DEPTH = 2;

interface ExchangeResult {
  readonly gateways: number;
  /** Undefined: at the low rate. */
  readonly window: number | undefined;
  readonly all: ExchangeRun[];
  readonly median: ExchangeRun;
}

interface RawResult {
  readonly name: string;
  readonly all: RawRun[];
  readonly median: RawRun;
}

/** Gateways that share their leases in three members of etcd, and in the same run what those members allow. */
export async function benchCluster(bench: Bench): Promise<Findings> {
  const { quick, seconds, repeats } = bench.options;
  const windows = quick ? WINDOWS.slice(-1) : WINDOWS;
  const raws = [
    { name: 'one loop', machines: 1, batch: BATCH, inFlight: DEPTH },
    { name: 'three loops', machines: 3, batch: BATCH, inFlight: DEPTH },
    { name: 'single changes, low rate', machines: 1, batch: 1, inFlight: 1, rate: LOW_RATE },
  ].map((work) => ({ ...work, all: [] as RawRun[] }));
  const cells = GATEWAYS.flatMap((gateways) =>
    [undefined, ...windows].map((window) => ({ gateways, window, all: [] as ExchangeRun[] })),
  );
  const nodes = await Nodes.open(bench.folder);
  try {
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      for (const gateways of GATEWAYS) {
        bench.say(`${gateways} gateways, repeat ${repeat}`);
        await nodes.serveWith(gateways);
        if (!quick || repeat === 1)
          await nodes.exchanges({
            window: 128,
            settle: 0,
            seconds: WARM_UP_SECONDS,
            limit: WARM_UP * gateways,
          });
        for (const { window, all } of cells.filter((cell) => cell.gateways === gateways)) {
          const load =
            window === undefined ? { window: 1, rate: LOW_RATE, seconds: seconds * 2 } : { window, seconds };
          all.push(await nodes.exchanges({ settle: 0.6, ...load }));
        }
      }
      bench.say(`bare transactions, repeat ${repeat}`);
      for (const { name: _name, all, machines, ...work } of raws)
        all.push(await nodes.raw(machines, { ...work, seconds }));
    }
  } finally {
    await nodes.close();
  }
  const exchanges = cells.map((cell) => ({ ...cell, median: medians(cell.all.map((run) => ({ ...run }))) }));
  const raw = raws.map(({ name, all }) => ({ name, all, median: medians(all.map((run) => ({ ...run }))) }));
  return {
    tables: [tableOfExchanges(exchanges), tableOfRaw(raw)],
    goals: goalsOf(exchanges, raw),
    raw: { exchanges, raw },
  };
}

function tableOfExchanges(results: readonly ExchangeResult[]): Table {
  return {
    title: 'Several gateways, their leases in three members of etcd: DISCOVER to ACK by new clients',
    notes: [
      'All on this machine, each gateway and member in a network namespace of its own; medians of the repeats.',
      'GATEWAY_DHCP_ARP_PROBE=off, whose 300 ms would hide all else; log at warn; every gateway keeps its mirror.',
      'Clients broadcast, so each message is heard by all gateways, and one answers. Latency: REQUEST to ACK, ms.',
      'Processors: what all gateways, members and the clients used; others: the rest of the machine. 100 % is one.',
    ],
    heads: [
      ...['gateways', 'asked', 'exchanges/s', 'p50', 'p99', 'p99.9', 'lost', 'refused', 'µs of gateways'],
      ...['gateways', 'etcd', 'clients', 'others'],
    ],
    rows: results.map(({ gateways, window, median }) => [
      ...[number(gateways), window === undefined ? `${LOW_RATE}/s` : `window ${window}`, number(median.rate)],
      ...[median.p50, median.p99, median.p999].map((time) => number(time, 2)),
      ...[number(median.lost), number(median.refused), number(median.cost)],
      ...[median.gateways, median.etcd, median.clients, median.others].map(percent),
    ]),
  };
}

function tableOfRaw(results: readonly RawResult[]): Table {
  return {
    title: 'The limit: the same transactions, bare, by the same client of the same members',
    notes: [
      `An exchange is a bind (2 compares, 2 puts); ${BATCH} in one transaction, ${DEPTH} at once by each loop.`,
      'The gateways of the last row of the other table stand idle meanwhile. Latency: of one transaction, ms.',
    ],
    heads: ['what', 'exchanges/s', 'p50', 'p99', 'conflicts', 'gateways', 'etcd', 'clients', 'others'],
    rows: results.map(({ name, median }) => [
      ...[name, number(median.rate), number(median.p50, 2), number(median.p99, 2), number(median.conflicts)],
      ...[median.gateways, median.etcd, median.clients, median.others].map(percent),
    ]),
  };
}

function goalsOf(exchanges: readonly ExchangeResult[], raw: readonly RawResult[]): readonly Goal[] {
  const many = exchanges.filter(({ gateways }) => gateways === Math.max(...GATEWAYS));
  const best = Math.max(
    ...many.filter(({ window }) => window !== undefined).map(({ median }) => median.rate),
  );
  const latency = many.find(({ window }) => window === undefined)?.median.p50 ?? Number.NaN;
  const limit = Math.max(...raw.slice(0, -1).map(({ median }) => median.rate));
  const commit = raw.at(-1)?.median.p50 ?? Number.NaN;
  return [
    goal('exchanges/s through three gateways and three members', '>= 3,600', number(best), best >= 3600),
    goal(
      'exchanges/s through three gateways against bare transactions',
      '>= 0.45 x',
      `${number(best / limit, 2)} x (${number(best)} / ${number(limit)})`,
      best >= 0.45 * limit,
    ),
    goal(
      `REQUEST to ACK at ${LOW_RATE}/s through three gateways against one commit, p50`,
      '<= 2 x',
      `${number(latency / commit, 2)} x (${number(latency, 2)} / ${number(commit, 2)} ms)`,
      latency <= 2 * commit,
    ),
  ];
}
