import { z } from 'zod';
import { type Operation, operation } from '../http/operation.ts';
import { exposition, METRICS_TYPE } from '../metrics/exposition.ts';
import { type Asked, families } from '../metrics/families.ts';
import type { RouteParts } from './route-parts.ts';
import { STANDS_STILL } from './warnings.ts';

const PROBLEM = z.object({ id: z.string(), message: z.string(), remedy: z.string() });
const HEALTH = z.object({ ok: z.boolean(), verdict: z.string(), problems: z.array(PROBLEM) });

/** What a monitoring system asks; it needs no secret. */
export function openRoutes(parts: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/healthz',
      name: 'isAlive',
      summary: 'Whether the gateway lives: its thread for packets answers',
      answer: HEALTH,
      problems: { 503: 'It does not answer' },
      run: async () => healthOf(await askedNow(parts), true),
    }),
    operation({
      method: 'get',
      path: '/readyz',
      name: 'isReady',
      summary: 'Whether a new guest would get an address',
      answer: HEALTH,
      problems: { 503: 'It would not; the body says why' },
      run: async () => healthOf(await askedNow(parts), false),
    }),
    operation({
      method: 'get',
      path: '/metrics',
      name: 'metrics',
      summary: 'All metrics, as Prometheus reads them',
      answer: METRICS_TYPE,
      run: async () => await metricsOf(parts),
    }),
  ];
}

/** Undefined: the thread that serves guests does not answer. */
async function askedNow({ asked }: RouteParts): Promise<Asked | undefined> {
  return await asked.result().catch(() => undefined);
}

function healthOf(asked: Asked | undefined, isLiveness: boolean): Response {
  const verdict = asked?.status.verdict ?? 'no-answer';
  const ok = isLiveness ? asked !== undefined : verdict === 'served';
  const found = asked?.status.problems ?? [STANDS_STILL];
  const problems = found.map(({ name, message, remedy }) => ({ id: name, message, remedy }));
  return new Response(`${JSON.stringify({ ok, verdict, problems })}\n`, {
    status: ok ? 200 : 503,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

async function metricsOf(parts: RouteParts): Promise<Response> {
  return new Response(await metricsText(parts), {
    headers: { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' },
  });
}

/** All metrics, as Prometheus reads them. Never rejects: what cannot be found out is left out. */
export async function metricsText(parts: RouteParts): Promise<string> {
  const { counters, options, now, figures, platformCalls } = parts;
  const { version, startedAt, segment } = options;
  const [asked, { gauges, own }] = await Promise.all([askedNow(parts), figures.result()]);
  const calls = platformCalls?.all;
  return exposition(families({ counters, asked, gauges, own, version, startedAt, now: now(), calls }), {
    segment,
  });
}
