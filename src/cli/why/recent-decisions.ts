import { setTimeout as delay } from 'node:timers/promises';
import type { GuestDecision } from '../../diagnosis/doctor/likeliest-cause.ts';
import { GatewayError } from '../../errors.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { type SentEvent, sentEvents } from '../events/event-frames.ts';

/** What is kept comes at once; after so long a silence nothing of it is left. Milliseconds. */
const SILENCE = 700;
/** How long they are read at the most: milliseconds. */
const PATIENCE = 10_000;
/** An id of no gateway: the stream begins with the oldest event that is kept. */
const FROM_THE_BEGINNING = { 'last-event-id': '0-0' };

/**
 * The decisions about a guest that the running gateway has kept, the newest at the end. What is decided while they are read is
 * left out: a guest that asks without a pause would never come to its end.
 *
 * @throws GatewayError if no gateway answers, or what it answers is not understood.
 */
export async function recentDecisions(api: GatewayApi, mac: string): Promise<readonly GuestDecision[]> {
  const begin = Date.now();
  const stream = await api.open('/events', { kind: 'decision', mac }, FROM_THE_BEGINNING);
  try {
    return await keptDecisions(sentEvents(stream.setEncoding('utf8')), begin);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new GatewayError('no-gateway', `the gateway has broken off its events (${cause})`, error);
  } finally {
    stream.destroy();
  }
}

async function keptDecisions(events: AsyncGenerator<SentEvent>, begin: number): Promise<GuestDecision[]> {
  const found: GuestDecision[] = [];
  while (Date.now() < begin + PATIENCE) {
    const next = await Promise.race([events.next(), delay(SILENCE)]);
    if (next === undefined || next.done === true) return found;
    if (next.value.kind !== 'decision') continue;
    const { at, reason, address, type } = next.value.data;
    if (Date.parse(String(at)) > begin) return found;
    found.push({
      at: String(at),
      reason: String(reason),
      address: typeof address === 'string' ? address : null,
      type: String(type),
    });
  }
  return found;
}
