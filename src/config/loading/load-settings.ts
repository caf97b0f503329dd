import type { ReadSettings } from '../contradictions.ts';
import { unreadVariables } from '../doubts.ts';
import { NO_FILE_POLICY } from '../file/policy/file-policy.ts';
import { type FileSettings, readSettingsFile } from '../file/read-settings-file.ts';
import { type Origin, type Problem, problemOf } from '../problem.ts';
import type { Reading } from '../setting-kinds.ts';
import { type Environment, SETTINGS, type Settings } from '../settings.ts';
import { type Flags, type Origins, originOf, originsOf } from './origins.ts';
import { type LoadedSegment, loadSegments } from './segment-settings.ts';
import { readTexts, settleSettings } from './settle-settings.ts';

export interface LoadedSettings {
  readonly ok: true;
  /** Of the one segment; with a list of segments, what counts for all of them: its leases directory holds their folders. */
  readonly settings: Settings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
  /** The list of segments of the settings file; empty: it has none. */
  readonly segments: readonly LoadedSegment[];
}

export interface RejectedSettings {
  readonly ok: false;
  /** The settings that could be read. */
  readonly settings: ReadSettings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
  /** Those of the list whose settings can be used. */
  readonly segments: readonly LoadedSegment[];
  /** All problems; at least one. */
  readonly problems: readonly Problem[];
}

/** Reads a settings file, or says why it cannot be read. */
export type ReadFile = (path: string) => Reading<string>;

/**
 * Merges flags, environment, settings file and defaults: a flag beats a variable, which beats the file, which beats the
 * default. Empty values are unset. In an entry of a list of segments, what stands there beats what stands above the list.
 */
export function loadSettings(
  flags: Flags,
  environment: Environment,
  readFile: ReadFile = () => NO_FILES,
): LoadedSettings | RejectedSettings {
  const file = fileOf(originOf('settingsFile', flags, environment), readFile);
  const loaded =
    file.segments === undefined ? ofOne(flags, environment, file) : ofList(flags, environment, file);
  const { settings, origins, segments } = loaded;
  const warnings = [...unreadVariables(environment), ...loaded.warnings];
  const problems = [...file.problems, ...loaded.problems];
  if (problems.length > 0) return { ok: false, settings, origins, warnings, segments, problems };
  return { ok: true, settings: settings as Settings, origins, warnings, segments };
}

type Found = Omit<RejectedSettings, 'ok'>;

function ofOne(flags: Flags, environment: Environment, { values, policy }: FileSettings): Found {
  return { ...settleSettings(originsOf(flags, environment, values), policy), segments: [] };
}

function ofList(flags: Flags, environment: Environment, { values, segments = [] }: FileSettings): Found {
  const origins = originsOf(flags, environment, values);
  const { values: settings, problems } = readTexts(origins);
  const list = loadSegments({ flags, environment, values, segments, base: origins.leasesDir });
  return {
    settings,
    origins,
    segments: list.segments,
    warnings: unlike(list.warnings),
    problems: unlike([...problems, ...list.problems]),
  };
}

/** What counts for all segments is found in each of them, and said once. */
function unlike(problems: readonly Problem[]): readonly Problem[] {
  const known = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...known.values()];
}

const NO_FILES: Reading<never> = { ok: false, fault: 'cannot be read here', remedy: 'leave it out' };
const NOTHING: FileSettings = { values: {}, policy: NO_FILE_POLICY, problems: [] };

/** A path that is none is a problem of its setting, and is reported with the others. */
function fileOf(origin: Origin, readFile: ReadFile): FileSettings {
  const path = SETTINGS.settingsFile.kind.read(origin.text?.trim() ?? '');
  if (origin.text === undefined || !path.ok) return NOTHING;
  const reading = readFile(path.value);
  if (reading.ok) return readSettingsFile(path.value, reading.value);
  const fault = { key: 'settingsFile', message: reading.fault, remedy: reading.remedy } as const;
  return { ...NOTHING, problems: [problemOf(fault, origin)] };
}
