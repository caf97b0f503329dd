import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { codeOf, GatewayError } from '../../../errors.ts';
import { DIRECTORY_MODE } from './file-mode.ts';

/** The lease file's name in its directory. */
export const LEASE_FILE = 'leases.sqlite';

/** statfs(2): file systems whose locks and memory maps SQLite cannot rely on. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'CephFS'],
  [0x01021997, '9P'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x564c, 'NCP'],
]);

/** What is made for a trial begins so. */
const TRIAL = '.vps-gateway-trial-';

/** A disk with an error is often remounted so by the kernel. */
export const READ_ONLY_REMEDY =
  'see why (dmesg), and remount it (mount -o remount,rw), or set another directory (GATEWAY_DHCP_LEASES_DIR)';

/** The name of a network file system by the type that statfs tells; undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type >>> 0);
}

/** A link on the way to a directory that leads nowhere, or in a circle; undefined: there is none. */
function brokenLinkTo(directory: string): string | undefined {
  for (let path = resolve(directory); path !== dirname(path); path = dirname(path)) {
    if (existsSync(path)) return undefined;
    if (isLink(path)) return path;
  }
  return undefined;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // It is not there, or below what is no directory.
  }
}

/** Makes the directory if it is missing. @throws GatewayError 'store-unusable' if leases cannot be kept there. */
export function prepareDirectory(directory: string): void {
  refuseBrokenLink(directory);
  try {
    makeDirectory(resolve(directory), DIRECTORY_MODE);
  } catch (cause) {
    throw notMade(directory, cause);
  }
  refuseDirectory(directory);
}

/** The directory alone is given to the gateway's user, never one above it. */
function notMade(directory: string, cause: unknown): GatewayError {
  const code = codeOf(cause);
  const user = process.getuid?.() ?? '<user>';
  const lacksRight = code === 'EACCES' || code === 'EPERM';
  const create = lacksRight ? `as root: install -d -o ${user} -m 750 ${resolve(directory)}` : 'create it';
  const remedy =
    code === 'EROFS'
      ? READ_ONLY_REMEDY
      : `${create}; or set another one (GATEWAY_DHCP_LEASES_DIR or --leases-dir)`;
  const message = `GATEWAY_DHCP_LEASES_DIR ${directory}: cannot be made (${code}): ${remedy}`;
  return new GatewayError('store-unusable', message, cause);
}

/**
 * Looks whether leases can be kept in a directory, or in the nearest one above it that is there. Makes nothing.
 *
 * @throws GatewayError 'store-unusable' if not.
 */
export function refuseDirectory(wanted: string): void {
  const setting = `GATEWAY_DHCP_LEASES_DIR ${wanted}`;
  refuseBrokenLink(wanted);
  let directory = resolve(wanted);
  while (!existsSync(directory)) directory = dirname(directory);
  if (!statSync(directory).isDirectory()) {
    throw new GatewayError(
      'store-unusable',
      `${setting}: not a directory: set one that the leases may live in`,
    );
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (codeOf(cause) === 'EROFS') {
      throw new GatewayError(
        'store-unusable',
        `${setting}: its file system is read-only (EROFS): ${READ_ONLY_REMEDY}`,
        cause,
      );
    }
    if (directory !== resolve(wanted)) throw notMade(wanted, cause);
    const who = process.getuid?.() ?? 'this user';
    const remedy = `give it to the user that the gateway runs as (chown ${who} ${directory}), or set another one`;
    throw new GatewayError('store-unusable', `${setting}: not writable (${codeOf(cause)}): ${remedy}`, cause);
  }
  const network = networkFileSystem(statfsSync(directory).type);
  if (network !== undefined) {
    const remedy = 'set a directory on a local disk of this node; every gateway keeps its own file';
    throw new GatewayError('store-unusable', `${setting}: is on ${network}, which loses leases: ${remedy}`);
  }
}

/**
 * The same, and tries it: makes a file, and a directory for it where that is missing, and takes them away again. So it finds
 * where the kernel lets nobody make a file, though the rights say so, as in /sys.
 *
 * @throws GatewayError 'store-unusable' if not.
 */
export function tryDirectory(wanted: string): void {
  refuseDirectory(wanted);
  let directory = resolve(wanted);
  const isThere = existsSync(directory);
  while (!existsSync(directory)) directory = dirname(directory);
  try {
    if (isThere) makeFileIn(directory);
    else inNewDirectory(directory, makeFileIn);
  } catch (cause) {
    const code = codeOf(cause);
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    if (isFull && existsSync(resolve(wanted, LEASE_FILE))) return; // A start needs no more than reading.
    const what = isFull ? 'no space is left on its file system' : `no file can be made in ${directory}`;
    const remedy = isFull ? `make room (df -h ${directory}; df -i ${directory})` : 'set another directory';
    throw new GatewayError(
      'store-unusable',
      `GATEWAY_DHCP_LEASES_DIR ${wanted}: ${what} (${code}): ${remedy}`,
      cause,
    );
  }
}

function inNewDirectory(parent: string, run: (directory: string) => void): void {
  const directory = mkdtempSync(join(parent, TRIAL));
  try {
    run(directory);
  } finally {
    rmdirSync(directory);
  }
}

function makeFileIn(directory: string): void {
  const file = join(directory, `${TRIAL}${process.pid}`);
  try {
    writeFileSync(file, '\n', { flag: 'wx' });
  } finally {
    rmSync(file, { force: true });
  }
}

/** Nothing is made where it leads: what belongs there is not mounted, most likely. */
function refuseBrokenLink(directory: string): void {
  const link = brokenLinkTo(directory);
  if (link === undefined) return;
  const setting = `GATEWAY_DHCP_LEASES_DIR ${directory}`;
  const remedy = 'mount or make what it leads to, or set another directory';
  throw new GatewayError(
    'store-unusable',
    `${setting}: the symbolic link ${link} leads nowhere (${readlinkSync(link)}): ${remedy}`,
  );
}

/**
 * Makes a directory and those above it, each once. Node's own recursive mkdir never ends where a directory is there but
 * nothing can be made in it, as in /proc.
 */
function makeDirectory(path: string, mode?: number): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path, { mode });
}
