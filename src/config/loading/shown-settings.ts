import { NO_POLICY, type Policy } from '../../subnet/policy.ts';
import { originToText, shownText } from '../problem.ts';
import { SETTING_KEYS, SETTINGS } from '../settings.ts';
import type { Origins } from './origins.ts';

/** One setting and its value, for people. */
export interface ShownSetting {
  /** Its environment variable; of what has none, its name in the settings file: `options.log_servers`. */
  readonly setting: string;
  /** The value as it was written; a secret is not shown. null: no value. */
  readonly value: string | null;
  /** As `originToText` says it. */
  readonly from: string;
  /**
   * The value in force where none is set: it follows from other settings or from this machine. Absent: one is set, or none is in
   * force.
   */
  readonly derived?: string;
}

/** All settings, in the order of their table, and what a settings file says besides. */
export function shownSettings(
  origins: Origins,
  { said }: Pick<Policy, 'said'> = NO_POLICY,
): readonly ShownSetting[] {
  const ofSettings = SETTING_KEYS.map((key) => ({
    setting: SETTINGS[key].variable,
    value: shownText(key, origins[key]) ?? null,
    from: originToText(origins[key]),
  }));
  const inFile = said.map(({ name, text, place }) => ({
    ...{ setting: name, value: text, from: `file ${place}` },
  }));
  return [...ofSettings, ...inFile];
}
