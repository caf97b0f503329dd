import type { LabEvent, LabGuest } from './lab-event.ts';

type Entry = Readonly<Record<string, unknown>>;

/** A line of the gateway's log as an event; a line that is no JSON is told as it is. */
export function logEvent(line: string, guests: readonly LabGuest[]): LabEvent {
  const { time, level, msg, part: _part, ...fields }: Entry = parse(line) ?? { msg: line };
  const at = typeof time === 'string' ? Date.parse(time) : Date.now();
  const message = text(fields['message']);
  const reason = text(fields['reason']);
  if (message !== undefined && reason !== undefined) {
    const hardware = text(fields['hardware']);
    const guest = guests.find((each) => each.hardware === hardware)?.name ?? hardware ?? '';
    return { kind: 'decision', at, message, guest, reason, address: text(fields['address']) };
  }
  return {
    kind: 'gateway',
    at,
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
