import { type Command, Option } from 'commander';
import type { LoadedSettings } from '../config/loading/load-settings.ts';
import type { Flags } from '../config/loading/origins.ts';
import { problemToText } from '../config/problem.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { loadWithFile } from './load-with-file.ts';

/** The command that lists all settings. */
const ALL_OF_THEM = 'vps-gateway serve --help';

/**
 * Adds the flags of all settings to a command, in the groups of the table.
 *
 * @param shown True for settings that its help lists; for the others it names `serve --help`. Absent: all.
 */
export function addSettingOptions(command: Command, shown?: (key: SettingKey) => boolean): Command {
  for (const key of SETTING_KEYS)
    for (const option of optionsOf(key))
      command.addOption(option.hideHelp(option.hidden || shown?.(key) === false));
  if (shown === undefined) return command;
  return command.addHelpText(
    'after',
    `\nThe gateway's settings count here too, by their variables or flags:\n  ${ALL_OF_THEM}`,
  );
}

/** The values of the flags on the command line, as text. */
export function flagsOf(command: Command): Flags {
  const flags: Partial<Record<SettingKey, string>> = {};
  for (const key of SETTING_KEYS) {
    const [option] = optionsOf(key);
    if (option === undefined) continue;
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value === 'string') flags[key] = value;
    if (typeof value === 'boolean') flags[key] = value ? 'on' : 'off';
  }
  return flags;
}

/** @throws GatewayError that lists every problem, then the warnings: a misspelt name is often the cause. */
export function settingsOrThrow(command: Command): LoadedSettings {
  const loaded = loadWithFile(flagsOf(command), process.env);
  if (loaded.ok) return loaded;
  const list = [
    ...loaded.problems.map(problemToText),
    ...loaded.warnings.map((warning) => `warning: ${problemToText(warning)}`),
  ];
  throw new GatewayError('bad-settings', `the settings cannot be used:\n  ${list.join('\n  ')}`);
}

/** A switch has two: the one that its default makes useless is understood, but not shown. */
function optionsOf(key: SettingKey): readonly Option[] {
  const { flag, kind, help, group, variable, default: fallback } = SETTINGS[key];
  if (flag === undefined) return [];
  const description = `${help} (${variable}${fallback === undefined ? '' : `, default ${fallback}`})`;
  if (kind.isSwitch !== true) {
    return [new Option(`--${flag} <${kind.placeholder}>`, description).helpGroup(`${group}:`)];
  }
  const on = new Option(`--${flag}`, description).helpGroup(`${group}:`).hideHelp(fallback === 'on');
  const off = new Option(`--no-${flag}`, description).helpGroup(`${group}:`).hideHelp(fallback !== 'on');
  return [on, off];
}
