import { problemToText } from '../config/problem.ts';
import { type Environment, SETTINGS } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { loadWithFile } from './load-with-file.ts';

const NAME_IT = 'until then name the leases directory of the running gateway: --leases-dir <directory>';

/**
 * The leases directory by the settings of this shell. Other settings may be wrong.
 *
 * @throws GatewayError 'bad-settings' if it is not a path, or may stand in a settings file that cannot be read.
 */
export function leasesDirectory(flag: string | undefined, environment: Environment): string {
  const loaded = loadWithFile(flag === undefined ? {} : { leasesDir: flag }, environment);
  const { leasesDir } = loaded.settings;
  const inFile = loaded.ok
    ? []
    : loaded.problems.filter(({ setting }) => setting === SETTINGS.settingsFile.variable);
  // The file may name another directory than the default one.
  if (loaded.origins.leasesDir.source === 'default' && inFile.length > 0)
    throw new GatewayError('bad-settings', [...inFile.map(problemToText), NAME_IT].join('\n'));
  if (leasesDir !== undefined) return leasesDir;
  const { variable, flag: name } = SETTINGS.leasesDir;
  throw new GatewayError('bad-settings', `leases directory: not a path: set ${variable} or --${name}`);
}
