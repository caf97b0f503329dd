import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharesAProcess } from './support/shared-process.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * What each room of src may import, beside itself and packages. Reading down is reading up the layers: no room imports
 * one that stands below it. A folder in a folder is a room of its own where it is named here. Not named are those of cli, and
 * lease/reservation: what a reservation is rests on what a client is, and a change of leases may write reservations.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  net: [],
  errors: [],
  log: [],
  wire: ['net'],
  'transport/linux': ['net', 'errors'],
  transport: ['net', 'errors', 'transport/linux'],
  lease: ['net', 'wire'],
  subnet: ['net', 'wire', 'lease'],
  'lease-table': ['net', 'lease'],
  allocation: ['net', 'lease', 'subnet'],
  // What a decision is made from, and what it says.
  'engine/decision': ['net', 'wire', 'lease', 'subnet', 'allocation'],
  // What a reply says, and where it goes.
  'engine/reply': ['net', 'wire', 'lease', 'subnet', 'allocation', 'engine/decision'],
  // Who the client is, which address it may have, and who else may use that.
  'engine/address': ['net', 'lease', 'subnet', 'allocation', 'engine/decision', 'engine/reply'],
  // A procedure for each message type.
  engine: [
    'net',
    'wire',
    'lease',
    'subnet',
    'allocation',
    'engine/decision',
    'engine/reply',
    'engine/address',
  ],
  // What operators and other programs order: reservations, imported leases.
  'engine/order': ['net', 'lease', 'subnet', 'engine', 'engine/decision', 'engine/address'],

  store: ['net', 'lease'],
  'store/sqlite/disk': ['lease', 'errors'],
  'store/sqlite/journal': ['net', 'lease', 'errors', 'store/sqlite/disk'],
  // What is kept of a lease and of the history as rows, and how they are written, read and copied.
  'store/sqlite/tables': ['net', 'lease', 'lease-table', 'store', 'store/sqlite/journal'],
  // Which rows the history gets, and which it loses.
  'store/sqlite/history': ['net', 'lease', 'store', 'store/sqlite/journal'],
  // What is kept beside leases: the clock, other gateways, this node's name.
  'store/sqlite/notes': ['net', 'lease', 'store'],
  // What is wrong with a lease file, and what can be read of it all the same.
  'store/sqlite/salvage': [
    'lease',
    'errors',
    'store/sqlite/disk',
    'store/sqlite/journal',
    'store/sqlite/tables',
  ],
  // Who may open a lease file, and how it is opened.
  'store/sqlite/file': [
    'lease',
    'errors',
    'store/sqlite/disk',
    'store/sqlite/journal',
    'store/sqlite/tables',
    'store/sqlite/salvage',
  ],
  'store/sqlite/maintenance': [
    'net',
    'lease',
    'errors',
    'store/sqlite/disk',
    'store/sqlite/journal',
    'store/sqlite/tables',
    'store/sqlite/history',
    'store/sqlite/notes',
    'store/sqlite/file',
  ],
  'store/sqlite/guard': [
    'lease',
    'lease-table',
    'log',
    'errors',
    'store/sqlite/disk',
    'store/sqlite/journal',
    'store/sqlite/tables',
    'store/sqlite/history',
    'store/sqlite/file',
    'store/sqlite/maintenance',
  ],
  'store/sqlite': [
    'net',
    'lease',
    'lease-table',
    'log',
    'errors',
    'store',
    'store/sqlite/disk',
    'store/sqlite/journal',
    'store/sqlite/tables',
    'store/sqlite/history',
    'store/sqlite/notes',
    'store/sqlite/salvage',
    'store/sqlite/file',
    'store/sqlite/maintenance',
    'store/sqlite/guard',
  ],
  // Searches in a lease file, in short pages.
  'store/sqlite/query': [
    'net',
    'lease',
    'errors',
    'store/sqlite/disk',
    'store/sqlite/tables',
    'store/sqlite/file',
    'store/sqlite',
  ],
  // A lease file that a thread of its own writes.
  'store/sqlite/remote': [
    'net',
    'lease',
    'log',
    'errors',
    'store',
    'store/sqlite/maintenance',
    'store/sqlite',
  ],
  // It knows no lease; of that room it has the types of time.
  'store/etcd/client': ['lease', 'log'],
  'store/etcd/keys': ['net', 'lease', 'log', 'store', 'store/etcd/client'],
  'store/etcd/membership': ['net', 'lease', 'log', 'store', 'store/etcd/client', 'store/etcd/keys'],
  'store/etcd': [
    'net',
    'lease',
    'lease-table',
    'log',
    'store',
    'store/etcd/client',
    'store/etcd/keys',
    'store/etcd/membership',
  ],

  // What is told of messages and orders: what became of each, and why one was dropped.
  'exchange/observer': ['net', 'wire', 'lease', 'subnet', 'engine/decision', 'store', 'transport'],
  // What an exchange is given: by the server, the segment, the operator.
  'exchange/parts': [
    'net',
    'wire',
    'lease',
    'subnet',
    'engine/decision',
    'store',
    'transport',
    'exchange/observer',
  ],
  // Messages and orders on their way: the states of each, where it waits, what it has locked.
  'exchange/pending': [
    'net',
    'wire',
    'lease',
    'engine/decision',
    'store',
    'transport',
    'exchange/observer',
    'exchange/parts',
  ],
  // What may drop a message between its decoding and its first state.
  'exchange/admission': [
    'net',
    'wire',
    'lease',
    'subnet',
    'engine/decision',
    'exchange/observer',
    'exchange/parts',
    'exchange/pending',
  ],
  // How often one card, one port, and all unknown clients together may ask.
  'exchange/limits': [
    'net',
    'wire',
    'lease',
    'subnet',
    'engine/decision',
    'exchange/observer',
    'exchange/parts',
    'exchange/admission',
  ],
  // When a round begins, what it reads, how old that is, and in which order it is decided.
  'exchange/round': [
    'net',
    'wire',
    'lease',
    'transport',
    'exchange/observer',
    'exchange/parts',
    'exchange/pending',
  ],
  // The rounds, and the steps of one message: it is decided, waits, is committed, and ends in a reply or in silence.
  exchange: [
    'net',
    'wire',
    'lease',
    'subnet',
    'engine/decision',
    'store',
    'transport',
    'exchange/observer',
    'exchange/parts',
    'exchange/pending',
    'exchange/admission',
    'exchange/round',
  ],
  // A row for each setting, the kinds of values, and what contradicts what.
  config: ['net', 'wire', 'lease', 'subnet', 'errors'],
  // What a settings file may say beside settings: classes, options, reservations.
  'config/file/policy': ['net', 'wire', 'lease', 'subnet', 'config'],
  'config/file': ['config', 'config/file/policy'],
  // Flags, variables and the file become the settings in force.
  'config/loading': ['net', 'lease', 'subnet', 'config', 'config/file', 'config/file/policy'],
  // What other servers have written: their leases, and what they keep for guests.
  importing: ['net', 'wire', 'lease'],
  // Warnings as data: what is wrong, and what to do.
  diagnosis: ['net', 'wire', 'lease', 'subnet', 'engine/reply', 'store'],
  'diagnosis/firewall': ['net', 'diagnosis'],
  // What `doctor` finds, from facts of the machine.
  'diagnosis/doctor': ['diagnosis'],
  detection: [
    'net',
    'wire',
    'lease',
    'engine/decision',
    'store',
    'exchange/observer',
    'exchange/parts',
    'exchange/admission',
    'transport',
    'transport/linux',
    'log',
    'diagnosis',
  ],
  reporting: [
    'net',
    'wire',
    'lease',
    'subnet',
    'allocation',
    'engine/decision',
    'store',
    'exchange/observer',
    'transport',
    'log',
    'config/loading',
    'diagnosis',
    'detection',
  ],
  // What a server is told to serve, and how it takes up another declaration while it runs.
  'server/declaration': ['net', 'lease', 'subnet', 'store', 'log', 'config', 'config/loading', 'diagnosis'],
  // What a server is given, and what it keeps as long as it runs.
  'server/parts': [
    'net',
    'lease',
    'subnet',
    'engine/decision',
    'engine/order',
    'store',
    'transport',
    'transport/linux',
    'exchange/observer',
    'exchange/parts',
    'log',
    'diagnosis',
    'detection',
    'reporting',
    'server/declaration',
  ],
  // Frees the addresses of expired leases.
  'server/expiry': [
    'lease',
    'engine/address',
    'engine/decision',
    'store',
    'exchange/observer',
    'exchange/parts',
    'exchange',
    'server/parts',
  ],
  // The exchange on one listen address, and what is learnt there, from the opening of its sockets to their closing.
  'server/service': [
    'net',
    'lease',
    'subnet',
    'allocation',
    'engine/decision',
    'engine/order',
    'store',
    'transport',
    'exchange/observer',
    'exchange/parts',
    'exchange/admission',
    'exchange/limits',
    'exchange',
    'log',
    'diagnosis',
    'detection',
    'reporting',
    'server/parts',
  ],
  // Which address is listened on, whether it is this machine's alone, and when its sockets open and close.
  'server/listen': [
    'net',
    'lease',
    'transport',
    'log',
    'config',
    'diagnosis',
    'errors',
    'server/parts',
    'server/service',
  ],
  // Takes orders in: about leases, reservations, leases of other servers.
  'server/order': [
    'net',
    'lease',
    'subnet',
    'engine',
    'engine/decision',
    'engine/order',
    'store',
    'transport',
    'exchange',
    'diagnosis',
    'detection',
    'server/parts',
    'server/service',
  ],
  // How a server is, and what is wrong: for its health socket, API and metrics.
  'server/status': [
    'net',
    'wire',
    'lease',
    'subnet',
    'log',
    'diagnosis',
    'detection',
    'reporting',
    'server/parts',
    'server/service',
    'server/listen',
    'server/order',
  ],
  // It puts a server together and runs it; the servers of one process.
  server: [
    'net',
    'lease',
    'engine',
    'engine/order',
    'exchange/observer',
    'config',
    'config/loading',
    'detection',
    'reporting',
    'server/declaration',
    'server/parts',
    'server/expiry',
    'server/listen',
    'server/order',
    'server/status',
  ],
  // This node's part in a store that gateways share, and what the `cluster` commands decide.
  sharing: [
    'net',
    'lease',
    'log',
    'errors',
    'config',
    'config/loading',
    'store',
    'store/sqlite',
    'store/etcd',
    'store/etcd/client',
    'store/etcd/keys',
    'store/etcd/membership',
    'transport/linux',
    'detection',
    'server/listen',
  ],
  // Certificates for etcd's nodes: X.509 as octets, what is there, what is made.
  'sharing/certificates': ['lease', 'errors', 'store/etcd/client', 'sharing'],
  // Who is told when leases change: a program, a server.
  'management/hooks': ['wire', 'log', 'engine/decision', 'diagnosis', 'reporting', 'config'],
  // The platform's messages and what is around them on the wire; pure.
  platform: [],
  // The second plane: API, metrics and page, in a thread of their own. First what it may ask of the packets' thread.
  'management/gateway': [
    'net',
    'lease',
    'log',
    'errors',
    'engine',
    'engine/order',
    'store/etcd/client',
    'detection',
    'diagnosis',
    'reporting',
    'config',
    'config/loading',
    'server/declaration',
    'server/order',
    'server/status',
    'server',
    'management/hooks',
  ],
  // What may come in, who may do what, and how much at once.
  'management/http': ['net', 'log', 'errors', 'config', 'store/sqlite/query', 'management/gateway'],
  // Port and socket.
  'management/listen': ['log', 'management/http'],
  'management/page': ['engine/decision', 'management/http'],
  'management/samples': [],
  'management/metrics': [
    'store/sqlite/query',
    'store/etcd/client',
    'exchange/observer',
    'diagnosis',
    'reporting',
    'server/status',
    'platform',
    'management/hooks',
    'management/gateway',
    'management/http',
    'management/samples',
  ],
  'management/events': [
    'net',
    'lease',
    'store/sqlite/query',
    'detection',
    'diagnosis',
    'reporting',
    'management/http',
  ],
  'management/guests': ['net', 'wire', 'lease', 'store/sqlite/query', 'management/gateway'],
  'management/reconcile': [
    'lease',
    'engine/order',
    'store/sqlite/query',
    'server/order',
    'management/gateway',
    'management/http',
  ],
  // What is answered.
  'management/routes': [
    'net',
    'wire',
    'lease',
    'engine',
    'engine/order',
    'store/sqlite',
    'store/sqlite/query',
    'store/etcd/client',
    'detection',
    'diagnosis',
    'reporting',
    'config',
    'server/declaration',
    'server/order',
    'server/status',
    'management/hooks',
    'management/gateway',
    'management/http',
    'management/samples',
    'management/metrics',
    'management/events',
    'management/guests',
    'management/reconcile',
  ],
  // The platform's calls, onto the same orders.
  'management/platform': [
    'net',
    'lease',
    'log',
    'store/sqlite',
    'store/sqlite/query',
    'diagnosis',
    'server/status',
    'platform',
    'management/gateway',
    'management/http',
    'management/listen',
    'management/metrics',
    'management/reconcile',
    'management/routes',
  ],
  // It puts them together, one for each segment.
  management: [
    'net',
    'lease',
    'log',
    'store/sqlite',
    'store/sqlite/query',
    'store/etcd/client',
    'diagnosis',
    'reporting',
    'management/hooks',
    'management/gateway',
    'management/http',
    'management/listen',
    'management/page',
    'management/samples',
    'management/metrics',
    'management/events',
    'management/routes',
    'management/platform',
  ],
};
/** May import everything: the commands, and the public surface. */
const UNBOUND = ['cli', 'index'];

