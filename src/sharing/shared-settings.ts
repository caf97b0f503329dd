import { hostname } from 'node:os';
import type { LoadedSettings } from '../config/loading/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { EtcdSettings } from './etcd-connection.ts';

/** The settings of a store that gateways share. */
export interface SharedSettings extends EtcdSettings {
  readonly segment: string;
  readonly node: string;
}

/** undefined: no endpoints are set, so the leases are only in the SQLite file. */
export function sharedSettings({
  settings,
  origins,
}: Pick<LoadedSettings, 'settings' | 'origins'>): SharedSettings | undefined {
  const { etcdEndpoints, segment } = settings;
  if (etcdEndpoints.length === 0 || segment === undefined) return undefined;
  return { settings, origins, segment, node: nodeOf(settings) };
}

/** GATEWAY_NODE_NAME, or the host's name. */
export function nodeOf({ nodeName }: Settings): string {
  return nodeName ?? hostname();
}
