import type { FileValues } from '../file/read-mapping.ts';
import type { Origin } from '../problem.ts';
import { type Environment, SETTING_KEYS, SETTINGS, type SettingKey } from '../settings.ts';

/** Values given on the command line; a switch is `on` or `off`. */
export type Flags = Readonly<Partial<Record<SettingKey, string>>>;
/** Where each setting's value came from. */
export type Origins = Readonly<Record<SettingKey, Origin>>;

/** A flag beats a variable, which beats the file, which beats the default. Empty values are unset. */
export function originsOf(flags: Flags, environment: Environment, file: FileValues): Origins {
  const entries = SETTING_KEYS.map((key) => [key, originOf(key, flags, environment, file[key])] as const);
  return Object.fromEntries(entries) as Record<SettingKey, Origin>;
}

export function originOf(key: SettingKey, flags: Flags, environment: Environment, inFile?: Origin): Origin {
  const { variable, flag = '', default: fallback } = SETTINGS[key];
  const given = flags[key];
  if (given !== undefined) return { source: 'flag', name: `--${flag}`, text: given };
  const text = environment[variable];
  if (text !== undefined && text.trim() !== '') return { source: 'environment', name: variable, text };
  return inFile ?? { source: 'default', name: '', text: fallback };
}
