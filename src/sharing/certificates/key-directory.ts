import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, GatewayError } from '../../errors.ts';

/** Files of a directory, by their names. */
export type FileTexts = Readonly<Record<string, string>>;

/** Only their owner enters. */
const DIRECTORY_MODE = 0o700;
const CERTIFICATE_MODE = 0o644;
const KEY_MODE = 0o600;
const OTHERS = 0o077;

/**
 * Makes a directory with its files: all of them are on the disk before it has its name.
 *
 * @throws GatewayError output-failed, also where it is there already with files.
 */
export function makeDirectory(path: string, texts: FileTexts): void {
  writing(path, () => {
    makeParents(dirname(path));
    const made = mkdtempSync(join(dirname(path), `.${basename(path)}-`));
    try {
      for (const [name, text] of Object.entries(texts)) writeDurably(join(made, name), text);
      syncDirectory(made);
      renameSync(made, path);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      throw error;
    }
    syncDirectory(dirname(path));
  });
}

/**
 * Replaces files of a directory one after the other, each in one step.
 *
 * @throws GatewayError output-failed
 */
export function replaceFiles(directory: string, texts: FileTexts): void {
  writing(directory, () => {
    const names = Object.keys(texts);
    for (const name of names) writeDurably(join(directory, `.${name}.new`), texts[name] ?? '');
    for (const name of names) renameSync(join(directory, `.${name}.new`), join(directory, name));
    syncDirectory(directory);
  });
}

/**
 * The directories in a directory, without hidden ones; none where there is no such directory.
 *
 * @throws GatewayError 'output-failed' if it cannot be read.
 */
export function directoriesIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => !name.startsWith('.'));
    return names.filter((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory());
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new GatewayError('output-failed', `${directory} cannot be read (${codeOf(error)})`, error);
  }
}

/** True if there is such a file, and others than its owner may use it. */
export function isOpenToOthers(file: string): boolean {
  return ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS) !== 0;
}

/** Not by Node's `recursive`, which never ends where a directory cannot be made although its parent is there, as in /proc. */
function makeParents(path: string): void {
  if (existsSync(path)) return;
  makeParents(dirname(path));
  mkdirSync(path, { mode: DIRECTORY_MODE });
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const remedy = 'name a directory with --out in which you may write';
    throw new GatewayError('output-failed', `${path} cannot be written (${codeOf(error)}): ${remedy}`, error);
  }
}

/** With its mode whatever the umask is: the gateway's user must be able to read what is copied to its node. */
function writeDurably(file: string, text: string): void {
  rmSync(file, { force: true });
  const mode = /\.key(\.new)?$/.test(file) ? KEY_MODE : CERTIFICATE_MODE;
  writeFileSync(file, text, { flag: 'wx', mode, flush: true });
  chmodSync(file, mode);
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
