import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** What each part of src may import, beside itself and packages. Reading down is reading up the layers. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  net: [],
  errors: [],
  wire: ['net'],
  lease: ['net', 'wire'],
  subnet: ['net', 'wire', 'lease'],
  allocation: ['net', 'lease', 'subnet'],
  engine: ['net', 'wire', 'lease', 'subnet', 'allocation'],
  store: ['net', 'lease', 'subnet', 'errors'],
  transport: ['net', 'errors'],
  log: ['net', 'errors'],
  metrics: ['net', 'errors'],
  config: ['net', 'wire', 'lease', 'subnet', 'errors'],
  server: [
    'net',
    'wire',
    'lease',
    'subnet',
    'allocation',
    'engine',
    'store',
    'transport',
    'log',
    'metrics',
    'config',
    'errors',
  ],
  management: ['net', 'wire', 'lease', 'subnet', 'store', 'metrics', 'server', 'errors'],
};
/** May import everything: the commands, and the public surface. */
const UNBOUND = ['cli', 'index'];

const MAY_DO_IO = ['store', 'transport', 'config', 'log', 'management', 'cli'];
/** ARP, and the socket on which the server is asked how it is. */
const IO_FILES = ['src/server/probe.ts', 'src/server/health.ts'];
const PURE_NODE_MODULES = ['node:path', 'node:util', 'node:events', 'node:buffer', 'node:url', 'node:assert'];
const IO_PACKAGES = ['better-sqlite3', 'koffi'];

const MAY_READ_CLOCK = ['server', 'management', 'cli'];
const CLOCK = /\bDate\.now\(|\bperformance\.now\(|\bnew Date\(\)|\bprocess\.hrtime\b/;

interface Source {
  /** From the root: src/net/ipv4.ts. */
  readonly path: string;
  readonly part: string;
  readonly text: string;
  /** Packages as they are named, files from the root. */
  readonly imports: readonly string[];
}

function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => sourceAt(join(folder, name)));
}

function sourceAt(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const imports = [...text.matchAll(/(?:\bfrom|\bimport)[\s(]+'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), name)) : name,
  );
  return { path, part: partOf(path), text, imports };
}

/** src/net/ipv4.ts is of net, src/errors.ts of errors. */
function partOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

/** Each of the sources that breaks a rule, as `path: what`. */
function breaches(rule: (source: Source) => readonly string[]): readonly string[] {
  return SOURCES.flatMap((source) => rule(source).map((what) => `${source.path}: ${what}`));
}

/** RFC sections in the form of CONVENTIONS: `RFC 2131 §4.3.2`. */
function citationsIn(sources: readonly Source[]): ReadonlySet<string> {
  const all = sources.flatMap(({ text }) => text.match(/RFC \d+ §\d+(\.\d+)*/g) ?? []);
  return new Set(all);
}

const SOURCES = sourcesIn('src');

describe('architecture', () => {
  it('each part imports only parts that stand below it', () => {
    const found = breaches(({ part, imports }) =>
      imports
        .filter((name) => name.startsWith('src/'))
        .filter((name) => partOf(name) !== part && !UNBOUND.includes(part))
        .filter((name) => ALLOWED[part]?.includes(partOf(name)) !== true),
    );

    expect(found).toEqual([]);
  });

  it('every part is in the table', () => {
    const parts = new Set(SOURCES.map(({ part }) => part));

    expect([...parts].filter((part) => ALLOWED[part] === undefined && !UNBOUND.includes(part))).toEqual([]);
  });

  it('every import names a file of ours by its whole name', () => {
    const paths = new Set(SOURCES.map(({ path }) => path));

    const found = breaches(({ imports }) =>
      imports.filter((name) => name.startsWith('src/') && !paths.has(name)),
    );

    expect(found).toEqual([]);
  });

  it('only what is for it does input and output', () => {
    const found = breaches(({ path, part, imports }) =>
      MAY_DO_IO.includes(part) || IO_FILES.includes(path)
        ? []
        : imports.filter(
            (name) =>
              IO_PACKAGES.includes(name) || (name.startsWith('node:') && !PURE_NODE_MODULES.includes(name)),
          ),
    );

    expect(found).toEqual([]);
  });

  it('only server, management and commands read a clock', () => {
    const found = breaches(({ part, text }) =>
      MAY_READ_CLOCK.includes(part) ? [] : (text.match(CLOCK) ?? []),
    );

    expect(found).toEqual([]);
  });

  it('only commands make randomness', () => {
    const found = breaches(({ part, text }) =>
      part === 'cli' ? [] : (text.match(/\bMath\.random\(/) ?? []),
    );

    expect(found).toEqual([]);
  });

  it('only cli/serve.ts and cli/shared-leases.ts name a concrete store or transport; the public surface passes them on', () => {
    const concrete = /^src\/(store\/\w+\/(open-)?\w+-store|transport\/(open-)?\w+-transport)\.ts$/;

    const found = breaches(({ path, part, imports }) =>
      ['src/cli/serve.ts', 'src/cli/shared-leases.ts', 'src/index.ts'].includes(path)
        ? []
        : imports.filter((name) => concrete.test(name) && partOf(name) !== part),
    );

    expect(found).toEqual([]);
  });

  it('there are no default exports, and only index.ts re-exports', () => {
    const found = breaches(({ path, text }) =>
      (text.match(/^export (default|\*|(type )?\{[^}]*\} from)/gm) ?? []).filter(
        () => path !== 'src/index.ts',
      ),
    );

    expect(found).toEqual([]);
  });

  it('every RFC section that the engine cites is cited by a test', () => {
    const cited = citationsIn(SOURCES.filter(({ part }) => part === 'engine'));
    const tested = citationsIn(sourcesIn('test').filter(({ path }) => path.endsWith('.test.ts')));

    expect(cited.size).toBeGreaterThan(0);
    expect([...cited].filter((section) => !tested.has(section))).toEqual([]);
  });
});
