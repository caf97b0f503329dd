import type { Context, Hono } from 'hono';
import type { ApiEnvironment } from '../http/caller.ts';
import { notFound } from '../http/problem.ts';
import type { Encoding, PageFile, PageFiles } from './page-files.ts';

/** Nothing but the page's own files runs, and nobody else's page may hold it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  vary: 'accept-encoding',
} as const;

/** What has the version of the files in its address never changes: seconds of a year. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * Serves the page at / and its files below /assets. They hold nothing about guests and need no secret; what the page shows, it
 * asks the API for. Every address in it is relative, so that it works behind a path prefix too.
 *
 * @param read Called when somebody opens the page for the first time.
 * @throws ApiProblem the route does, for a file that the page does not have.
 */
export function servePage(app: Hono<ApiEnvironment>, read: () => PageFiles): void {
  let files: PageFiles | undefined;
  const page = () => {
    files ??= read();
    return files;
  };
  app.get('/', (context) => answer(context, page().index, 'no-cache'));
  app.get('/assets/:version/:path{.+}', (context) => {
    const { assets, version } = page();
    const file = assets.get(context.req.param('path'));
    if (file === undefined) throw notFound('the page has no such file: load it again');
    // A page of another version of the program gets what is there now, and does not keep it.
    return answer(context, file, context.req.param('version') === version ? FOR_EVER : 'no-cache');
  });
}

async function answer(context: Context<ApiEnvironment>, file: PageFile, keep: string): Promise<Response> {
  const { req } = context;
  const encoding = encodingOf(req.header('accept-encoding') ?? '');
  const etag = `"${file.etag}${encoding === undefined ? '' : `-${encoding}`}"`;
  const headers = { ...HEADERS, 'cache-control': keep, etag };
  // RFC 9110 §13.1.2.
  const known = (req.header('if-none-match') ?? '').split(',').map((each) => each.trim());
  if (known.includes(etag) || known.includes(`W/${etag}`))
    return new Response(null, { status: 304, headers });
  const body = encoding === undefined ? file.body : await file.compressed(encoding);
  return new Response(new Uint8Array(body), {
    headers: {
      ...headers,
      'content-type': file.type,
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    },
  });
}

/** RFC 9110 §12.5.3. */
function encodingOf(accepted: string): Encoding | undefined {
  const names = accepted
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => !/;\s*q=0(\.0*)?$/.test(each))
    .map((each) => each.replace(/;.*$/, ''));
  return (['br', 'gzip'] as const).find((name) => names.includes(name));
}
