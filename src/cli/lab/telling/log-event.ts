import type { LabEvent } from './lab-event.ts';

/** A gateway has learnt of a lease of another one. Not told: each gateway logs this for each guest of the others. */
const OF_PEER = 'peer-granted';

type Entry = Readonly<Record<string, unknown>>;

/**
 * A line of a gateway's log as an event; a line that is no JSON is told as it is. Undefined: it is about one of
 * many guests without names.
 */
export function logEvent(
  line: string,
  node: string,
  guests: readonly { readonly name: string; readonly hardware: string }[],
): LabEvent | undefined {
  const { time, level, msg, part: _part, ...fields }: Entry = parse(line) ?? { msg: line };
  const at = typeof time === 'string' ? Date.parse(time) : Date.now();
  const message = text(fields['message']);
  const reason = text(fields['reason']);
  if (message !== undefined && reason !== undefined) {
    const hardware = text(fields['hardware']);
    const guest = guests.find((each) => each.hardware === hardware)?.name;
    if (guest === undefined) return undefined;
    return { kind: 'decision', at, node, message, guest, reason, address: text(fields['address']) };
  }
  if (reason === OF_PEER) return undefined;
  return {
    kind: 'gateway',
    at,
    node,
    level: text(level) ?? 'info',
    text: text(msg) ?? '',
    fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, worded(value)])),
  };
}

function worded(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parse(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // Not a line of the log: the runtime's own words.
  }
}
