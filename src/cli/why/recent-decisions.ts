import { setTimeout as delay } from 'node:timers/promises';
import type { GuestDecision } from '../../diagnosis/doctor/likeliest-cause.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { sentEvents } from '../events/event-frames.ts';

/** What is kept comes at once; after so long a silence nothing of it is left. Milliseconds. */
const SILENCE = 700;
/** An id of no gateway: the stream begins with the oldest event that is kept. */
const FROM_THE_BEGINNING = { 'last-event-id': '0-0' };

/** The decisions about a guest that the running gateway has kept, the newest at the end. */
export async function recentDecisions(api: GatewayApi, mac: string): Promise<readonly GuestDecision[]> {
  const stream = await api.open('/events', { kind: 'decision', mac }, FROM_THE_BEGINNING);
  const found: GuestDecision[] = [];
  try {
    const events = sentEvents(stream.setEncoding('utf8'));
    for (;;) {
      const next = await Promise.race([events.next(), delay(SILENCE)]);
      if (next === undefined || next.done === true) return found;
      const { kind, data } = next.value;
      if (kind !== 'decision') continue;
      const { at, reason, address, type } = data;
      found.push({
        at: String(at),
        reason: String(reason),
        address: address === null ? null : String(address),
        type: String(type),
      });
    }
  } finally {
    stream.destroy();
  }
}
