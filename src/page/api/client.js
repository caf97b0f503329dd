/** How long an answer may take: milliseconds. */
const PATIENCE = 20_000;

/** What the API has answered in place of what was asked for: RFC 9457. */
export class Problem extends Error {
  name = 'Problem';

  /** @param {{ status: number, type?: string, title?: string, detail?: string, errors?: { pointer: string, detail: string }[] }} parts */
  constructor({ status, type = '', title = '', detail = '', errors = [] }) {
    super(detail || title || `the gateway answered ${status}`);
    this.status = status;
    this.word = type.split(':').at(-1) ?? '';
    this.errors = errors;
  }
}

/** The gateway was not reached, or did not answer in time. */
export class NoConnection extends Error {
  name = 'NoConnection';
}

/** It is kept here alone, in the memory of this tab. */
let secret = '';

/** Which segment is asked about; empty: the gateway serves one alone. */
let segment = '';

/** @param {string} name */
export function setSegment(name) {
  segment = name;
}

/** @param {string} text Empty: none. */
export function setSecret(text) {
  secret = text;
}

export function hasSecret() {
  return secret !== '';
}

/**
 * The headers of a request: with the secret, if there is one.
 *
 * @returns {Record<string, string>}
 */
export function headersWithSecret() {
  return secret === '' ? {} : { authorization: `Bearer ${secret}` };
}

/**
 * The address of a call. It is relative, so that the page works behind a path prefix.
 *
 * @param {string} path Below /api/v1: `leases/10.15.3.20`.
 * @param {Record<string, string | number | undefined>} [query]
 */
export function callAddress(path, query = {}) {
  const given = Object.entries({ ...query, segment }).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `api/v1/${path}${text === '' ? '' : `?${text}`}`;
}

/**
 * Asks the API.
 *
 * @param {string} path
 * @param {{ method?: string, query?: Record<string, string | number | undefined>, body?: object, headers?: Record<string, string>, signal?: AbortSignal }} [request]
 * @returns {Promise<any>}
 * @throws {Problem | NoConnection}
 */
export async function ask(path, { method = 'GET', query, body, headers = {}, signal } = {}) {
  const timeout = AbortSignal.timeout(PATIENCE);
  /** @type {Response} */
  let answer;
  /** @type {any} */
  let value;
  try {
    answer = await fetch(callAddress(path, query), {
      method,
      headers: {
        ...headersWithSecret(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
    });
    value = await answer.json().catch(() => undefined);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NoConnection('the gateway does not answer');
  }
  if (answer.ok && value !== undefined) return value;
  // What is no JSON comes from something between: a proxy that does not reach the gateway.
  if (value === undefined || [502, 504].includes(answer.status)) {
    throw new NoConnection('the gateway does not answer');
  }
  throw new Problem({ ...value, status: answer.status });
}

/**
 * `/readyz`, which needs no secret and answers 503 with the same body.
 *
 * @returns {Promise<{ ok: boolean, verdict: string, problems: { id: string, message: string, remedy: string }[] }>}
 */
export async function askReadiness() {
  try {
    const answer = await fetch('readyz', {
      signal: AbortSignal.timeout(PATIENCE),
      cache: 'no-store',
      credentials: 'same-origin',
    });
    return await answer.json();
  } catch {
    throw new NoConnection('the gateway does not answer');
  }
}