/** Who chooses the real parts of a server. */
const SERVES = ['segment-server', 'host-parts', 'sockets'].map((name) => `src/cli/serve/${name}.ts`);

const MAY_DO_IO = ['store', 'transport', 'config', 'log', 'sharing', 'management', 'cli'];
/** The socket on which the server is asked how it is; what the machine's firewall says. */
const IO_FILES = [
  'src/server/status/health.ts',
  'src/diagnosis/find-program.ts',
  'src/diagnosis/program-output.ts',
  'src/diagnosis/firewall/read-firewall.ts',
];
const PURE_NODE_MODULES = ['node:path', 'node:util', 'node:events', 'node:buffer', 'node:url', 'node:assert'];
const IO_PACKAGES = ['better-sqlite3', 'koffi'];

const MAY_READ_CLOCK = ['management', 'cli'];
const CLOCK_FILES = ['src/lease/system-clock.ts'];
const CLOCK = /\bDate\.now\(|\bperformance\.now\(|\bnew Date\(\)|\bprocess\.hrtime\b/;

/** What would outlive a test file: mocks, other clocks, changed prototypes, the process's own state; and what it is alone for. */
const OF_THE_PROCESS =
  /\bvi\.(?!waitFor|waitUntil)\w+|\bprocess\.(env|exitCode|umask|chdir|on|once|emit|setuid|memoryUsage)\b|\.prototype\b.*[^=]=[^=]|\bglobalThis\b|\b(Date|performance)\.now =|\bMath\.random =/g;

/** A variable at the top of a file, or a collection there that begins empty and is filled later. */
const STATE_OF_MODULE =
  /^(?:export )?(?:let \w+|const (?!NO_)\w+(?:: (?!Readonly)[^=]+)? = (?:new (?:Map|Set|Array)(?:<.*>)?\(\)|\[\]);)/gm;
/** What is the process's own, whichever segments it serves: a library, a buffer, a table by code, the order of long reads. */
const STATEFUL = [
  ...['cli/lab/guests/packet-socket', 'store/sqlite/disk/driver', 'store/sqlite/query/pages'],
  ...['transport/linux/libc', 'transport/linux/interfaces', 'transport/linux/readiness'],
  ...['wire/option-text', 'engine/decision/outcome'],
].map((name) => `src/${name}.ts`);

/** What a file exports. Not what it passes on: `export { ... } from`. */
const EXPORTED = /^export (?:async |abstract )*(?:function\*?|const|class|interface|type) (\w+)/gm;
/** Kinds of values: each table of settings, options, fields or messages has its own of such a name. And what starts a program. */
const KINDS = [
  ...['text', 'time', 'seconds', 'port', 'note', 'ipv4', 'int32', 'flag', 'bytes', 'address'],
  'run',
];

interface Source {
  /** From the root: src/net/ipv4.ts. */
  readonly path: string;
  /** The folder right below src. */
  readonly part: string;
  /** The innermost folder that the table names. */
  readonly room: string;
  readonly text: string;
  /** Packages as they are named, files from the root. */
  readonly imports: readonly string[];
}

function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('page/'))
    .sort()
    .map((name) => sourceAt(join(folder, name)));
}

