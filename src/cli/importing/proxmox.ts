import type { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { hostsAtBridge, type ProxmoxCard, readProxmox } from '../../importing/proxmox.ts';
import { settleHosts } from '../../importing/settle-hosts.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import type { CommandSurroundings } from '../surroundings.ts';
import { faultOutcome, tellOutcomes } from './outcome.ts';
import { readSource } from './read-source.ts';
import { reserveHost } from './reserve-hosts.ts';

interface Options extends ApiOptions {
  readonly from: readonly string[];
  readonly bridge?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** Adds `import proxmox`, which throws GatewayErrors. */
export function addProxmoxCommand(parent: Command, surroundings: CommandSurroundings): void {
  withReason(
    apiCommand(parent, 'proxmox', 'reserves an address for each guest, by its number, name and cards'),
  )
    .requiredOption(
      '--from <file>',
      "guests' configurations (104.conf; several behind the lines of tail -v), or the JSON of pvesh get /cluster/resources; -: standard input; several times",
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .option('--bridge <name>', 'only cards at this bridge: that of the segment')
    .option('--dry-run', 'only say what would be')
    .action((options: Options) => importGuests(options, surroundings));
}

async function importGuests(options: Options, surroundings: CommandSurroundings): Promise<void> {
  const { cards, faults, templates } = readProxmox(options.from.map(readSource));
  const found = settleHosts([{ hosts: hostsAtBridge(atBridge(cards, options.bridge)), faults }], []);
  const outcomes = found.faults.map(faultOutcome);
  const api = apiOf(options, surroundings.environment);
  for (const host of found.hosts) outcomes.push(await reserveHost(api, host, options));
  tellOutcomes(outcomes, new Map(templates === 0 ? [] : [['templates', templates]]), options, surroundings);
}

/** @throws GatewayError if the cards are at several bridges and none is named: others' guests are not ours. */
function atBridge(cards: readonly ProxmoxCard[], name: string | undefined): readonly ProxmoxCard[] {
  const bridges = [...new Set(cards.map(({ bridge }) => bridge))].sort();
  if (name !== undefined && (bridges.includes(name) || bridges.length === 0))
    return cards.filter(({ bridge }) => bridge === name);
  if (name === undefined && bridges.length <= 1) return cards;
  const what = name === undefined ? 'the cards are at several bridges' : `no card is at the bridge ${name}`;
  throw new GatewayError(
    'bad-settings',
    `${what}: ${bridges.join(', ')}\nto mend it: name that of the segment: --bridge ${bridges[0] ?? ''}`,
  );
}
