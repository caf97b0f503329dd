import { CLIENT_RULE_SETTINGS } from '../config/client-rule-settings.ts';
import type { ShownSetting } from '../config/loading/shown-settings.ts';

/** They say who is known, which keeps nobody away by itself. */
const WHO_IS_KNOWN = ['knownClients', 'knownMacs'];

/** The settings by which some guests are not served. */
export function rulesThatAreSet(settings: readonly ShownSetting[]): readonly string[] {
  const rules = Object.entries(CLIENT_RULE_SETTINGS)
    .filter(([key]) => !WHO_IS_KNOWN.includes(key))
    .map(([, { variable }]): string => variable);
  return settings
    .filter(({ setting, value }) => rules.includes(setting) && value !== null && value !== 'off')
    .map(({ setting }) => setting);
}
