import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { SETTINGS } from '../../config/settings.ts';
import { GatewayError } from '../../errors.ts';
import { API_SOCKET } from '../../management/listen/socket-file.ts';
import { askHealth, HEALTH_SOCKET } from '../../server/status/health.ts';
import { noAnswer } from '../no-answer.ts';
import { authorOfCommand } from './author.ts';
import { ApiRefusal, problemFrom, type Remedies, refusalOf } from './refusal.ts';

const ROOT = '/api/v1';
/** The API ends a request after 30 s, and a reconciliation after 5 minutes: milliseconds. */
const ANSWER_TIME = 35_000;
const LONG_ANSWER_TIME = 310_000;
/** How long the gateway may take to say that it runs: milliseconds. */
const HEALTH_TIME = 1000;
/** Errors of a connection that was never made: nothing was asked. */
const NOT_CONNECTED: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'EACCES', 'EPERM', 'ENOTDIR', 'EAGAIN'];

export type Query = Readonly<Record<string, string | undefined>>;

export interface ApiOrder {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** It may take minutes. */
  readonly isLong?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** What to type next, by the word of a refusal. */
  readonly remedies?: Remedies;
}

interface ApiRequest extends Omit<ApiOrder, 'method'> {
  readonly method: ApiOrder['method'] | 'GET';
}

/** The management API of the gateway that runs with a leases directory, over its Unix socket. */
export class GatewayApi {
  readonly #directory: string;
  readonly #socket: string;
  readonly #segment: string | undefined;

  /** @param segment The one that is meant, where the gateway serves several. */
  constructor(directory: string, segment?: string) {
    this.#segment = segment;
    this.#directory = directory;
    this.#socket = join(directory, API_SOCKET);
  }

  /** @throws GatewayError if there is no gateway, or it refuses. */
  async get<Answer>(path: string, query: Query = {}): Promise<Answer> {
    return (await this.#ask({ method: 'GET', path, query })) as Answer;
  }

  /**
   * The items of a list.
   *
   * @throws GatewayError if there is no gateway, it refuses, or what it answers is no list.
   */
  async list<Item extends object>(path: string, query: Query = {}): Promise<readonly Item[]> {
    const { items } = await this.get<{ readonly items?: unknown }>(path, query);
    if (Array.isArray(items) && items.every(isObject)) return items as readonly unknown[] as readonly Item[];
    throw this.#notUnderstood(new SyntaxError('no list'));
  }

  /**
   * The same; undefined: there is no such thing.
   *
   * @throws GatewayError as `get` does, but for what is not found.
   */
  async find<Answer>(path: string): Promise<Answer | undefined> {
    try {
      return await this.get<Answer>(path);
    } catch (error) {
      if (error instanceof ApiRefusal && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  /**
   * Changes something, in the name of who types the command.
   *
   * @throws GatewayError if there is no gateway, or it refuses; 'outcome-unknown' if it may have done it.
   */
  async order<Answer>(order: ApiOrder): Promise<Answer> {
    return (await this.#ask(order)) as Answer;
  }

  /**
   * Opens a stream of events. The caller destroys the answer.
   *
   * @throws GatewayError if there is no gateway, or it refuses.
   */
  async open(
    path: string,
    query: Query,
    headers: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage> {
    const answer = await this.#send({ method: 'GET', path, query }, headers);
    if (answer.statusCode === 200) return answer;
    throw await this.#refusal({ method: 'GET', path }, answer);
  }

  async #ask(question: ApiRequest): Promise<unknown> {
    const answer = await this.#send(question, {});
    const status = answer.statusCode ?? 0;
    if (status >= 300) throw await this.#refusal(question, answer);
    const text = await this.#answerText(question, answer);
    return text === '' ? {} : this.#objectIn(text);
  }

  #send(question: ApiRequest, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { method, path, query = {}, body, isLong = false, headers: own } = question;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked = request({
        socketPath: this.#socket,
        method,
        path: `${ROOT}${path}${queryText({ ...query, segment: query['segment'] ?? this.#segment })}`,
        agent: false,
        timeout: timeOf(isLong),
        headers: {
          ...headers,
          ...own,
          ...(method === 'GET' ? {} : { 'x-author': authorOfCommand() }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      asked.on('response', resolve);
      asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
      asked.on('error', (error) => void this.#unanswered(method, error).then(reject));
      asked.end(text);
    });
  }

  async #answerText({ method, isLong = false }: ApiRequest, answer: IncomingMessage): Promise<string> {
    // Of the whole: what comes in drops, and never ends, is no answer.
    const limit = setTimeout(() => answer.destroy(new Error('no answer in time')), timeOf(isLong));
    try {
      answer.setEncoding('utf8');
      let text = '';
      for await (const part of answer) text += part;
      return text;
    } catch (error) {
      throw await this.#unanswered(method, error);
    } finally {
      clearTimeout(limit);
    }
  }

  async #refusal(question: ApiRequest, answer: IncomingMessage): Promise<GatewayError> {
    const text = await this.#answerText(question, answer);
    try {
      return refusalOf(problemFrom(this.#objectIn(text)), question.method !== 'GET', question.remedies);
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  }

  /** @throws GatewayError: no gateway answers so. */
  #objectIn(text: string): object {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.#notUnderstood(error);
    }
    if (!isObject(value)) throw this.#notUnderstood(new SyntaxError('no object'));
    return value;
  }

  #notUnderstood(error: unknown): GatewayError {
    const { message, remedy } = noAnswer(this.#socket, new SyntaxError('no JSON', { cause: error }));
    return new GatewayError('no-gateway', `${message}\nto mend it: ${remedy}`, error);
  }

  async #unanswered(method: ApiRequest['method'], error: unknown): Promise<GatewayError> {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const isAsked = !NOT_CONNECTED.includes(code);
    if (isAsked && method !== 'GET')
      return new GatewayError(
        'outcome-unknown',
        'the gateway took the order and did not answer: it may be done or not\nto mend it: look (`vps-gateway leases history --last 5`), and order it again if it is not done',
        error,
      );
    const { message, remedy } = await this.#whyNoAnswer(code, error);
    const untouched = method === 'GET' ? '' : '; nothing was changed';
    return new GatewayError('no-gateway', `${message}${untouched}\nto mend it: ${remedy}`, error);
  }

  /** Guests may be served where the thread of the API has ended, or has not begun. */
  async #whyNoAnswer(
    code: unknown,
    error: unknown,
  ): Promise<{ readonly message: string; readonly remedy: string }> {
    const answer = noAnswer(this.#socket, error);
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') return answer;
    try {
      await askHealth(join(this.#directory, HEALTH_SOCKET), HEALTH_TIME);
    } catch {
      return answer;
    }
    return {
      message: `the gateway runs and serves guests, but its management API does not answer at ${this.#socket}`,
      remedy: `wait some seconds: it is started again by itself, and its log says why it ended; or set ${SETTINGS.apiSocket.variable} to on`,
    };
  }
}

function timeOf(isLong: boolean): number {
  return isLong ? LONG_ANSWER_TIME : ANSWER_TIME;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
