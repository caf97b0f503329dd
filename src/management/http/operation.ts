import type { z } from 'zod';
import type { Caller } from './caller.ts';

/** What every route gets. */
export interface Request<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  /** The names in the path, as they were sent. */
  readonly path: Readonly<Record<string, string>>;
  readonly author: string;
  /** Whether this caller may change anything. */
  readonly mayWrite: boolean;
  readonly signal: AbortSignal;
  readonly caller: Caller;
  readonly header: (name: string) => string | undefined;
}

/** One call of the API: the routes and the OpenAPI document are made from these. */
export interface Operation<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodType = z.ZodType> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1, or from the root if it begins with `//`: /leases/{address}. */
  readonly path: string;
  /** The operation's name in OpenAPI. */
  readonly name: string;
  readonly summary: string;
  readonly query?: Query;
  /** Absent: a body is ignored. */
  readonly body?: Body;
  /** How the document describes a body that `body` lets through and `run` checks. */
  readonly describedBody?: z.ZodType;
  /** How long it may take: milliseconds. Absent: 30 s. stream: without an end, and not counted with the others. */
  readonly time?: number | 'stream';
  /**
   * It reads a whole table, and its answer depends on path and query alone. Such requests have a limit of their own, so that
   * others never wait behind them, and one read answers all that ask the same at the same time.
   */
  readonly readsAll?: true;
  /** The body of the 200; a string is a media type without a schema. */
  readonly answer: z.ZodType | string;
  /** Further statuses, and what they mean. */
  readonly problems?: Readonly<Record<number, string>>;
  /** How large a body may be: octets. Absent: 1 MiB. */
  readonly bodyLimit?: number;
  /** A value is answered as JSON with 200. */
  run(request: Request<z.output<Query>, z.output<Body>>): Promise<object | Response>;
}

/** The row with its types, as one of a list whose rows have different ones. */
export function operation<Query extends z.ZodObject, Body extends z.ZodType>(
  row: Operation<Query, Body>,
): Operation {
  return row as unknown as Operation;
}
