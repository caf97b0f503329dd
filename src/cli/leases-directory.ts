import { loadSettings } from '../config/load-settings.ts';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';

/**
 * Where the gateway of this shell's settings keeps its leases; other settings may be wrong, and do not matter.
 *
 * @throws GatewayError 'bad-settings' where that is no path.
 */
export function leasesDirectory(flag: string | undefined, environment: Environment): string {
  const { settings } = loadSettings(flag === undefined ? {} : { leasesDir: flag }, environment);
  if (settings.leasesDir !== undefined) return settings.leasesDir;
  const { variable, flag: name } = SETTINGS.leasesDir;
  throw new GatewayError('bad-settings', `leases directory: not a path: set ${variable} or --${name}`);
}
