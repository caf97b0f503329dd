// The second half of `npm run build`: one file for each thread and process of the gateway and one for the reader of settings
// files, in dist/run, and what V8 has compiled of them. A start then reads one file in place of three hundred, and compiles
// next to nothing.
// All is built aside and then put in place file by file, so that a gateway may start at any moment of a build.
'use strict';
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { basename, join } = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { build } = require('esbuild');

const root = join(__dirname, '../');
const run = `${root}dist/run`;
mkdirSync(`${root}dist`, { recursive: true });
/** A copy of this package in which the program is built and tried. */
const aside = mkdtempSync(`${root}dist/build-`);
process.on('exit', () => rmSync(aside, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const built = `${aside}/dist/run`;
const PROGRAM = `${aside}/bin/vps-gateway.js`;

/** What each file is made of. Their names are those that the sources look for beside themselves. */
const FILES = {
  serve: `
    export { run } from './cli/serve-program.ts';
    export const hearStopSignals = () => import('./cli/serve/stop-signal.ts');`,
  'vps-gateway': `export { run } from './cli/program.ts';`,
  'settings-file': `export { readSettingsFile } from './config/file/read-settings-file.ts';`,
  'management-thread': `import './cli/serve/management-thread.ts';`,
  'mirror-thread': `import './cli/serve/mirror-thread.ts';`,
  'integrity-process': `import './store/sqlite/salvage/integrity-process.ts';`,
};
/**
 * The reader of settings files, with YAML and zod, is as large as the rest of a gateway. Most gateways have no such file, so it
 * is a file of its own, loaded when there is one.
 */
const SETTINGS_FILE_APART = {
  name: 'settings-file-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/read-settings-file\.ts$/ }, ({ path, importer }) =>
      importer.endsWith('/load-settings.ts') ? { path, namespace: 'apart' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'apart' }, () => ({
      contents: `export const readSettingsFile = (...file) => require('./settings-file.js').readSettingsFile(...file);`,
    }));
  },
};
/** ip-num computes ranges of IPv6 when it is loaded. Nobody asks for them, and they take a twentieth of a start. */
const RANGES_ON_DEMAND = {
  name: 'ranges-on-demand',
  setup({ onLoad }) {
    onLoad({ filter: /\/ip-num\/dist\/src\/IPNumber\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        /^(IPv[46])\.(\w+_RANGES?) = ([^;]+);$/gm,
        "Object.defineProperty($1, '$2', { get: () => $3 });",
      ),
    }));
  },
};
/** Modules of Node.js that a start needs late, or not at all: each is loaded when something of it is first used. */
const LATE = /\b(\w+)=require\(("node:(?:child_process|fs\/promises|http2|tls|worker_threads)")\)/g;
/** The beginning of each file: a function with the names that its text uses. */
const BEGINNING = [
  '(function (module, exports, require, __filename) {',
  'const bundleUrl = require("node:url").pathToFileURL(__filename).href;',
  'const delayed = (name) => new Proxy({}, { get: (_, key) => require(name)[key] });',
].join(' ');
/**
 * Flags of Node.js that the gateway is started with: those of an operator's shell, and of the unit and the container. V8 keeps
 * what it compiled for each set of flags apart.
 */
const FLAGS = [[], ['--max-semi-space-size=8']];
/** What its log says when both of its threads have started. */
const STARTED = ['waiting for the listen address', 'metrics and API are served'];
/** Enough for every part of a settings file's reader. */
const SETTINGS = `
interface: vps-gw-nowhere
listen_ip: 192.0.2.10
gateway: 192.0.2.1
pool_start: 192.0.2.20
pool_end: 192.0.2.254
options: { log_servers: [192.0.2.2] }
classes: [{ name: one, match: { vendor_class: one }, lease_time: 1h }]
pxe: { next_server: 192.0.2.2, file: one }
reservations: [{ id: one, mac: "02:00:00:00:00:01", address: 192.0.2.30 }]
`;
/** How long the files of an earlier build stay: milliseconds. */
const LEFT_FOR = 1000;
/** How long a gateway may take to start: milliseconds. */
const PATIENCE = 30_000;

