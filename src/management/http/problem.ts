/** A fault of one part of a request. */
export interface RequestFault {
  /** JSON Pointer into the body, or a slash and the name of the query parameter. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemParts {
  readonly status: number;
  /** The last part of `type`: programs tell problems apart by it. */
  readonly word: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly RequestFault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** RFC 9457 §3.1: an answer that is an error. Whatever throws one ends its request with it. */
export class ApiProblem extends Error {
  override readonly name = 'Problem';
  readonly parts: ProblemParts;

  constructor(parts: ProblemParts) {
    super(parts.detail);
    this.parts = parts;
  }

  response(): Response {
    const { status, word, title, detail, errors, headers, more } = this.parts;
    const body = { type: typeOf(word), title, status, detail, ...(errors && { errors }), ...more };
    return new Response(`${JSON.stringify(body)}\n`, {
      status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    });
  }
}

export function typeOf(word: string): string {
  return `urn:vps-gateway:problem:${word}`;
}

export function badRequest(detail: string, errors?: readonly RequestFault[]): ApiProblem {
  const parts = { status: 400, word: 'bad-request', title: 'The request cannot be understood', detail };
  return new ApiProblem(errors === undefined ? parts : { ...parts, errors });
}

export function notFound(detail: string): ApiProblem {
  return new ApiProblem({ status: 404, word: 'not-found', title: 'There is no such thing', detail });
}

export function unavailable(word: string, detail: string): ApiProblem {
  return new ApiProblem({
    status: 503,
    word,
    title: 'The gateway cannot answer this now',
    detail,
    headers: { 'retry-after': '2' },
  });
}
