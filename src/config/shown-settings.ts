import type { Origins } from './load-settings.ts';
import { originToText, shownText } from './problem.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';

/** One setting and its value, for people. */
export interface ShownSetting {
  /** Its environment variable. */
  readonly setting: string;
  /** The value as it was written; a secret is not shown. null: no value. */
  readonly value: string | null;
  /** As `originToText` says it. */
  readonly from: string;
}

/** All settings, in the order of their table. */
export function shownSettings(origins: Origins): readonly ShownSetting[] {
  return SETTING_KEYS.map((key) => ({
    setting: SETTINGS[key].variable,
    value: shownText(key, origins[key]) ?? null,
    from: originToText(origins[key]),
  }));
}
