import { answeredAt, timeOf } from '../clients/ask-once.ts';
import { type Findings, goal, number } from '../report/report.ts';
import { median } from '../report/statistics.ts';

/** A search of all leases, sorted and counted; `{n}`: each time another one. */
export const SEARCH = '/api/v1/leases?q=guest-{n}&sort=-expires&facets=state,node&limit=10';
/** How long one may take, with nothing beside it: milliseconds. */
const LONGEST_SEARCH = 1000;
const REPEATS = 3;

const ASKED = {
  'one lease by its address': '/api/v1/leases?address=10.65.0.99',
  'the first page': '/api/v1/leases?limit=100',
  'the first page by the end of leases': '/api/v1/leases?sort=-expires&limit=100',
  'the first page by host name': '/api/v1/leases?sort=hostname&limit=100',
  'a search, sorted and counted': SEARCH.replace('{n}', '99'),
  'a word that nobody has': '/api/v1/leases?q=nosuchguest',
  'a part of addresses and MACs': '/api/v1/leases?q=99',
  'leases and reservations in one list': '/api/v1/guests?limit=100',
  'what became of one address': '/api/v1/history?address=10.65.0.99',
} as const satisfies Readonly<Record<string, string>>;
type What = keyof typeof ASKED;

/**
 * From the start of the process until the API serves.
 *
 * @param begun When it was started, and `bound` when it had its port: milliseconds, as performance.now() has them.
 */
export async function startOfApi(socketPath: string, begun: number, bound: number): Promise<Findings> {
  const times: [string, number][] = [['the port of DHCP is bound', bound - begun]];
  for (const path of ['/healthz', '/readyz', '/api/v1/leases?limit=1'])
    times.push([`${path} answers`, (await answeredAt(socketPath, path)) - begun]);
  const table = {
    title: 'Management: from the start of the process until it serves',
    notes: [],
    heads: ['what', 'ms'],
    rows: times.map(([what, time]) => [what, number(time)]),
  };
  return { tables: [table], goals: [], raw: times };
}

/** How long single questions take while nothing else is asked. */
export async function answersAlone(socketPath: string): Promise<Findings> {
  const times = new Map<What, number>();
  for (const what of Object.keys(ASKED) as What[]) {
    const each: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) each.push(await timeOf(socketPath, ASKED[what]));
    times.set(what, median(each));
  }
  const slowest = Math.max(...times.values());
  const table = {
    title: 'Management: how long one question takes, asked alone',
    notes: [],
    heads: ['what', 'ms'],
    rows: [...times].map(([what, time]) => [what, number(time)]),
  };
  return {
    tables: [table],
    goals: [
      goal(
        'the slowest question about all leases, asked alone',
        `< ${LONGEST_SEARCH} ms`,
        `${number(slowest)} ms`,
        slowest < LONGEST_SEARCH,
      ),
    ],
    raw: Object.fromEntries(times),
  };
}
