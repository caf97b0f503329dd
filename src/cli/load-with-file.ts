import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type LoadedSettings, loadSettings, type RejectedSettings } from '../config/loading/load-settings.ts';
import { type Flags, originOf } from '../config/loading/origins.ts';
import { type Problem, problemOf } from '../config/problem.ts';
import type { Reading } from '../config/setting-kinds.ts';
import { type Environment, SETTING_KEYS, SETTINGS } from '../config/settings.ts';

/** The largest settings file: octets. */
const MOST_OCTETS = 1 << 20;
const READ_BY_ALL = 0o004;
const UNHELD = constants.O_RDONLY | constants.O_NONBLOCK;
const NAME_ONE = 'name a file of settings in YAML';
const NO_FILE: Reading<never> = { ok: false, fault: 'is no file', remedy: NAME_ONE };
const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a directory',
};

/** The settings of flags, environment and the settings file that these name. */
export function loadWithFile(flags: Flags, environment: Environment): LoadedSettings | RejectedSettings {
  return loadFrom(flags, environment, readFileNow);
}

function loadFrom(
  flags: Flags,
  environment: Environment,
  read: (path: string) => Reading<WholeFile>,
): LoadedSettings | RejectedSettings {
  let isOpenToAll = false;
  const loaded = loadSettings(flags, environment, (path) => {
    const file = read(path);
    if (!file.ok) return file;
    isOpenToAll = (file.value.mode & READ_BY_ALL) !== 0;
    return { ok: true, value: file.value.text };
  });
  return isOpenToAll ? { ...loaded, warnings: [...loaded.warnings, ...openSecrets(loaded)] } : loaded;
}

/**
 * The same for a gateway that serves: a disk that does not answer holds no packet up, and a trial does not parse a file again
 * that has not changed.
 */
export function rereading(
  flags: Flags,
  environment: Environment,
): (isTrial: boolean) => Promise<LoadedSettings | RejectedSettings> {
  let last: { readonly mark: string; readonly loaded: LoadedSettings | RejectedSettings } | undefined;
  return async (isTrial) => {
    const path = originOf('settingsFile', flags, environment).text?.trim() ?? '';
    const mark = await markOf(path);
    if (!isTrial || last?.mark !== mark) {
      const file = await readFile(path);
      last = { mark, loaded: loadFrom(flags, environment, () => file) };
    }
    return last.loaded;
  };
}

/** Which file is there, and since when it is as it is. */
async function markOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? '' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join();
}

/** Secrets in a file that every user of the machine may read. */
function openSecrets({ origins }: Pick<LoadedSettings, 'origins'>): readonly Problem[] {
  const { text: path = '' } = origins.settingsFile;
  return SETTING_KEYS.filter(
    (key) => SETTINGS[key].kind.isSecret === true && origins[key].source === 'file',
  ).map((key) => {
    const message = 'every user of this machine can read it in that file';
    return problemOf({ key, message, remedy: `chmod o-r ${path}` }, origins[key]);
  });
}

interface WholeFile {
  readonly text: string;
  readonly mode: number;
}

function readFileNow(path: string): Reading<WholeFile> {
  try {
    return readWhole(path);
  } catch (error) {
    return unreadable(error);
  }
}

/** The same, in a thread of Node's. */
async function readFile(path: string): Promise<Reading<WholeFile>> {
  try {
    return await readWholeLater(path);
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): Reading<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const what = FAULTS[code] ?? `cannot be read: ${code}`;
  return { ok: false, fault: what, remedy: 'name a settings file that this user may read, or leave it out' };
}

/** Reads a bounded part without waiting, so that a device, a pipe or a huge file holds nothing up. */
function readWhole(path: string): Reading<WholeFile> {
  const descriptor = openSync(path, UNHELD);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return NO_FILE;
    const octets = Buffer.alloc(MOST_OCTETS + 1);
    let length = 0;
    for (let read = 1; read > 0; length += read)
      read = readSync(descriptor, octets, length, octets.length - length, null);
    return wholeFile(octets, length, found);
  } finally {
    closeSync(descriptor);
  }
}

async function readWholeLater(path: string): Promise<Reading<WholeFile>> {
  const file = await open(path, UNHELD);
  try {
    const found = await file.stat();
    if (!found.isFile()) return NO_FILE;
    const octets = Buffer.alloc(MOST_OCTETS + 1);
    let length = 0;
    for (let read = 1; read > 0; length += read)
      read = (await file.read(octets, length, octets.length - length, null)).bytesRead;
    return wholeFile(octets, length, found);
  } finally {
    await file.close();
  }
}

function wholeFile(octets: Buffer, length: number, { mode }: { readonly mode: number }): Reading<WholeFile> {
  if (length <= MOST_OCTETS) return { ok: true, value: { text: octets.toString('utf8', 0, length), mode } };
  return { ok: false, fault: 'is larger than 1 MiB', remedy: NAME_ONE };
}
