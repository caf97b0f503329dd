import { visible } from '../text/visible.js';

/** How long an answer may take: milliseconds. */
const PATIENCE = 20_000;

/** What the API has answered in place of what was asked for: RFC 9457. */
export class Problem extends Error {
  name = 'Problem';

  /** @param {{ status: number, type?: string, title?: string, detail?: string, errors?: { pointer: string, detail: string }[] }} parts */
  constructor({ status, type, title, detail, errors }) {
    super(visible(String(detail || title || `the gateway answered ${status}`)));
    this.status = status;
    this.word =
      String(type ?? '')
        .split(':')
        .at(-1) ?? '';
    this.errors = Array.isArray(errors) ? errors : [];
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
 * @returns {Promise<any>} An object.
 * @throws {Problem | NoConnection}
 */
export async function ask(path, { method = 'GET', query, body, headers = {}, signal } = {}) {
  const { status, isGood, value } = await answered(callAddress(path, query), {
    method,
    headers: {
      ...headersWithSecret(),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
  if (isGood) return value;
  throw new Problem({ ...value, status });
}

/**
 * Asks for a list.
 *
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [request]
 * @returns {Promise<any[]>} Its items.
 * @throws {Problem | NoConnection}
 */
export async function askItems(path, request) {
  return objectsIn((await ask(path, request)).items);
}

/**
 * `/readyz`, which needs no secret and answers 503 with the same body.
 *
 * @returns {Promise<{ ok: boolean, verdict: string, problems: { id: string, message: string, remedy: string }[] }>}
 * @throws {Problem | NoConnection}
 */
export async function askReadiness() {
  const { status, isGood, value } = await answered('readyz');
  if (!isGood && value.problems === undefined) throw new Problem({ ...value, status });
  return { ...value, problems: objectsIn(value.problems) };
}

/**
 * What a gateway answers is an object. Anything else comes from something between, as from a proxy that does not reach it.
 *
 * @param {string} address
 * @param {RequestInit} [request]
 * @returns {Promise<{ status: number, isGood: boolean, value: any }>}
 * @throws {NoConnection}
 */
async function answered(address, request = {}) {
  const { signal } = request;
  const timeout = AbortSignal.timeout(PATIENCE);
  try {
    const answer = await fetch(address, {
      ...request,
      signal: signal == null ? timeout : AbortSignal.any([timeout, signal]),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
    });
    const { status, ok: isGood } = answer;
    const value = await answer.json();
    if (isObject(value) && status !== 502 && status !== 504) return { status, isGood, value };
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  throw new NoConnection('the gateway does not answer');
}

/**
 * @param {any} value
 * @returns {any[]}
 * @throws {NoConnection} No gateway answers anything but a list of objects here.
 */
export function objectsIn(value) {
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new NoConnection('what answers is no gateway');
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
