import { callAddress, headersWithSecret, NoConnection, Problem } from './client.js';

/** @import { StreamEvent } from '../types.d.ts' */

/** A stream says something every 15 s; one that is silent for longer is broken: milliseconds. */
const SILENCE = 40_000;

/**
 * Reads server-sent events. `EventSource` could not send the secret.
 *
 * @param {string} kinds Which, separated by commas.
 * @param {string} lastId Of the last one that was seen; empty: from now on.
 * @param {{ opened: () => void, event: (event: StreamEvent) => void, signal: AbortSignal }} to
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
    });
    if (!answer.ok) throw new Problem({ ...(await answer.json().catch(() => ({}))), status: answer.status });
    opened();
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      const frames = (text + value).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const read = eventFrom(frame);
        if (read !== undefined) event(read);
      }
    }
  } catch (error) {
    if (error instanceof Problem || signal.aborted) throw error;
    throw new NoConnection('the stream of events has broken off');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Undefined: it is a comment.
 *
 * @param {string} frame
 * @returns {StreamEvent | undefined}
 */
export function eventFrom(frame) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of frame.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value;
  }
  if (fields['event'] === undefined) return undefined;
  try {
    return { id: fields['id'] ?? '', kind: fields['event'], data: JSON.parse(fields['data'] ?? '{}') };
  } catch {
    return undefined;
  }
}
