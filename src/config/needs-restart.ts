import { SECRET_TEXT } from './problem.ts';
import { SETTING_KEYS, SETTINGS, type Settings } from './settings.ts';
import { settingText } from './shared-settings.ts';
import { withoutPassword } from './without-password.ts';

/** A change that a running gateway does not take up. */
export interface RefusedChange {
  /** Its variable. */
  readonly setting: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/**
 * The changes of settings that need a restart.
 *
 * @param isShared Whether the leases are shared: what must be equal on all gateways is changed with all of them stopped.
 */
export function needsRestart(before: Settings, after: Settings, isShared: boolean): readonly RefusedChange[] {
  return SETTING_KEYS.flatMap((key) => {
    const { variable, restart, shared, kind } = SETTINGS[key];
    const why = restart ?? (isShared && shared === 'must-be-equal' ? EQUAL : undefined);
    const texts = [settingText(before, key), settingText(after, key)];
    if (why === undefined || texts[0] === texts[1]) return [];
    const [from = '', to = ''] = texts.map(kind.isSecret === true ? shownSecret : withoutPassword);
    return [{ setting: variable, from, to, why }];
  });
}

const EQUAL =
  'all gateways that share their leases must have it equal: stop all, change it, start them again';

/** `default` is the text of a setting without a value. */
function shownSecret(text: string): string {
  return text === 'default' ? 'not set' : SECRET_TEXT;
}
