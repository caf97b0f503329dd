import type { Command } from 'commander';
import { gatewayAddresses } from '../config/address-plan.ts';
import { SETTINGS } from '../config/settings.ts';
import type { ShownSetting } from '../config/shown-settings.ts';
import { ipv4FromText, ipv4ToText } from '../net/ipv4.ts';
import { prefixOf } from '../net/prefix.ts';
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

/** Names the other gateways where none is set: those of the address plan are in force then. */
function withPeers(found: readonly ShownSetting[], all: readonly ShownSetting[]): readonly ShownSetting[] {
  const shownValue = (name: string) => all.find(({ setting }) => setting === name)?.value ?? '';
  const router = ipv4FromText(shownValue(SETTINGS.gateway.variable));
  const mask = SETTINGS.subnetMask.kind.read(shownValue(SETTINGS.subnetMask.variable));
  if (router === undefined || !mask.ok) return found;
  const plan = gatewayAddresses(prefixOf(router, mask.value)).map(ipv4ToText);
  if (plan.length === 0) return found;
  const value = `${plan[0]} to ${plan.at(-1)}`;
  return found.map((item) =>
    item.setting === SETTINGS.peers.variable && item.value === null ? { ...item, value } : item,
  );
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
  else table(surroundings, SETTING_COLUMNS, withPeers(found, items));
  if (found.length > 0) return;
  const what =
    name === undefined ? 'no setting was set: all have their defaults' : `no setting of the name ${name}`;
  nothing(surroundings, `${what}: \`vps-gateway settings\` shows them all`);
}