/** The file that was built of each of `FILES`. */
const names = {};

async function buildAll() {
  for (const part of ['package.json', 'src']) symlinkSync(`${root}${part}`, `${aside}/${part}`);
  cpSync(`${root}bin`, `${aside}/bin`, { recursive: true });
  cpSync(`${root}bin/run`, built, { recursive: true });
  writeFileSync(`${built}/package.json`, '{ "type": "commonjs" }\n');
  for (const name of Object.keys(FILES)) names[name] = await bundle(name);
  writeStubs(true);
  for (const flags of FLAGS) await fillCache(flags);
  writeStubs(false);
  await putInPlace();
}

/**
 * A file that names others comes after them. Those that no file names any more stay for a moment, for a start that has read
 * their names just before.
 */
async function putInPlace() {
  mkdirSync(run, { recursive: true });
  const files = readdirSync(built);
  const stubs = Object.keys(names).map((name) => `${name}.js`);
  for (const file of [...files.filter((name) => !stubs.includes(name)), ...stubs])
    renameSync(`${built}/${file}`, `${run}/${file}`);
  const old = readdirSync(run).filter((file) => !files.includes(file));
  if (old.length > 0) await delay(LEFT_FOR);
  for (const file of old) rmSync(`${run}/${file}`, { recursive: true, force: true });
}

/** @returns The name of the file, which changes with its text: so a cache never belongs to another text. */
async function bundle(name) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: FILES[name], resolveDir: `${root}src`, sourcefile: `${name}.ts`, loader: 'ts' },
    outdir: run,
    entryNames: `${name}-[hash]`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    format: 'cjs',
    external: ['better-sqlite3', 'better-sqlite3-13', 'koffi', './settings-file.js'],
    plugins: [SETTINGS_FILE_APART, RANGES_ON_DEMAND],
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: BEGINNING },
    footer: { js: '})' },
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  // `delayed` is as long as `require`, so the map of the sources stays true.
  for (const { path, text } of outputFiles)
    writeFileSync(`${built}/${basename(path)}`, text.replace(LATE, '$1=delayed($2)'));
  return basename(Object.keys(metafile.outputs).find((file) => file.endsWith('.js')));
}

/** @param isKept True: the program writes its cache when it ends. */
function writeStubs(isKept) {
  for (const [name, file] of Object.entries(names)) {
    const load = `require('./with-cache.cjs').load('${file}'${isKept ? ', true' : ''})`;
    writeFileSync(`${built}/${name}.js`, `module.exports = ${load};\n`);
  }
}

/**
 * Starts a gateway on an interface that no machine has, so that it stays silent, and stops it once it waits for that; then a
 * command that reads what it has left.
 */
async function fillCache(flags) {
  const port = await freePort().catch(notKept);
  if (port === undefined) return;
  const folder = mkdtempSync(`${tmpdir()}/vps-gateway-build-`);
  const settings = `${folder}/settings.yaml`;
  writeFileSync(settings, SETTINGS);
  const env = {
    PATH: process.env.PATH,
    GATEWAY_CONFIG: settings,
    GATEWAY_DHCP_LEASES_DIR: folder,
    GATEWAY_METRICS_PORT: port,
    LOG_FORMAT: 'json',
  };
  await runBuilt([...flags, PROGRAM, 'serve'], env, (said) => STARTED.every((words) => said.includes(words)));
  await runBuilt([...flags, PROGRAM, 'leases'], env, () => false);
  rmSync(folder, { recursive: true });
}

/** Runs until it ends by itself, or has said enough. */
async function runBuilt(args, env, isEnough) {
  const program = spawn(process.execPath, args, { env, timeout: PATIENCE });
  let said = '';
  for (const output of [program.stdout, program.stderr])
    output.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (isEnough(said)) program.kill();
    });
  const [status] = await once(program, 'close');
  if (status !== 0) throw new Error(`the gateway that was built does not start:\n${said}`);
}

/** Without it the program runs as well: on a machine that lets nothing listen, such as one without a loopback interface. */
function notKept(error) {
  console.error(`what V8 has compiled is not kept, so that a start takes longer: ${error.message}`);
}

/** A TCP port that nobody has. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

buildAll();
