import { CLOCK_TRUSTED } from '../lease/history-event.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import type { HistoryFilter, ListedEvent } from '../store/sqlite/lease-reader.ts';

/** Events after which somebody holds the address. */
const HELD = new Set(['bound', 'peer']);
/** Events that change nothing about who holds it. */
const BESIDE = new Set<string>(['reserved', 'unreserved', CLOCK_TRUSTED]);

/** The newest rows of all, at most `count`, in their order. */
export function newest(events: Iterable<ListedEvent>, count: number): readonly ListedEvent[] {
  const ring: ListedEvent[] = [];
  let next = 0;
  for (const event of events) {
    ring[next % count] = event;
    next += 1;
  }
  return next <= count ? ring : [...ring.slice(next % count), ...ring.slice(0, next % count)];
}

/**
 * What was true after the last of these events, the oldest first. For one address: its last event. Else the last events
 * of the addresses that were held then; if a MAC is named, only those that it held.
 */
export function heldAtEnd(
  events: Iterable<ListedEvent>,
  { address, mac }: Pick<HistoryFilter, 'address' | 'mac'>,
): readonly ListedEvent[] {
  const last = new Map<string, ListedEvent>();
  for (const event of events) {
    if (BESIDE.has(event.event)) continue;
    last.delete(event.address);
    last.set(event.address, event);
  }
  if (address !== undefined) return [...last.values()];
  const hardware = mac === undefined ? undefined : hardwareToText(mac);
  return [...last.values()].filter(
    (event) => HELD.has(event.event) && (hardware === undefined || event.mac === hardware),
  );
}
