import { serverNow, setServerTime } from '../state/clock.js';
import { chosenSegment } from '../state/segment.js';
import { Signal } from '../state/signal.js';
import { ask, askItems, askReadiness, objectsIn, Problem, setSegment } from './client.js';
import { readEvents } from './stream.js';

/** @import { Info, StreamEvent, Warning } from '../types.d.ts' */

/**
 * connecting: nothing was answered yet. live: events arrive. lost: the gateway does not answer. denied: it wants its secret.
 *
 * @typedef {'connecting' | 'live' | 'lost' | 'denied'} Phase
 *
 * @typedef {object} Connection
 * @property {Phase} phase
 * @property {number} answeredAt When it answered last; 0: never.
 * @property {number} lostAt When that was noticed.
 * @property {number} nextTryAt
 * @property {Problem | undefined} refused Why it wants a secret.
 *
 * What all views show.
 *
 * @typedef {object} Summary
 * @property {Info | undefined} info
 * @property {Warning[]} warnings
 * @property {Warning[]} notes What is said although nothing is wrong.
 * @property {{ ok: boolean, verdict: string, problems: { id: string, message: string, remedy: string }[] } | undefined} readiness
 * @property {Problem | undefined} problem Why info or warnings are missing.
 */

/** What is always followed; decisions only where they are looked at. */
const KINDS = 'lease,reservation,conflict,rogue,pool,peer,store';
/** How often the summary is asked for beside what events cause: milliseconds. */
const INTERVAL = 5000;
/** Addresses of a large pool. */
const LARGE = 4096;
/** Between two tries: milliseconds. */
const WAITS = [1000, 2000, 4000, 8000];

/** @type {Signal<Connection>} */
export const connection = new Signal(
  /** @type {Connection} */ ({
    phase: 'connecting',
    answeredAt: 0,
    lostAt: 0,
    nextTryAt: 0,
    refused: undefined,
  }),
);
/** @type {Signal<Summary>} */
export const summary = new Signal(
  /** @type {Summary} */ ({
    info: undefined,
    warnings: [],
    notes: [],
    readiness: undefined,
    problem: undefined,
  }),
);
/** Counted up when lists may be out of date: something has happened, or the connection is back. */
export const changes = new Signal(0);
/** What a returned connection has to say: events that were missed, null if it is not known how many. */
export const returned = new Signal(/** @type {{ missed: number | null } | undefined} */ (undefined));

/** @type {Set<(event: StreamEvent) => void>} */
const followers = new Set();
let wantsDecisions = false;
/** How far the stream of events was read. */
let lastId = '';
let cut = new AbortController();
/** Ends the wait between two tries. */
let wake = () => {};

/**
 * @param {(event: StreamEvent) => void} tell Called with each event; decisions are among them while `withDecisions`.
 * @param {boolean} withDecisions
 * @returns {() => void}
 */
export function followEvents(tell, withDecisions) {
  followers.add(tell);
  if (withDecisions) setDecisions(true);
  return () => {
    followers.delete(tell);
    if (withDecisions) setDecisions(false);
  };
}

/** @param {boolean} wanted */
function setDecisions(wanted) {
  if (wanted === wantsDecisions) return;
  wantsDecisions = wanted;
  reconnect();
}

chosenSegment.follow(() => {
  lastId = '';
  reconnect();
});

/** Begins anew: with a secret that was entered, or because somebody does not want to wait. */
export function reconnect() {
  cut.abort();
  wake();
}

/** Runs for as long as the page. */
export async function keepConnected() {
  setInterval(() => connection.value.phase === 'live' && void refresh(), INTERVAL);
  for (let tries = 0; ; ) {
    cut = new AbortController();
    const wasLost = connection.value.phase === 'lost';
    try {
      await refreshSummary();
      tries = 0;
      await readEvents(wantsDecisions ? `${KINDS},decision` : KINDS, lastId, {
        signal: cut.signal,
        opened: () => opened(wasLost),
        event: received,
      });
    } catch (error) {
      if (!cut.signal.aborted) note(error, tries);
    }
    if (cut.signal.aborted) continue;
    await pause(connection.value.phase === 'denied' ? 3_600_000 : (WAITS[tries] ?? 8000));
    tries = Math.min(tries + 1, WAITS.length - 1);
  }
}

