import { Hono, type MiddlewareHandler } from 'hono';
import type { Say } from '../../log/say.ts';
import { setLowPriority } from '../../store/sqlite/query/pages.ts';
import { GatewayStandsStill } from '../gateway/remote-gateway.ts';
import { type AccessOptions, authorize, refuseForeign } from './access.ts';
import type { ApiEnvironment } from './caller.ts';
import { limitLoad, tooLong } from './load-limit.ts';
import type { Operation } from './operation.ts';
import { ApiProblem, notFound, unavailable } from './problem.ts';
import { readRequest } from './read-request.ts';
import { SharedReads } from './shared-reads.ts';

/** The version is a part of the contract: another contract has another path. */
export const API_ROOT = '/api/v1';

export interface AppParts {
  readonly access: AccessOptions;
  /** Below /api/v1: they need a right, and are limited together. */
  readonly operations: readonly Operation[];
  /** For whoever reaches the port: health and metrics. */
  readonly open: readonly Operation[];
  /** Further routes that need no secret: the page's. */
  readonly addPage?: (app: Hono<ApiEnvironment>) => void;
  readonly say: Say;
}

/** The whole of HTTP: what may come in, who may do what, and which operation answers. */
export function createApp({ access, operations, open, addPage, say }: AppParts): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>();
  app.onError((error) => problemOf(error, say).response());
  app.notFound(() => notFound('the path is not known; /api/v1/openapi.json has them all').response());
  app.use(guardAnswers);
  app.use(refuseForeign(access));
  app.use('/api/*', authorize(access));
  addPage?.(app);
  const limit = limitLoad();
  const limitReads = limitLoad();
  const reads = new SharedReads();
  for (const each of open) add(app, each, each.path, reads);
  for (const each of operations) {
    const path = `${API_ROOT}${each.path}`;
    const limitEach = each.readsAll ? limitReads : limit;
    if (each.time !== 'stream') app.on(methodOf(each), routeOf(path), limitEach(each.time));
    add(app, each, path, reads);
  }
  for (const path of new Set(operations.map((each) => each.path))) refuseOthers(app, path, operations);
  return app;
}

/** What is answered is nothing but what its type says, and no part of another origin's page. */
const guardAnswers: MiddlewareHandler<ApiEnvironment> = async (context, next) => {
  await next();
  context.res.headers.set('x-content-type-options', 'nosniff');
  context.res.headers.set('cross-origin-resource-policy', 'same-origin');
};

function add(app: Hono<ApiEnvironment>, operation: Operation, path: string, reads: SharedReads): void {
  app.on(methodOf(operation), routeOf(path), async (context) => {
    const request = await readRequest(context, operation);
    const run = async (signal: AbortSignal) => {
      if (operation.readsAll) setLowPriority(signal);
      return bodyOf(await operation.run({ ...request, signal } as never));
    };
    // The body of a Response can be read only once.
    const isShared = operation.readsAll && typeof operation.answer !== 'string';
    const answer = isShared
      ? await reads.result(JSON.stringify([path, request.path, request.query]), request.signal, run)
      : await run(request.signal);
    if (answer instanceof Response) return answer;
    return context.body(answer, 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  });
}

function bodyOf(answer: object): string | Response {
  return answer instanceof Response ? answer : `${JSON.stringify(answer)}\n`;
}

function methodOf({ method }: Operation): string {
  return method.toUpperCase();
}

/** RFC 9110 §15.5.6: a path that is known, and not with this method. */
function refuseOthers(app: Hono<ApiEnvironment>, path: string, operations: readonly Operation[]): void {
  const methods = operations.filter((each) => each.path === path).map(({ method }) => method.toUpperCase());
  app.all(routeOf(`${API_ROOT}${path}`), ({ req }) => {
    throw new ApiProblem({
      status: 405,
      word: 'no-such-method',
      title: 'The path does not take this method',
      detail: `${req.method} is not known here; ${methods.join(', ')} ${methods.length > 1 ? 'are' : 'is'}`,
      headers: { allow: methods.join(', ') },
    });
  });
}

/** /leases/{address} as Hono writes it: /leases/:address. */
function routeOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function problemOf(error: unknown, say: Say): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof GatewayStandsStill)
    return unavailable(
      'stands-still',
      'the thread that serves guests does not answer: see to the disk and the CPU',
    );
  if (isOver(error)) return tooLong();
  say(
    'error',
    { err: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'a request failed',
  );
  return new ApiProblem({
    status: 500,
    word: 'broken',
    title: 'A mistake of this program',
    detail: 'the log of the gateway has it; guests are served all the same',
  });
}

/** True: its caller has gone, or its time was over, and the work for it has ended. */
function isOver(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
