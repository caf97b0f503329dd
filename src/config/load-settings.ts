import { ipv4ToText } from '../net/ipv4.ts';
import { contradictionsIn, type ReadSettings } from './contradictions.ts';
import { doubtsIn, unreadVariables } from './doubts.ts';
import { NO_FILE_POLICY } from './file/policy/policy-of-file.ts';
import { type FileSettings, readSettingsFile } from './file/read-settings-file.ts';
import { mergedRanges } from './pools.ts';
import { type Fault, type Origin, originToText, type Problem, problemOf } from './problem.ts';
import type { Reading } from './setting-kinds.ts';
import { type Environment, SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** Values given on the command line; a switch is `on` or `off`. */
export type Flags = Readonly<Partial<Record<SettingKey, string>>>;
/** Where each setting's value came from. */
export type Origins = Readonly<Record<SettingKey, Origin>>;

export interface LoadedSettings {
  readonly ok: true;
  readonly settings: Settings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
}

export interface RejectedSettings {
  readonly ok: false;
  /** The settings that could be read. */
  readonly settings: ReadSettings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
  /** All problems; at least one. */
  readonly problems: readonly Problem[];
}

/** Reads a settings file, or says why it cannot be read. */
export type ReadFile = (path: string) => Reading<string>;

/**
 * Merges flags, environment, settings file and defaults: a flag beats a variable, which beats the file, which beats the
 * default. Empty values are unset.
 */
export function loadSettings(
  flags: Flags,
  environment: Environment,
  readFile: ReadFile = () => NO_FILES,
): LoadedSettings | RejectedSettings {
  const file = fileOf(originOf('settingsFile', flags, environment), readFile);
  const written = originsOf(flags, environment, file.values);
  const problems: Problem[] = [...file.problems];
  const values: Partial<Record<SettingKey | 'policy', unknown>> = {};
  const { policy, contradictions } = file.policy;
  if (policy.said.length > 0) values.policy = policy;
  for (const key of SETTING_KEYS) {
    const origin = written[key];
    if (origin.text === undefined) continue;
    const text = origin.text.trim();
    const reading = SETTINGS[key].kind.read(text);
    if (reading.ok) {
      values[key] = reading.value;
      continue;
    }
    // A file of settings that no shell reads (env_file, docker run --env-file) leaves them in the value.
    const remedy = /^(["']).*\1$/.test(text) ? 'leave the quotation marks out' : reading.remedy;
    problems.push(problemOf({ key, message: reading.fault, remedy }, origin));
  }
  const hasPools = written.pools.text !== undefined;
  // Where the ranges cannot be read, the ends of another setting are not meant.
  if (hasPools && values.pools === undefined)
    for (const key of ['poolStart', 'poolEnd'] as const) delete values[key];
  const { read, origins } = withMaskOfSubnet(values as ReadSettings, written);
  const warnings = [
    ...unreadVariables(environment),
    ...doubtsIn(read).map((fault) => problemOf(fault, origins[fault.key])),
  ];
  problems.push(
    ...[...contradictionsIn(read), ...poolTwice(origins)].map((fault) =>
      problemOf(fault, origins[fault.key]),
    ),
    ...contradictions(read),
  );
  const settled = withEndsOfPools(read, origins);
  if (problems.length > 0) return { ok: false, ...settled, warnings, problems };
  return { ok: true, ...settled, settings: settled.settings as Settings, warnings };
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

function originsOf(
  flags: Flags,
  environment: Environment,
  file: FileSettings['values'],
): Record<SettingKey, Origin> {
  const entries = SETTING_KEYS.map((key) => [key, originOf(key, flags, environment, file[key])] as const);
  return Object.fromEntries(entries) as Record<SettingKey, Origin>;
}

function originOf(key: SettingKey, flags: Flags, environment: Environment, inFile?: Origin): Origin {
  const { variable, flag = '', default: fallback } = SETTINGS[key];
  const given = flags[key];
  if (given !== undefined) return { source: 'flag', name: `--${flag}`, text: given };
  const text = environment[variable];
  if (text !== undefined && text.trim() !== '') return { source: 'environment', name: variable, text };
  return inFile ?? { source: 'default', name: '', text: fallback };
}

/** A mask in GATEWAY_DHCP_SUBNET, or a length behind its network, counts where the mask itself is not set. */
function withMaskOfSubnet(read: ReadSettings, origins: Origins): { read: ReadSettings; origins: Origins } {
  const length = read.subnet?.length;
  if (length === undefined || origins.subnetMask.source !== 'default') return { read, origins };
  const subnetMask: Origin = { ...origins.subnet, text: `/${length}` };
  return { read: { ...read, subnetMask: length }, origins: { ...origins, subnetMask } };
}

/** The ends of the pool by two settings: nothing says which of them was meant. */
function poolTwice(origins: Origins): readonly Fault[] {
  if (origins.pools.text === undefined) return [];
  const ends = (['poolStart', 'poolEnd'] as const).filter((key) => origins[key].source !== 'default');
  return ends.map((key) => {
    const { variable } = SETTINGS[key];
    const message = `says the pool a second time: so does ${variable} (${originToText(origins[key])})`;
    return {
      key: 'pools',
      message,
      remedy: `leave one of them out: ${SETTINGS.pools.variable} alone is enough`,
    };
  });
}

/** Everything else goes by the first and the last address. Ranges are kept where there are holes between them. */
function withEndsOfPools(
  read: ReadSettings,
  origins: Origins,
): { readonly settings: ReadSettings; readonly origins: Origins } {
  const { pools, ...others } = read;
  const ranges = mergedRanges(pools ?? []);
  const [first] = ranges;
  const last = ranges.at(-1);
  if (first === undefined || last === undefined) return { settings: others, origins };
  const ends = { poolStart: first.first, poolEnd: last.last };
  return {
    settings: { ...others, ...ends, ...(ranges.length > 1 ? { pools: ranges } : {}) },
    origins: {
      ...origins,
      poolStart: { ...origins.pools, text: ipv4ToText(ends.poolStart) },
      poolEnd: { ...origins.pools, text: ipv4ToText(ends.poolEnd) },
    },
  };
}
