import type { LabEvent, LabGuest } from './lab-event.ts';

/** A line of the gateway's log as an event; a line that is no JSON is told as it is. */
export function logEvent(line: string, guests: readonly LabGuest[]): LabEvent {
  const entry = parse(line);
  const at = typeof entry?.['time'] === 'number' ? entry['time'] : Date.now();
  const message = word(entry, 'message');
  const reason = word(entry, 'reason');
  if (message !== undefined && reason !== undefined) {
    const client = word(entry, 'client') ?? '';
    const named = guests.find((guest) => mentions(line, guest));
    const address = word(entry, 'address');
    return { kind: 'decision', at, message, guest: named?.name ?? client, reason, address };
  }
  const level = typeof entry?.['level'] === 'number' ? entry['level'] : 30;
  return { kind: 'gateway', at, level, text: word(entry, 'msg') ?? line };
}

/** Clients are named by their identifier, which nearly always holds the hardware address, or by the address itself. */
function mentions(line: string, guest: LabGuest): boolean {
  const text = line.toLowerCase();
  return text.includes(guest.hardware) || text.includes(guest.hardware.replaceAll(':', ''));
}

function word(entry: Readonly<Record<string, unknown>> | undefined, key: string): string | undefined {
  const value = entry?.[key];
  return typeof value === 'string' ? value : undefined;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // Not a line of the log: the runtime's own words.
  }
}
