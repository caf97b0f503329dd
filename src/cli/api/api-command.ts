import type { Command } from 'commander';
import type { Environment } from '../../config/settings.ts';
import { SETTINGS } from '../../config/settings.ts';
import { type LeaseFolderOptions, SEGMENT_OPTION } from '../chosen-segment.ts';
import { leasesDirectory } from '../leases-directory.ts';
import { GatewayApi } from './gateway-api.ts';

export interface ApiOptions extends LeaseFolderOptions {
  readonly json?: boolean;
}

/** Adds a command that asks the running gateway. */
export function apiCommand(parent: Command, name: string, description: string): Command {
  const { variable, default: fallback } = SETTINGS.leasesDir;
  return parent
    .command(name)
    .description(description)
    .option('--leases-dir <directory>', `its leases directory (${variable}; default ${fallback})`)
    .option(...SEGMENT_OPTION)
    .option('--json', 'as JSON');
}

/** Adds the option of a command that changes something. */
export function withReason(command: Command): Command {
  return command.option('--reason <text>', 'why, for the history');
}

/** The API of the gateway that the options of a command name. */
export function apiOf({ leasesDir, segment }: LeaseFolderOptions, environment: Environment): GatewayApi {
  return new GatewayApi(leasesDirectory(leasesDir, environment), segment);
}
