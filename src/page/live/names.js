import { ask } from '../api/client.js';
import { Signal } from '../state/signal.js';

/** Questions that wait at most: the names of a flood do not matter. */
const MOST_WAITING = 60;
const MOST_KNOWN = 5000;

/** The host names of guests, by MAC; null: it has told none. @type {Signal<ReadonlyMap<string, string | null>>} */
export const names = new Signal(/** @type {ReadonlyMap<string, string | null>} */ (new Map()));

/** @type {Set<string>} */
const waiting = new Set();
let isAsking = false;

/** Finds out a guest's name, one guest after the other. @param {string | null} mac */
export function wantName(mac) {
  if (mac === null || names.value.has(mac) || waiting.has(mac) || waiting.size >= MOST_WAITING) return;
  waiting.add(mac);
  if (!isAsking) void askAll();
}

async function askAll() {
  isAsking = true;
  for (const mac of waiting) {
    const { items = [] } = await ask('lookup', { query: { mac } }).catch(() => ({}));
    /** @type {(string | null)[]} */
    const found = items.map((/** @type {{ hostname: string | null }} */ { hostname }) => hostname);
    const known = [...names.value].slice(-MOST_KNOWN);
    names.set(new Map([...known, [mac, found.find((name) => name !== null) ?? null]]));
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
