import { SECRET_TEXT } from './problem.ts';
import { SETTING_KEYS, SETTINGS, type Settings } from './settings.ts';
import { settingText } from './shared-settings.ts';
import { withoutPassword } from './without-password.ts';

/** A change that a running gateway does not take up. */
export interface RefusedChange {
  /** Of one of several segments; absent: of the one, or of all. */
  readonly segment?: string;
  /** Its variable, or what else it is. */
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

/** The word for an added or removed segment. */
const LIST = 'segments';
const OWN_SERVER =
  'each segment is a server of its own, which begins and ends with the process: restart the gateway';

/** Segments that are added to the list or removed from it; undefined: none are. */
export function changedSegments(
  before: readonly string[],
  after: readonly string[],
): RefusedChange | undefined {
  const [from, to] = [before, after].map((names) => [...names].sort().join(', ') || 'no list');
  return from === to ? undefined : { setting: LIST, from: from ?? '', to: to ?? '', why: OWN_SERVER };
}

/** One line: of which segment, the setting, and its two values. */
export function refusedChangeToText({ segment, setting, from, to }: RefusedChange): string {
  return `${segment === undefined ? '' : `${segment}: `}${setting}: ${from} to ${to}`;
}

const EQUAL =
  'all gateways that share their leases must have it equal: stop all, change it, start them again';

/** `default` is the text of a setting without a value. */
function shownSecret(text: string): string {
  return text === 'default' ? 'not set' : SECRET_TEXT;
}
