import { request } from 'node:http';
import { join } from 'node:path';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import type { GatewayProcess } from './gateway-process.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface ApiQuestion {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, if it is no text. */
  readonly body?: unknown;
}

/** Asks a gateway by its Unix socket, which is reached from outside its network too. */
export function askApi(
  gateway: Pick<GatewayProcess, 'directory'>,
  path: string,
  { method = 'GET', headers = {}, body }: ApiQuestion = {},
): Promise<ApiAnswer> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath: join(gateway.directory, API_SOCKET),
        path,
        method,
        headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        agent: false,
      },
      (answer) => {
        let told = '';
        answer.setEncoding('utf8').on('data', (part: string) => (told += part));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: told }),
        );
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(text);
  });
}

/** The answer as JSON; throws if it is another status than wanted. */
export async function apiJson<Value>(
  gateway: Pick<GatewayProcess, 'directory'>,
  path: string,
  question: ApiQuestion & { readonly status?: number } = {},
): Promise<Value> {
  const { status, text } = await askApi(gateway, path, question);
  if (status !== (question.status ?? 200)) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as Value;
}
