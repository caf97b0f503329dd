import { callAddress, headersWithSecret, NoConnection, Problem } from './client.js';

/** @import { StreamEvent } from '../types.d.ts' */

/** A stream says something every 15 s; one that is silent for longer is broken: milliseconds. */
const SILENCE = 40_000;
/** The longest event that is read: characters. */
const LONGEST = 1 << 20;

/**
 * Reads server-sent events. `EventSource` could not send the secret.
 *
 * @param {string} kinds Which, separated by commas.
 * @param {string} lastId Where an earlier stream has ended; empty: from now on.
 * @param {{ opened: () => void, event: (event: StreamEvent) => void, signal: AbortSignal }} to `opened` comes with the first event.
 * @returns {Promise<void>} When the gateway has ended it.
 * @throws {Problem | NoConnection}
 */
export async function readEvents(kinds, lastId, { opened, event, signal }) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE);
  try {
    const answer = await fetch(callAddress('events', { kind: kinds }), {
      headers: { ...headersWithSecret(), ...(lastId !== '' && { 'last-event-id': lastId }) },
      signal: AbortSignal.any([signal, silent.signal]),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
    });
    if (!answer.ok) throw new Problem({ ...(await answer.json().catch(() => ({}))), status: answer.status });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let isFirst = true; ; ) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done && isFirst) throw new NoConnection('this is no stream of events');
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      const frames = (text + value).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        event(eventFrom(frame));
        if (isFirst) opened();
        isFirst = false;
      }
      if (text.length > LONGEST) throw new NoConnection('an event without an end');
    }
  } catch (error) {
    if (error instanceof Problem || signal.aborted) throw error;
    throw new NoConnection('the stream of events has broken off');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Without a kind it tells by its id how far the stream is, and no more.
 *
 * @param {string} frame
 * @returns {StreamEvent}
 */
function eventFrom(frame) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of frame.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value;
  }
  const { id = '', event: kind = '', data = '{}' } = fields;
  return { id, kind, data: JSON.parse(data) };
}
