import { z } from 'zod';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { EVENT_KINDS, type EventKind, type LoggedEvent } from '../events/event-log.ts';
import { eventStream } from '../events/event-stream.ts';
import { type Operation, operation } from '../http/operation.ts';
import { unavailable } from '../http/problem.ts';
import { addressText, macText, text } from '../http/schemas.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** Streams that are open at once. */
const MOST_STREAMS = 128;

const QUERY = z.object({
  segment: text.optional(),
  kind: z
    .string()
    .max(200)
    .transform((list, context): ReadonlySet<EventKind> => {
      const names = list.split(',').map((name) => name.trim());
      const found = EVENT_KINDS.filter((kind) => names.includes(kind));
      if (found.length === new Set(names).size) return new Set(found);
      context.addIssue(`is not a list of ${EVENT_KINDS.join(', ')}`);
      return z.NEVER;
    })
    .optional()
    .meta({ description: `Separated by commas, of ${EVENT_KINDS.join(', ')}; absent: all` }),
  reason: text.optional(),
  mac: macText.optional(),
  address: addressText.optional(),
});

export function eventsRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/events',
    name: 'followEvents',
    summary:
      'Server-sent events, from now on or behind `Last-Event-ID`; a reader that is too slow is cut off, and resumes',
    query: QUERY,
    time: 'stream',
    answer: 'text/event-stream',
    run: async ({ query, header, caller }) => {
      refuseOtherSegment(parts, query.segment);
      const { streams } = parts;
      if (streams.size >= MOST_STREAMS)
        throw unavailable('too-many-streams', `${MOST_STREAMS} streams of events are open already`);
      const stream: object = {};
      const end = () => streams.delete(stream);
      parts.followEvents();
      streams.add(stream);
      caller.gone?.addEventListener('abort', end, { once: true });
      const events = eventStream(parts.events, header('last-event-id'), filterOf(query), end);
      return new Response(events, {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        },
      });
    },
  });
}

function filterOf({ kind, reason, mac, address }: z.output<typeof QUERY>) {
  const wantedMac = mac === undefined ? undefined : hardwareToText(mac);
  const wantedAddress = address === undefined ? undefined : ipv4ToText(address);
  return (event: LoggedEvent) =>
    event.kind === 'missed' ||
    ((kind === undefined || kind.has(event.kind)) &&
      (reason === undefined || event.reason === reason) &&
      (wantedMac === undefined || event.mac === wantedMac) &&
      (wantedAddress === undefined || event.address === wantedAddress));
}
