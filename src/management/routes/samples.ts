import { z } from 'zod';
import type { ClientKey } from '../../lease/client-key.ts';
import { ipv4FromText, UNSPECIFIED } from '../../net/ipv4.ts';
import { nodeThatGoesFirst, type Sharing } from '../../reporting/who-goes-first.ts';
import { readGrants } from '../../store/sqlite/query/read-grants.ts';
import { type Operation, operation } from '../http/operation.ts';
import { badRequest } from '../http/problem.ts';
import { text, timeText } from '../http/schemas.ts';
import { inSteps, type SampleStep } from '../samples/in-steps.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const DAY = 86_400_000;
/** One is taken a minute. */
const MINUTE = 60;
/** The most samples of one answer: a day of minutes has 1,440. */
const MOST = 1500;

const count = z.number().nullable();
const SAMPLE = z.object({
  at: z.string().meta({ format: 'date-time', description: 'The end of its time' }),
  pool: z
    .object({
      size: count,
      leased: count,
      peers: count,
      declined: count,
      offered: count,
      left: count,
      reserved: count,
    })
    .meta({ description: 'As it was then; null: the gateway did not serve, or did not answer' }),
  exchanges_per_second: count.meta({ description: 'Messages that were decided' }),
  reply_seconds_p50: count.meta({ description: 'From the reading of a message to its reply' }),
  reply_seconds_p99: count,
  drops: count.meta({ description: 'Messages that got no decision, and replies that were not sent' }),
  refused: count.meta({ description: 'Malformed and forged messages, and what a limit or a rule forbids' }),
});
const ANSWERED = z.object({
  first: z.string().nullable().meta({ description: 'The node whose gateway goes first for the guest' }),
  node: z.string().nullable().meta({ description: 'The node whose gateway gave the lease' }),
  by: z.enum(['port', 'hash']).meta({
    description: 'Why it goes first: the guest is plugged in at its node, or the hash of the client says so',
  }),
  leases: z.int(),
});

export function samplesRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/samples',
    name: 'listSamples',
    summary: 'How things were over time: one sample a minute for seven days, since the start of the process',
    query: z.object({
      segment: text.optional(),
      since: timeText.optional().meta({ description: 'From this time on; absent: the last day' }),
      step: z
        .string()
        .regex(/^\d{1,6}$/, `is not a number of seconds: ${MINUTE}, or more of them`)
        .transform(Number)
        .refine((step) => step > 0 && step % MINUTE === 0, `is no multiple of ${MINUTE}`)
        .optional()
        .meta({ description: 'Seconds of one sample of the answer; absent: as few as fit' }),
    }),
    answer: z.object({
      items: z.array(SAMPLE),
      total: z.int(),
      step: z.int(),
      answered: z.array(ANSWERED).meta({
        description: 'New leases since then: which gateway gave them, and which one goes first for the guest',
      }),
      as_of: z.string().meta({ format: 'date-time' }),
    }),
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const now = parts.now();
      const since = query.since ?? now - DAY;
      const samples = parts.samples.since(since);
      const least = Math.max(1, Math.ceil(samples.length / MOST)) * MINUTE;
      if (query.step !== undefined && query.step < least)
        throw badRequest('the query has faults', [
          { pointer: '/step', detail: `is too small for that time: ${least} or more` },
        ]);
      const step = query.step ?? least;
      const items = inSteps(samples, step).map(sampleOf);
      const answered = await answeredSince(parts, since, signal);
      return { items, total: items.length, step, answered, as_of: new Date(now).toISOString() };
    },
  });
}

function sampleOf(sample: SampleStep): z.output<typeof SAMPLE> {
  const { at, size, leased, peers, declined, offered, left, reserved, exchanges, p50, p99, drops, refused } =
    sample;
  return {
    at: new Date(at ?? 0).toISOString(),
    pool: { size, leased, peers, declined, offered, left, reserved },
    exchanges_per_second: exchanges,
    reply_seconds_p50: p50,
    reply_seconds_p99: p99,
    drops,
    refused,
  };
}

async function answeredSince(
  parts: RouteParts,
  since: number,
  signal: AbortSignal,
): Promise<readonly z.output<typeof ANSWERED>[]> {
  const { gauges } = await parts.figures.result();
  const sharing = sharingOf(parts, gauges?.sharing?.gateways);
  const counts = new Map<string, z.output<typeof ANSWERED>>();
  await parts.leases.peek(({ database }) =>
    readGrants(
      database,
      since,
      ({ client, node, port }) => {
        // A gateway that sees the guest's port goes first for it.
        const by = port === null ? 'hash' : 'port';
        const first = by === 'hash' ? (nodeThatGoesFirst(client as ClientKey, sharing) ?? null) : node;
        const key = JSON.stringify([first, node, by]);
        counts.set(key, { first, node, by, leases: (counts.get(key)?.leases ?? 0) + 1 });
      },
      signal,
    ),
  );
  return [...counts.values()];
}

/** Alone, this gateway goes first for everybody. */
function sharingOf({ options, subnet }: RouteParts, gateways: Sharing['gateways'] | undefined): Sharing {
  const { pool_start, pools: ranges } = subnet();
  const pools = ranges.map((range) => {
    const [start = '', end = start] = range.split('-');
    const [first, last] = [ipv4FromText(start) ?? UNSPECIFIED, ipv4FromText(end) ?? UNSPECIFIED];
    return { first, last, excluded: new Set<never>() };
  });
  const { node } = options;
  return { node, gateways: gateways ?? { [node]: pool_start }, pools };
}
