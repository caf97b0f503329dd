import { hostname } from 'node:os';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { EtcdSettings } from './etcd-connection.ts';

/** What the settings say of a store that gateways share. */
export interface SharedSettings extends EtcdSettings {
  readonly segment: string;
  readonly node: string;
}

/** Undefined: no endpoints are set, and the leases are in the SQLite file alone. */
export function sharedSettings({ settings, origins }: LoadedSettings): SharedSettings | undefined {
  const { etcdEndpoints, segment } = settings;
  if (etcdEndpoints.length === 0 || segment === undefined) return undefined;
  return { settings, origins, segment, node: nodeOf(settings) };
}

/** GATEWAY_NODE_NAME, or the host's name. */
export function nodeOf({ nodeName }: Settings): string {
  return nodeName ?? hostname();
}
