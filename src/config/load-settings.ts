import { contradictionsIn, type ReadSettings } from './contradictions.ts';
import { doubtsIn, unreadVariables } from './doubts.ts';
import { type Origin, type Problem, problemOf } from './problem.ts';
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

/** Merges flags, environment and defaults: a flag beats a variable, which beats the default. Empty variables are unset. */
export function loadSettings(flags: Flags, environment: Environment): LoadedSettings | RejectedSettings {
  const written = originsOf(flags, environment);
  const problems: Problem[] = [];
  const values: Partial<Record<SettingKey, unknown>> = {};
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
  const { read, origins } = withMaskOfSubnet(values as ReadSettings, written);
  const warnings = [
    ...unreadVariables(environment),
    ...doubtsIn(read).map((fault) => problemOf(fault, origins[fault.key])),
  ];
  problems.push(...contradictionsIn(read).map((fault) => problemOf(fault, origins[fault.key])));
  if (problems.length > 0) return { ok: false, settings: read, origins, warnings, problems };
  return { ok: true, settings: read as Settings, origins, warnings };
}

function originsOf(flags: Flags, environment: Environment): Record<SettingKey, Origin> {
  const entries = SETTING_KEYS.map((key): [SettingKey, Origin] => {
    const { variable, flag = '', default: fallback } = SETTINGS[key];
    const given = flags[key];
    if (given !== undefined) return [key, { source: 'flag', name: `--${flag}`, text: given }];
    const text = environment[variable];
    if (text !== undefined && text.trim() !== '')
      return [key, { source: 'environment', name: variable, text }];
    return [key, { source: 'default', name: '', text: fallback }];
  });
  return Object.fromEntries(entries) as Record<SettingKey, Origin>;
}

/** A mask in GATEWAY_DHCP_SUBNET, or a length behind its network, counts where the mask itself is not set. */
function withMaskOfSubnet(read: ReadSettings, origins: Origins): { read: ReadSettings; origins: Origins } {
  const length = read.subnet?.length;
  if (length === undefined || origins.subnetMask.source !== 'default') return { read, origins };
  const subnetMask: Origin = { ...origins.subnet, text: `/${length}` };
  return { read: { ...read, subnetMask: length }, origins: { ...origins, subnetMask } };
}
