import { join } from 'node:path';
import type { ShownSetting } from '../config/loading/shown-settings.ts';
import { SECRET_TEXT } from '../config/problem.ts';
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts';
import { isOfSeveral } from '../reporting/segments-status.ts';
import { askHealthOfAll, HEALTH_SOCKET } from '../server/status/health.ts';

/** How long the running gateway may take to answer: milliseconds. */
const ANSWER_TIME = 1000;
const NAMES: readonly string[] = SETTING_KEYS.map((key) => SETTINGS[key])
  .filter(({ group }) => group === 'Shared leases')
  .map(({ variable }) => variable);
const PLAIN = /^[\w.:/,@%+-]+$/;

/**
 * What to type before a command, so that it has the settings of etcd that the running gateway has:
 * `GATEWAY_ETCD_ENDPOINTS=http://192.0.2.11:2379 GATEWAY_SEGMENT=tenant-1`. Undefined: that gateway uses no etcd.
 *
 * @param settings Those in force of the running gateway.
 */
export function etcdOfRunning(settings: readonly ShownSetting[]): string | undefined {
  const set = settings.filter(
    ({ setting, value, from }) => NAMES.includes(setting) && value !== null && from !== 'default',
  );
  if (!set.some(({ setting }) => setting === SETTINGS.etcdEndpoints.variable)) return undefined;
  return set.map(({ setting, value }) => `${setting}=${shellWord(value ?? '')}`).join(' ');
}

/** The same of the gateway that runs with this leases directory; undefined too: none answers, or it serves several segments. */
export async function etcdOfRunningIn(leasesDir: string): Promise<string | undefined> {
  try {
    const status = await askHealthOfAll(join(leasesDir, HEALTH_SOCKET), ANSWER_TIME);
    return isOfSeveral(status) ? undefined : etcdOfRunning(status.settings);
  } catch {
    return undefined; // The command says what is wrong without it.
  }
}

/** A secret is not shown: whoever types the command puts it there. */
function shellWord(value: string): string {
  if (value === SECRET_TEXT) return "'<secret>'";
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
