import { Signal } from './signal.js';

/** The gateway's clock against this machine's: milliseconds that it is ahead. */
let ahead = 0;

/** Wall-clock milliseconds by the gateway's clock, once a second. */
export const now = new Signal(Date.now());

/** @param {string} asOf When the gateway answered, by its clock. */
export function setServerTime(asOf) {
  const time = Date.parse(asOf);
  if (!Number.isNaN(time)) ahead = time - Date.now();
}

export function serverNow() {
  return Date.now() + ahead;
}

export function beginClock() {
  setInterval(() => now.set(serverNow()), 1000);
}
