import { NO_POLICY } from '../../subnet/policy.ts';
import { shownText } from '../problem.ts';
import { SETTING_KEYS, SETTINGS } from '../settings.ts';
import { settingText } from '../shared-settings.ts';
import type { LoadedSettings } from './load-settings.ts';

/** A setting with another value than before, as it was written. A secret is not shown. */
export interface SettingChange {
  /** Of one of several segments; absent: of the one, or of all. */
  readonly segment?: string;
  /** Its variable; of what has none, its name in the settings file. */
  readonly setting: string;
  /** null: it had none. */
  readonly from: string | null;
  /** null: it has none. */
  readonly to: string | null;
}

type Values = Pick<LoadedSettings, 'settings' | 'origins'>;

/** The settings that mean something else than before, in the order of their table; those of each segment, where there are several. */
export function changedSettings(before: LoadedSettings, after: LoadedSettings): readonly SettingChange[] {
  if (before.segments.length === 0 || after.segments.length === 0) return changesOf(before, after);
  const changes = before.segments.flatMap((segment) => {
    const next = after.segments.find(({ name }) => name === segment.name);
    return next === undefined ? [] : [{ name: segment.name, found: changesOf(segment, next) }];
  });
  return inCommon(changes);
}

/** What each segment has is said once, without a segment. */
export function inCommon<Found extends object>(
  bySegment: readonly { readonly name: string; readonly found: readonly Found[] }[],
): readonly (Found & { readonly segment?: string })[] {
  const texts = bySegment.map(({ found }) => new Set(found.map((one) => JSON.stringify(one))));
  const isCommon = (one: Found) => texts.every((text) => text.has(JSON.stringify(one)));
  const [first] = bySegment;
  return [
    ...(first?.found.filter(isCommon) ?? []),
    ...bySegment.flatMap(({ name, found }) =>
      found.filter((one) => !isCommon(one)).map((one) => ({ segment: name, ...one })),
    ),
  ];
}

function changesOf(before: Values, after: Values): readonly SettingChange[] {
  const ofSettings = SETTING_KEYS.filter(
    (key) => settingText(before.settings, key) !== settingText(after.settings, key),
  ).map((key) => ({
    setting: SETTINGS[key].variable,
    from: shownText(key, before.origins[key]) ?? null,
    to: shownText(key, after.origins[key]) ?? null,
  }));
  return [...ofSettings, ...policyChanges(before.settings.policy, after.settings.policy)];
}

/** What the file says of guests, by its names there: `options.log_servers`. */
function policyChanges(before = NO_POLICY, after = NO_POLICY): readonly SettingChange[] {
  const [from, to] = [before, after].map(({ said }) => new Map(said.map(({ name, text }) => [name, text])));
  const names = [...new Set([...(from?.keys() ?? []), ...(to?.keys() ?? [])])].sort();
  return names
    .filter((name) => from?.get(name) !== to?.get(name))
    .map((name) => ({ setting: name, from: from?.get(name) ?? null, to: to?.get(name) ?? null }));
}
