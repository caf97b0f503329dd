import type { Context } from 'hono';
import type { z } from 'zod';
import type { ApiEnvironment } from './caller.ts';
import type { Operation, Request } from './operation.ts';
import { ApiProblem, badRequest, type RequestFault } from './problem.ts';

const BODY_LIMIT = 1024 * 1024;
const NO_QUERY: Readonly<Record<string, string>> = {};

/**
 * Reads what an operation wants of a request.
 *
 * @throws ApiProblem with every fault of it.
 */
export async function readRequest(
  context: Context<ApiEnvironment>,
  { query, body, bodyLimit }: Operation,
): Promise<Request<unknown, unknown>> {
  return {
    query: query === undefined ? NO_QUERY : queryOf(context, query),
    body: body === undefined ? undefined : await bodyOf(context, body, bodyLimit ?? BODY_LIMIT),
    path: context.req.param(),
    author: context.get('author'),
    mayWrite: context.get('mayWrite'),
    signal: context.get('signal'),
    caller: context.env,
    header: (name) => context.req.header(name),
  };
}

/** To make a schema costs more than to use it, and the first use of each compiles it. */
const STRICT = new WeakMap<z.ZodObject, z.ZodObject>();

function strict(schema: z.ZodObject): z.ZodObject {
  const known = STRICT.get(schema) ?? schema.strict();
  STRICT.set(schema, known);
  return known;
}

function queryOf(context: Context<ApiEnvironment>, schema: z.ZodObject): unknown {
  const given = context.req.queries();
  const faults: RequestFault[] = Object.entries(given)
    .filter(([, values]) => values.length > 1)
    .map(([name]) => ({ pointer: pointerTo([name]), detail: 'is given more than once' }));
  const named = Object.entries(given).map(([name, [value]]) => [name, value]);
  const parsed = strict(schema).safeParse(Object.fromEntries(named));
  if (!parsed.success) faults.push(...faultsOf(parsed.error));
  if (faults.length > 0 || !parsed.success) throw badRequest('the query has faults', faults);
  return parsed.data;
}

async function bodyOf(context: Context<ApiEnvironment>, schema: z.ZodType, limit: number): Promise<unknown> {
  const text = await bodyText(context, limit);
  if (text.trim() === '') return checked(schema, {});
  const type = context.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/merge-patch+json')
    throw new ApiProblem({
      status: 415,
      word: 'not-json',
      title: 'The body is not JSON',
      detail: 'send it with content-type: application/json',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  return checked(schema, value);
}

function checked(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ApiProblem({
    status: 422,
    word: 'body-has-faults',
    title: 'The body does not fit',
    detail: 'the body has faults',
    errors: faultsOf(parsed.error),
  });
}

/** Read as a stream, so that one that lies about its length takes no more room. */
async function bodyText(context: Context<ApiEnvironment>, limit: number): Promise<string> {
  const { body } = context.req.raw;
  if (body === null) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new ApiProblem({
        status: 413,
        word: 'too-large',
        title: 'The body is too large',
        detail: `a body may have ${limit} octets`,
        headers: { connection: 'close' },
      });
    }
    parts.push(value);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw badRequest('the body is not UTF-8');
  }
}

function faultsOf({ issues }: z.ZodError): readonly RequestFault[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'is not known here' }))
      : [{ pointer: pointerTo(issue.path), detail: issue.message }],
  );
}

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
