import { z } from 'zod';
import { levelOf, worstFirst } from '../../diagnosis/running-problem.ts';
import { worstVerdict } from '../../reporting/segments-status.ts';
import { type Operation, operation } from '../http/operation.ts';
import { exposition, type Labelled, METRICS_TYPE } from '../metrics/exposition.ts';
import { type Asked, families } from '../metrics/families.ts';
import type { RouteParts } from './route-parts.ts';
import { STANDS_STILL, WARNING_LEVELS } from './warnings.ts';

const PROBLEM = z.object({
  segment: z.string().optional().meta({ description: 'Which one, where there are several' }),
  id: z.string(),
  level: z.enum(WARNING_LEVELS).meta({ description: 'note: nothing is wrong' }),
  message: z.string(),
  remedy: z.string(),
});
const HEALTH = z.object({ ok: z.boolean(), verdict: z.string(), problems: z.array(PROBLEM) });

/** What a monitoring system asks; it needs no secret. */
export function openRoutes(segments: readonly RouteParts[]): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/healthz',
      name: 'isAlive',
      summary: 'Whether the gateway lives: its thread for packets answers',
      answer: HEALTH,
      problems: { 503: 'It does not answer' },
      run: async () => healthOf(await askedAll(segments), true),
    }),
    operation({
      method: 'get',
      path: '/readyz',
      name: 'isReady',
      summary: 'Whether a new guest would get an address, on each segment',
      answer: HEALTH,
      problems: { 503: 'It would not; the body says why' },
      run: async () => healthOf(await askedAll(segments), false),
    }),
    operation({
      method: 'get',
      path: '/metrics',
      name: 'metrics',
      summary: 'All metrics, as Prometheus reads them',
      answer: METRICS_TYPE,
      run: async () => await metricsOf(segments),
    }),
  ];
}

/** Undefined: the thread that serves guests does not answer. */
async function askedNow({ asked }: RouteParts): Promise<Asked | undefined> {
  return await asked.result().catch(() => undefined);
}

/** One segment, and what its gateway says. */
interface AskedSegment {
  readonly segment: string;
  readonly asked: Asked | undefined;
}

function askedAll(segments: readonly RouteParts[]): Promise<readonly AskedSegment[]> {
  return Promise.all(
    segments.map(async (parts) => ({ segment: parts.options.segment, asked: await askedNow(parts) })),
  );
}

function healthOf(segments: readonly AskedSegment[], isLiveness: boolean): Response {
  const verdicts = segments.map(({ asked }) => asked?.status.verdict);
  const isAlive = !verdicts.includes(undefined);
  const verdict = isAlive ? worstVerdict(verdicts.filter((each) => each !== undefined)) : 'no-answer';
  const ok = isLiveness ? isAlive : verdict === 'served';
  const problems = segments.flatMap(({ segment, asked }) =>
    (asked === undefined ? [STANDS_STILL] : worstFirst(asked.status.problems)).map((problem) => ({
      ...(segments.length > 1 ? { segment } : {}),
      ...{ id: problem.name, level: WARNING_LEVELS[levelOf(problem)] },
      ...{ message: problem.message, remedy: problem.remedy },
    })),
  );
  return new Response(`${JSON.stringify({ ok, verdict, problems })}\n`, {
    status: ok ? 200 : 503,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

async function metricsOf(segments: readonly RouteParts[]): Promise<Response> {
  return new Response(await metricsText(segments), {
    headers: { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' },
  });
}

/** All metrics, as Prometheus reads them. Never rejects: what cannot be found out is left out. */
export async function metricsText(segments: readonly RouteParts[]): Promise<string> {
  return exposition(await Promise.all(segments.map(familiesOf)));
}

async function familiesOf(parts: RouteParts): Promise<Labelled> {
  const { counters, options, now, figures, platformCalls } = parts;
  const { version, startedAt, segment } = options;
  const [asked, { gauges, own }] = await Promise.all([askedNow(parts), figures.result()]);
  const calls = platformCalls?.all;
  const input = { counters, asked, gauges, own, version, startedAt, now: now(), calls };
  return { families: families(input), common: { segment } };
}
