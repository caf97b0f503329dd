import { Signal } from './signal.js';

/** The gateway's clock against this machine's, which may be hours wrong: milliseconds that it is ahead. */
let ahead = 0;

/** Wall-clock milliseconds by the gateway's clock, once a second. */
export const now = new Signal(Date.now());

/** @param {string} asOf When the gateway answered, by its clock. */
export function setServerTime(asOf) {
  const time = Date.parse(asOf);
  if (Number.isNaN(time)) return;
  ahead = time - Date.now();
  now.set(serverNow());
}

export function serverNow() {
  return Date.now() + ahead;
}

export function beginClock() {
  setInterval(() => now.set(serverNow()), 1000);
}
