import type { Command } from 'commander';
import type { ShownSetting } from '../config/loading/shown-settings.ts';
import { type ApiOptions, apiCommand, apiOf } from './api/api-command.ts';
import { writeJson } from './output/output.ts';
import { SETTING_COLUMNS } from './setting-columns.ts';
import { type CommandSurroundings, nothing, surroundingsOfProcess, table } from './surroundings.ts';

interface Options extends ApiOptions {
  readonly changed?: boolean;
}

/** Adds `settings`: those of the running gateway, where `check` has those of the shell. */
export function addSettingsCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  apiCommand(program, 'settings', 'the settings in force of the running gateway, and where each came from')
    .argument('[name]', 'only those whose name contains this: pool')
    .option('--changed', 'only those that were set')
    .action((name: string | undefined, options: Options) => show(name, options, surroundings));
}

async function show(
  name: string | undefined,
  options: Options,
  surroundings: CommandSurroundings,
): Promise<void> {
  const api = apiOf(options, surroundings.environment);
  const items = await api.list<ShownSetting>('/settings');
  const part = name?.replaceAll('-', '_').toUpperCase() ?? '';
  const found = items.filter(
    ({ setting, from }) => setting.includes(part) && !(options.changed === true && from === 'default'),
  );
  if (options.json === true) writeJson(surroundings.output, found);
  else table(surroundings, SETTING_COLUMNS, found);
  if (found.length > 0) return;
  const what =
    name === undefined ? 'no setting was set: all have their defaults' : `no setting of the name ${name}`;
  nothing(surroundings, `${what}: \`vps-gateway settings\` shows them all`);
}
