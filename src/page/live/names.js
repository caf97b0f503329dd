import { askItems } from '../api/client.js';
import { Signal } from '../state/signal.js';

/** Questions that wait at most: the names of a flood do not matter. */
const MOST_WAITING = 60;
const MOST_KNOWN = 5000;

/** The host names of guests, by MAC; null: it has told none. @type {Signal<ReadonlyMap<string, string | null>>} */
export const names = new Signal(/** @type {ReadonlyMap<string, string | null>} */ (new Map()));

/** @type {Set<string>} */
const waiting = new Set();
let isAsking = false;

/**
 * Finds out a guest's name, one guest after the other.
 *
 * @param {string | null} mac
 * @param {boolean} hasLease It has just got one, and with it a name, if it had none before.
 */
export function wantName(mac, hasLease) {
  const known = mac === null ? null : names.value.get(mac);
  if (mac === null || known || (known === null && !hasLease)) return;
  if (waiting.has(mac) || waiting.size >= MOST_WAITING) return;
  waiting.add(mac);
  if (!isAsking) void askAll();
}

async function askAll() {
  isAsking = true;
  for (const mac of waiting) {
    try {
      const items = await askItems('lookup', { query: { mac } });
      const { hostname = null } = items.find((guest) => guest.hostname !== null) ?? {};
      names.set(new Map([...[...names.value].slice(-MOST_KNOWN), [mac, hostname]]));
    } catch {
      // It stays unknown, and is asked for with the guest's next decision.
    }
    waiting.delete(mac);
  }
  isAsking = false;
}

/**
 * Names that another answer has told.
 *
 * @param {readonly { mac: string | null, hostname: string | null }[]} guests
 */
export function learnNames(guests) {
  const next = new Map(names.value);
  for (const { mac, hostname } of guests) if (mac !== null && hostname !== null) next.set(mac, hostname);
  names.set(next);
}
