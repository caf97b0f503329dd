import type { LoadedSettings } from './load-settings.ts';
import { shownText } from './problem.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';
import { settingText } from './shared-settings.ts';

/** A setting with another value than before, as it was written. A secret is not shown. */
export interface SettingChange {
  /** Its variable. */
  readonly setting: string;
  /** null: it had none. */
  readonly from: string | null;
  /** null: it has none. */
  readonly to: string | null;
}

/** The settings that mean something else than before, in the order of their table. */
export function changedSettings(before: LoadedSettings, after: LoadedSettings): readonly SettingChange[] {
  return SETTING_KEYS.filter(
    (key) => settingText(before.settings, key) !== settingText(after.settings, key),
  ).map((key) => ({
    setting: SETTINGS[key].variable,
    from: shownText(key, before.origins[key]) ?? null,
    to: shownText(key, after.origins[key]) ?? null,
  }));
}