function sourceAt(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const imports = [...text.matchAll(/(?:\bfrom|\bimport)[\s(]+'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), name)) : name,
  );
  return { path, part: partOf(path), room: roomOf(path), text, imports };
}

/** src/net/ipv4.ts is of net, src/errors.ts of errors. */
function partOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

/** src/store/etcd/keys/entry.ts is of store/etcd/keys. */
function roomOf(path: string): string {
  let room = dirname(path).replace(/^src\/?/, '');
  while (room.includes('/') && ALLOWED[room] === undefined) room = dirname(room);
  return room === '' ? partOf(path) : room;
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

/** The web page: plain modules that a browser runs as they are. */
const PAGE = readdirSync(join(ROOT, 'src/page'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js'))
  .sort()
  .map((name) => ({
    path: join('src/page', name),
    text: readFileSync(join(ROOT, 'src/page', name), 'utf8'),
  }));
/** What writes text as markup or code, or a style that the policy of the page forbids. */
const AS_MARKUP =
  /\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|eval|document\.write)\b|new Function|\bstyle="/;

describe('architecture', () => {
  it('the page imports files of its own alone, and of packages what is served beside them', () => {
    const vendor = ['src/page/vendor/preact.js', 'src/page/vendor/hooks.js', 'src/page/vendor/htm.js'];
    const known = new Set([...PAGE.map(({ path }) => path), ...vendor]);

    const found = PAGE.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:\bfrom|\bimport)\s+'([^']+)'/g)]
        .map(([, name = '']) => join(dirname(path), name))
        .filter((name) => !known.has(name) && !name.endsWith('types.d.ts'))
        .map((name) => `${path}: ${name}`),
    );

    expect(PAGE.length).toBeGreaterThan(10);
    expect(found).toEqual([]);
  });

  it('nothing of the page becomes markup, code or an inline style', () => {
    expect(PAGE.filter(({ text }) => AS_MARKUP.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('a file has about 300 lines at most', () => {
    const long = [...SOURCES, ...PAGE].filter(({ text }) => text.split('\n').length > 320);

    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('each room imports only rooms that the table allows it', () => {
    const found = breaches(({ part, room, imports }) =>
      imports
        .filter((name) => name.startsWith('src/'))
        .filter((name) => roomOf(name) !== room && !UNBOUND.includes(part))
        .filter((name) => ALLOWED[room]?.includes(roomOf(name)) !== true),
    );

    expect(found).toEqual([]);
  });

  it('every room is in the table', () => {
    const found = breaches(({ part, room }) =>
      ALLOWED[room] !== undefined || UNBOUND.includes(part) ? [] : [room],
    );

    expect(found).toEqual([]);
  });

  it('no import runs up: a room may import only rooms that stand above it in the table', () => {
    const rooms = Object.keys(ALLOWED);

    const found = rooms.flatMap((room, index) =>
      (ALLOWED[room] ?? [])
        .filter((other) => !rooms.slice(0, index).includes(other))
        .map((other) => `${room}: ${other}`),
    );

    expect(found).toEqual([]);
  });

  it('a room imports from each room that the table allows it', () => {
    const used = new Set(
      SOURCES.flatMap(({ room, imports }) => imports.map((name) => `${room}: ${roomOf(name)}`)),
    );

    const found = Object.entries(ALLOWED).flatMap(([room, others]) =>
      others.map((other) => `${room}: ${other}`).filter((use) => !used.has(use)),
    );

    expect(found).toEqual([]);
  });

  it('no file imports itself through others, types included', () => {
    const importsOf = new Map(SOURCES.map(({ path, imports }) => [path, imports]));
    const above = new Set<string>();
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string): void => {
      if (above.has(path)) circles.push([...above, path].join(' > '));
      if (above.has(path) || done.has(path)) return;
      above.add(path);
      for (const next of importsOf.get(path) ?? []) visit(next);
      above.delete(path);
      done.add(path);
    };
    for (const { path } of SOURCES) visit(path);

    expect(circles).toEqual([]);
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

  it('only the system clock, management and commands read a clock', () => {
    const found = breaches(({ path, part, text }) =>
      MAY_READ_CLOCK.includes(part) || CLOCK_FILES.includes(path) ? [] : (text.match(CLOCK) ?? []),
    );

    expect(found).toEqual([]);
  });

  it('only commands make randomness', () => {
    const found = breaches(({ part, text }) =>
      part === 'cli' ? [] : (text.match(/\bMath\.random\(/) ?? []),
    );

    expect(found).toEqual([]);
  });

  it('only what serves a segment and the room of shared leases name a concrete store or transport; the public surface passes them on', () => {
    const concrete = /^src\/(store\/\w+\/(open-)?\w+-store|transport\/(open-)?\w+-transport)\.ts$/;

    const found = breaches(({ path, part, imports }) =>
      part === 'sharing' || [...SERVES, 'src/index.ts'].includes(path)
        ? []
        : imports.filter((name) => concrete.test(name) && partOf(name) !== part),
    );

    expect(found).toEqual([]);
  });

  it('no module has state of its own, so that two servers in one process know nothing of each other', () => {
    const found = breaches(({ path, text }) =>
      STATEFUL.includes(path) ? [] : (text.match(STATE_OF_MODULE) ?? []),
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

  it('a name that two files export means the same in both', () => {
    const pathsOf = new Map<string, Set<string>>();
    for (const { path, text } of SOURCES)
      for (const [, name = ''] of text.matchAll(EXPORTED))
        pathsOf.set(name, (pathsOf.get(name) ?? new Set()).add(path));

    const found = [...pathsOf].filter(([name, paths]) => paths.size > 1 && !KINDS.includes(name));

    expect(pathsOf.size).toBeGreaterThan(1000);
    expect(found.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)).toEqual([]);
  });

  it('every RFC section that the engine cites is cited by a test', () => {
    const cited = citationsIn(SOURCES.filter(({ part }) => part === 'engine'));
    const tested = citationsIn(sourcesIn('test').filter(({ path }) => path.endsWith('.test.ts')));

    expect(cited.size).toBeGreaterThan(0);
    expect([...cited].filter((section) => !tested.has(section))).toEqual([]);
  });

  it('tests that share a process leave nothing in it: no mock, no other clock, no variable, no changed prototype', () => {
    const found = sourcesIn('test')
      .filter(({ path }) => sharesAProcess(path))
      .flatMap(({ path, text }) => (text.match(OF_THE_PROCESS) ?? []).map((what) => `${path}: ${what}`));

    expect(found).toEqual([]);
  });
});
