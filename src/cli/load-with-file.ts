import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type LoadedSettings, loadSettings, type RejectedSettings } from '../config/load-settings.ts';
import type { Flags } from '../config/origins.ts';
import { type Problem, problemOf } from '../config/problem.ts';
import type { Reading } from '../config/setting-kinds.ts';
import { type Environment, SETTING_KEYS, SETTINGS } from '../config/settings.ts';

/** The largest settings file: octets. */
const MOST_OCTETS = 1 << 20;
const READ_BY_ALL = 0o004;
const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a directory',
};

/** The settings of flags, environment and the settings file that these name. */
export function loadWithFile(flags: Flags, environment: Environment): LoadedSettings | RejectedSettings {
  let isOpenToAll = false;
  const loaded = loadSettings(flags, environment, (path) => {
    const file = readFile(path);
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
    const path = flags.settingsFile ?? environment[SETTINGS.settingsFile.variable] ?? '';
    const mark = await markOf(path.trim());
    if (!isTrial || last?.mark !== mark) last = { mark, loaded: loadWithFile(flags, environment) };
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

function readFile(path: string): Reading<WholeFile> {
  try {
    return readWhole(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const what = FAULTS[code] ?? `cannot be read: ${code}`;
    return {
      ok: false,
      fault: what,
      remedy: 'name a settings file that this user may read, or leave it out',
    };
  }
}

/** Reads a bounded part without waiting, so that a device, a pipe or a huge file holds nothing up. */
function readWhole(path: string): Reading<WholeFile> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return { ok: false, fault: 'is no file', remedy: 'name a file of settings in YAML' };
    const octets = Buffer.alloc(MOST_OCTETS + 1);
    let length = 0;
    for (let read = 1; read > 0; length += read)
      read = readSync(descriptor, octets, length, octets.length - length, null);
    if (length > MOST_OCTETS)
      return { ok: false, fault: 'is larger than 1 MiB', remedy: 'name a file of settings in YAML' };
    return { ok: true, value: { text: octets.toString('utf8', 0, length), mode: found.mode } };
  } finally {
    closeSync(descriptor);
  }
}
