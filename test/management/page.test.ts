import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/management/http/app.ts';
import type { ApiEnvironment, Caller } from '../../src/management/http/caller.ts';
import { linkModules } from '../../src/management/page/link-modules.ts';
import { readPageFiles } from '../../src/management/page/page-files.ts';
import { servePage } from '../../src/management/page/serve-page.ts';

const CALLER: Caller = { via: 'tcp', remote: '127.0.0.1' };
const files = readPageFiles();

function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const app = createApp({
    access: { listen: '127.0.0.1', secrets: [], openReads: false, hosts: [] },
    operations: [],
    open: [],
    addPage: (to: Hono<ApiEnvironment>) => servePage(to, () => files),
    say: () => {},
  });
  const request = new Request(`http://localhost${path}`, { headers: { host: 'localhost', ...headers } });
  return Promise.resolve(app.fetch(request, CALLER));
}

const asset = (path: string) => `/assets/${files.version}/${path}`;

describe('modules that are joined into one', () => {
  test('know each other by what they export, and nothing else', async () => {
    const modules = new Map([
      [
        'main.js',
        "import { twice as double, Box } from './a/twice.js';\nimport { four } from './four.js';\nglobalThis.told = [double(4), four, new Box().held];\n",
      ],
      [
        'a/twice.js',
        "import { four } from '../four.js';\n/** Not told. */\nconst hidden = four / 2;\nexport function twice(value) {\n  // A remark.\n  return value * hidden;\n}\nexport class Box {\n  held = import.meta.url.href.endsWith('a/twice.js');\n}\n",
      ],
      ['four.js', 'const hidden = 4;\nexport const four = hidden;\n'],
    ]);

    const linked = linkModules(modules, 'main.js').replaceAll('import.meta.url', "'https://example.net/x'");
    await import(`data:text/javascript,${encodeURIComponent(linked)}`);

    expect((globalThis as { told?: unknown }).told).toEqual([8, 4, true]);
    expect(linked).not.toContain('Not told');
  });
});

describe('the files of the web page', () => {
  test('the page needs no secret, and runs and shows nothing but its own files', async () => {
    const answer = await ask('/');

    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(answer.status).toBe(200);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test('all that it loads is named relative to it, so that it works behind a path prefix, and is there', async () => {
    const html = await (await ask('/')).text();
    const names = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);

    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => name.endsWith('.css'))).toHaveLength(1);
    expect(names.filter((name) => !name.startsWith('assets/'))).toEqual([]);
    for (const name of names) expect((await ask(`/${name}`)).status, name).toBe(200);
  });

  test('no module names another one by its package: a browser would not find it', () => {
    const named = [...files.assets].flatMap(([path, { body }]) =>
      path.endsWith('.js') && !path.endsWith('.classic.js')
        ? [
            ...body
              .toString()
              .matchAll(/(?:^import|^\} from|^import .* from|\bfrom(?="))\s*["']([^"']+)["']/gm),
          ]
            .filter(([, name = '']) => !name.startsWith('.'))
            .map(([, name]) => `${path}: ${name}`)
        : [],
    );

    expect(named).toEqual([]);
  });

  test('all of it together takes less than 100 kB when compressed', async () => {
    const compressed = await Promise.all(
      [files.index, ...files.assets.values()].map((file) => file.compressed('br')),
    );

    expect(compressed.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
  });

  test('a file is compressed as the browser takes it, is the same then, and is kept for ever', async () => {
    const plain = await ask(asset('page.js'), { 'accept-encoding': 'identity' });
    const brotli = await ask(asset('page.js'), { 'accept-encoding': 'gzip, deflate, br, zstd' });
    const gzipped = await ask(asset('page.js'), { 'accept-encoding': 'gzip, br;q=0' });

    const text = await plain.text();
    expect(brotliDecompressSync(Buffer.from(await brotli.arrayBuffer())).toString()).toBe(text);
    expect(gunzipSync(Buffer.from(await gzipped.arrayBuffer())).toString()).toBe(text);
    expect(brotli.headers.get('content-encoding')).toBe('br');
    expect(gzipped.headers.get('content-encoding')).toBe('gzip');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('cache-control')).toContain('immutable');
    expect(plain.headers.get('vary')).toBe('accept-encoding');
  });

  test('RFC 9110 §13.1.2: what the browser has already is not sent again', async () => {
    const { headers } = await ask('/', { 'accept-encoding': 'br' });
    const again = await ask('/', { 'accept-encoding': 'br', 'if-none-match': headers.get('etag') ?? '' });
    const other = await ask('/', { 'if-none-match': headers.get('etag') ?? '' });

    expect(again.status).toBe(304);
    expect(other.status).toBe(200);
  });

  test('a page of another version gets a file as it is now, and does not keep it', async () => {
    const answer = await ask('/assets/older/page.js');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test.each([
    'nothing.js',
    'tsconfig.json',
    'types.d.ts',
    '../package.json',
    '%2e%2e/package.json',
    'vendor/',
  ])('%s is no file of it', async (path) => {
    expect((await ask(`/assets/${files.version}/${path}`)).status).toBe(404);
  });

  test('each reason word has its sentence from the table of the gateway', async () => {
    const reasons: unknown = await (await ask(asset('text/reasons.json'))).json();

    expect(reasons).toMatchObject({ bound: { kind: 'reply', means: expect.any(String) } });
  });
});
