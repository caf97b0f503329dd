import { contradictionsIn, type ReadSettings } from './contradictions.ts';
import { nearestTo } from './nearest.ts';
import { type Origin, type Problem, problemOf } from './problem.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** Values given on the command line; a switch is `on` or `off`. */
export type Flags = Readonly<Partial<Record<SettingKey, string>>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedSettings {
  readonly ok: true;
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  readonly warnings: readonly Problem[];
}

export interface RejectedSettings {
  readonly ok: false;
  /** Those that could be read. */
  readonly settings: ReadSettings;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  readonly warnings: readonly Problem[];
  /** All of them; at least one. */
  readonly problems: readonly Problem[];
}

/** Merges flags, environment and defaults: a flag beats a variable, which beats the default. Empty variables are unset. */
export function loadSettings(flags: Flags, environment: Environment): LoadedSettings | RejectedSettings {
  const origins = originsOf(flags, environment);
  const problems: Problem[] = [];
  const warnings = unknownVariables(environment);
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const origin = origins[key];
    if (origin.text === undefined) continue;
    const reading = SETTINGS[key].kind.read(origin.text.trim());
    if (reading.ok) values[key] = reading.value;
    else problems.push(problemOf({ key, message: reading.wrong, remedy: reading.remedy }, origin));
  }
  const read = withMaskOfSubnet(values as ReadSettings, origins, warnings);
  problems.push(...contradictionsIn(read).map((fault) => problemOf(fault, origins[fault.key])));
  if (problems.length > 0) return { ok: false, settings: read, origins, warnings, problems };
  return { ok: true, settings: read as Settings, origins, warnings };
}

function originsOf(flags: Flags, environment: Environment): Record<SettingKey, Origin> {
  const entries = SETTING_KEYS.map((key): [SettingKey, Origin] => {
    const { variable, default: fallback } = SETTINGS[key];
    const flag = flags[key];
    if (flag !== undefined) return [key, { source: 'flag', text: flag }];
    const text = environment[variable];
    if (text !== undefined && text.trim() !== '') return [key, { source: 'environment', text }];
    return [key, { source: 'default', text: fallback }];
  });
  return Object.fromEntries(entries) as Record<SettingKey, Origin>;
}

/** An old habit: GATEWAY_DHCP_SUBNET holds the mask. It counts where the mask itself is not set. */
function withMaskOfSubnet(
  read: ReadSettings,
  origins: Readonly<Record<SettingKey, Origin>>,
  warnings: Problem[],
): ReadSettings {
  const length = read.subnet?.length;
  if (read.subnet?.kind === 'mask') {
    const remedy = `name it ${SETTINGS.subnetMask.variable}, and leave ${SETTINGS.subnet.variable} out`;
    warnings.push(
      problemOf({ key: 'subnet', message: 'is a mask, and is taken as one', remedy }, origins.subnet),
    );
  }
  if (length === undefined || origins.subnetMask.source !== 'default') return read;
  return { ...read, subnetMask: length };
}

/** A variable with our prefix that no setting has is a slip of the pen, most likely. */
function unknownVariables(environment: Environment): Problem[] {
  const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
  return Object.entries(environment)
    .filter(
      ([name, value]) => name.startsWith('GATEWAY_DHCP_') && value !== undefined && !known.includes(name),
    )
    .map(([name, value]) => ({
      setting: name,
      value,
      from: `environment ${name}`,
      message: 'no setting has this name; it is ignored',
      remedy: `did you mean ${nearestTo(name, known)}?`,
    }));
}
