// Before `npm start`, `npm test` and the others: the packages of package-lock.json, installed once. Like vps-gateway.js, it has
// nothing that Node.js 10 does not understand: an older one than is needed is to be told so.
'use strict';
require('./node-version.cjs').refuseOldNode();

const { spawnSync } = require('node:child_process');
const { accessSync, constants, existsSync, readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');

/** sysexits.h EX_UNAVAILABLE. */
const EX_UNAVAILABLE = 69;

const root = join(__dirname, '../');
const installed = `${root}node_modules/.package-lock.json`;

if (!existsSync(installed) || statSync(installed).mtimeMs <= statSync(`${root}package-lock.json`).mtimeMs)
  install();
refuseForeignClone();

/** The compiler would say it of each file. */
function refuseForeignClone() {
  const output = [`${root}dist`, root].find(existsSync);
  try {
    accessSync(output, constants.W_OK);
  } catch (error) {
    console.error(
      `vps-gateway: ${output} may not be written by this user (${error.code}), so nothing can be built: run this as its ` +
        'owner; what is built already runs without npm: node bin/vps-gateway.js',
    );
    process.exit(EX_UNAVAILABLE);
  }
}

function install() {
  console.error(
    'vps-gateway: installing its packages (npm ci), once; a minute, or a few if one has to be compiled',
  );
  // Two tries, not minutes of silence, where there is no registry.
  const args = [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--fetch-retries=1',
    '--fetch-timeout=60000',
  ];
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    env: { ...headersOfNode(), ...process.env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const text = `${stdout || ''}${stderr || ''}`;
  if (status === 0 && hasSqlite()) return;
  process.stderr.write(text);
  const cause =
    status === 0
      ? 'better-sqlite3 could not be compiled: install python3, make and g++, see that nodejs.org can be reached for the ' +
        'headers of Node.js, delete node_modules, and run it again; `npm ci --foreground-scripts` shows why'
      : causeOf(text);
  console.error(`vps-gateway: npm ci has failed: ${cause}`);
  process.exit(EX_UNAVAILABLE);
}

/** Where the headers of this Node.js are installed beside it, a package that is compiled needs none from nodejs.org. */
function headersOfNode() {
  const prefix = dirname(dirname(process.execPath));
  try {
    const header = readFileSync(`${prefix}/include/node/node_version.h`, 'utf8');
    const numbers = ['MAJOR', 'MINOR', 'PATCH'].map((name) => {
      const [, number] = new RegExp(`^#define NODE_${name}_VERSION (\\d+)`, 'm').exec(header) || [];
      return number;
    });
    return numbers.join('.') === process.versions.node ? { npm_config_nodedir: prefix } : {};
  } catch {
    return {};
  }
}

/** npm leaves an optional package out that cannot be built, and says nothing. */
function hasSqlite() {
  return ['better-sqlite3', 'better-sqlite3-13'].some((name) => existsSync(`${root}node_modules/${name}`));
}

function causeOf(text) {
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|ECONNRESET|ERR_SOCKET_TIMEOUT/.test(text))
    return 'the registry cannot be reached: see to the network or the proxy (npm config get registry), and run it again';
  if (/gyp ERR|not found: make|g\+\+/.test(text))
    return 'a package could not be compiled: install python3, make and g++, and run it again';
  if (/ENOSPC/.test(text)) return 'the disk is full';
  if (/EACCES|EPERM/.test(text)) return `${root} may not be written by this user`;
  return 'its output is above';
}