/** @param {boolean} wasLost */
function opened(wasLost) {
  const isFirst = connection.value.phase === 'connecting';
  set({ phase: 'live', answeredAt: serverNow(), refused: undefined });
  if (wasLost) returned.set({ missed: 0 });
  // The first lists are on their way: what they have missed until now is asked for after them.
  if (isFirst) changed();
  else changes.set(changes.value + 1);
}

/** @param {StreamEvent} event */
function received(event) {
  set({ answeredAt: serverNow() });
  if (event.id !== '') lastId = event.id;
  if (event.kind === 'missed') {
    const { missed } = event.data;
    if (returned.value !== undefined) returned.set({ missed: typeof missed === 'number' ? missed : null });
  }
  if (event.kind === '') return;
  for (const tell of followers) tell(event);
  if (event.kind !== 'decision') changed();
}

let isChangeTold = false;

/** Tells of changes at most once a second; of a large pool, whose lists are work to make, once in five. */
export function changed() {
  if (isChangeTold) return;
  isChangeTold = true;
  const isLarge = (summary.value.info?.segments[0]?.total ?? 0) > LARGE;
  setTimeout(
    () => {
      isChangeTold = false;
      changes.set(changes.value + 1);
      void refresh();
    },
    isLarge ? INTERVAL : 1000,
  );
}

async function refresh() {
  try {
    await refreshSummary();
  } catch {
    cut.abort(); // The loop tries again, and notes why not.
  }
}

/** @throws If nothing is shown without a secret. */
async function refreshSummary() {
  const asked = askInfo().then(
    (info) => ({ info, error: undefined }),
    (error) => ({ info: undefined, error }),
  );
  const readiness = await askReadiness();
  const { info, error: failure } = await asked;
  try {
    if (info === undefined) throw failure;
    /** @type {Warning[]} */
    const told = await askItems('warnings');
    const warnings = told.filter(({ level }) => level !== 'note');
    const notes = told.filter(({ level }) => level === 'note');
    summary.set({ info, warnings, notes, readiness, problem: undefined });
  } catch (error) {
    summary.set({ ...summary.value, readiness, problem: error instanceof Problem ? error : undefined });
    if (!(error instanceof Problem) || isRefusal(error)) throw error;
  }
  set({ answeredAt: serverNow() });
}

/**
 * With the segment that is looked at as the first one.
 *
 * @returns {Promise<Info>}
 */
async function askInfo() {
  /** @type {Info} */
  const info = await ask('info');
  const segments = chosenFirst(objectsIn(info.segments));
  setServerTime(info.as_of);
  setSegment(segments.length > 1 ? (segments[0]?.name ?? '') : '');
  const shown = { ...info, segments };
  // At first the views wait for nothing else.
  if (summary.value.info === undefined) summary.set({ ...summary.value, info: shown });
  return shown;
}

/**
 * The segment that is looked at is the first one.
 *
 * @param {Info['segments']} segments
 */
function chosenFirst(segments) {
  const chosen = segments.filter(({ name }) => name === chosenSegment.value);
  return [...chosen, ...segments.filter((each) => !chosen.includes(each))];
}

/** @param {Problem} problem */
function isRefusal({ status }) {
  return [401, 403, 429].includes(status);
}

/**
 * @param {unknown} error
 * @param {number} tries
 */
function note(error, tries) {
  if (error instanceof Problem && isRefusal(error)) {
    summary.set({
      ...{ info: undefined, warnings: [], notes: [] },
      ...{ readiness: summary.value.readiness, problem: undefined },
    });
    set({ phase: 'denied', answeredAt: serverNow(), refused: error });
    return;
  }
  const { phase, lostAt } = connection.value;
  const nextTryAt = serverNow() + (WAITS[tries] ?? 8000);
  set({ phase: 'lost', lostAt: phase === 'lost' ? lostAt : serverNow(), nextTryAt });
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
  });
}

/** @param {Partial<Connection>} change */
function set(change) {
  connection.set({ ...connection.value, ...change });
}
