import { loadSettings } from '../config/load-settings.ts';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';

/**
 * The leases directory by the settings of this shell. Other settings may be wrong.
 *
 * @throws GatewayError 'bad-settings' if it is not a path.
 */
export function leasesDirectory(flag: string | undefined, environment: Environment): string {
  const { settings } = loadSettings(flag === undefined ? {} : { leasesDir: flag }, environment);
  if (settings.leasesDir !== undefined) return settings.leasesDir;
  const { variable, flag: name } = SETTINGS.leasesDir;
  throw new GatewayError('bad-settings', `leases directory: not a path: set ${variable} or --${name}`);
}
