import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { isLoopback } from '../../config/api-settings.ts';
import type { ApiSecret } from '../gateway/secrets.ts';
import type { ApiEnvironment } from './caller.ts';
import { ApiProblem, badRequest } from './problem.ts';
import { recognizer } from './recognize-secret.ts';
import { WrongSecrets } from './wrong-secrets.ts';

export interface AccessOptions {
  /** The address that TCP is listened on. */
  readonly listen: string;
  readonly secrets: readonly ApiSecret[];
  readonly openReads: boolean;
  /** Names of this node that `Host` may have, in lower case. */
  readonly hosts: readonly string[];
}

/** Whoever may open the Unix socket: the user of the gateway, and root. Both are believed what name they write. */
const LOCAL = 'local';
const AUTHOR = 'x-author';
const AUTHOR_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,62}(?<!:)$/;
const NOBODY = 'nobody';
const READS = ['GET', 'HEAD'];

/**
 * Refuses requests that a foreign page made a browser send: by DNS rebinding (a `Host` that is not this node's), or from
 * another origin.
 *
 * @throws ApiProblem what it returns does, for such a request.
 */
export function refuseForeign({ hosts }: Pick<AccessOptions, 'hosts'>): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    if (context.env.via === 'tcp') {
      const host = context.req.header('host')?.toLowerCase() ?? '';
      if (!isOwn(host, hosts))
        throw refusal('foreign-host', 'the name in `Host` is not this node: see GATEWAY_API_HOSTS');
      const origin = context.req.header('origin');
      if (origin !== undefined && hostOf(origin) !== host)
        throw refusal(
          'foreign-origin',
          'a page of another origin may not ask; a reverse proxy has to pass `Host` on with its port',
        );
    }
    await next();
  };
}

function isOwn(host: string, hosts: readonly string[]): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(:\d{1,5})?$/.exec(host)?.[1]?.replace(/\.$/, '');
  if (name === undefined) return false;
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || name === 'localhost' || hosts.includes(name);
}

/** Undefined for `null`, and what is none. */
function hostOf(origin: string): string | undefined {
  const host = URL.canParse(origin) ? new URL(origin).host : '';
  return host === '' ? undefined : host;
}

/** Who asks, and what that one may do. */
interface Caller {
  readonly author: string;
  readonly mayWrite: boolean;
}

/**
 * Finds out the author of a request, and refuses what that one may not do.
 *
 * @throws ApiProblem what it returns does, for a request that it refuses.
 */
export function authorize(options: AccessOptions): MiddlewareHandler<ApiEnvironment> {
  const recognize = recognizer(options.secrets);
  const wrong = new WrongSecrets();
  return async (context, next) => {
    const isRead = READS.includes(context.req.method);
    const { author, mayWrite } = whoIs(context, isRead);
    context.set('author', author);
    context.set('mayWrite', mayWrite);
    await next();
  };

  function whoIs(context: Context<ApiEnvironment>, isRead: boolean): Caller {
    const { via, remote } = context.env;
    if (via === 'unix') return { author: localAuthor(context.req.header(AUTHOR)), mayWrite: true };
    const shown = shownSecret(context);
    if (shown === undefined) return withoutSecret(isRead);
    const found = recognize(shown);
    if (found === undefined)
      throw wrong.isTooOften(remote) ? tooManyWrong(wrong.seconds(remote)) : notThatSecret();
    if (!isRead && !found.mayWrite)
      throw refusal('read-only-secret', `the secret ${found.name} is for reading only`);
    return { author: found.name, mayWrite: found.mayWrite };
  }

  function withoutSecret(isRead: boolean): Caller {
    if (options.secrets.length > 0) throw secretWanted('this needs the secret of the API');
    if (!isRead)
      throw refusal('no-secret-is-set', 'nothing can be changed over TCP until GATEWAY_API_SECRET is set');
    if (!options.openReads || !isLoopback(options.listen))
      throw refusal('no-secret-is-set', 'nothing can be read over TCP until GATEWAY_API_SECRET is set');
    return { author: NOBODY, mayWrite: false };
  }
}

/** @throws ApiProblem for a name that the history could not be searched for. */
function localAuthor(named: string | undefined): string {
  if (named === undefined) return LOCAL;
  if (AUTHOR_NAME.test(named)) return named;
  throw badRequest(`\`${AUTHOR}\` is no name: 1 to 63 letters, digits, dots, hyphens and colons`);
}

/** `Authorization: Bearer ...`, or `x-api-secret: ...`; undefined: none is shown. */
function shownSecret(context: Context<ApiEnvironment>): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(context.req.header('authorization') ?? '')?.[1];
  return bearer ?? context.req.header('x-api-secret');
}

function refusal(word: string, detail: string): ApiProblem {
  return new ApiProblem({ status: 403, word, title: 'This is not allowed', detail });
}

function secretWanted(detail: string): ApiProblem {
  const headers = { 'www-authenticate': 'Bearer' };
  return new ApiProblem({ status: 401, word: 'secret-wanted', title: 'A secret is wanted', detail, headers });
}

function notThatSecret(): ApiProblem {
  return secretWanted('that is not the secret');
}

function tooManyWrong(seconds: number): ApiProblem {
  return new ApiProblem({
    status: 429,
    word: 'too-many-wrong-secrets',
    title: 'Too many wrong secrets',
    detail: `too many wrong secrets came from this address; the right one is taken at any time`,
    headers: { 'retry-after': String(seconds) },
  });
}
