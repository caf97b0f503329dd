import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import { policyDigests } from './policy-digests.ts';
import type { Setting } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** Settings by their variables, as text. Equal settings have equal texts, however they were written. */
export type SettingTexts = Readonly<Record<string, string>>;

/** The settings that the gateways of a segment tell each other. */
export interface SharedSettingTexts {
  /** They must be equal on all gateways, or two guests could have one address. */
  readonly mustBeEqual: SettingTexts;
  /** They should be equal on all gateways; they differ while the nodes are changed one by one. */
  readonly shouldBeEqual: SettingTexts;
}

export function sharedSettingTexts(settings: Settings): SharedSettingTexts {
  const textsOf = (shared: Setting<unknown>['shared']): SettingTexts =>
    Object.fromEntries(
      SETTING_KEYS.filter((key) => SETTINGS[key].shared === shared).map((key) => [
        SETTINGS[key].variable,
        settingText(settings, key),
      ]),
    );
  return {
    mustBeEqual: textsOf('must-be-equal'),
    shouldBeEqual: { ...textsOf('should-be-equal'), ...policyDigests(settings.policy) },
  };
}

/** The value of a setting as text that is the same where it means the same. */
export function settingText(settings: Settings, key: SettingKey): string {
  return valueText(settings[key], SETTINGS[key].kind.placeholder === 'address');
}

/** A number in a list or in a part of one is an address, but for a prefix length. */
function valueText(value: unknown, isAddress: boolean): string {
  if (value === undefined) return 'default';
  if (Array.isArray(value)) return value.map((each) => valueText(each, true)).join(',') || 'off';
  if (typeof value === 'number') return isAddress ? ipv4ToText(value as Ipv4) : String(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => valueText(part, name !== 'length'));
  return parts.join('network' in value ? '/' : 'destination' in value ? '=' : '-');
}
