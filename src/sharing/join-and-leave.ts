import type { LoadedSettings } from '../config/loading/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import { sharedSettingTexts } from '../config/shared-settings.ts';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import { findListenAddress } from '../server/listen/find-listen-address.ts';
import { openMirror } from '../store/sqlite/open-mirror.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import type { SqliteMirror } from '../store/sqlite/sqlite-mirror.ts';
import { readInterfaces } from '../transport/linux/interfaces.ts';
import { openEtcd } from './etcd-connection.ts';
import { nodeOf, type SharedSettings } from './shared-settings.ts';
import { sharedStore } from './shared-store.ts';

/** Merges this node's own leases into etcd, and makes its file a mirror. Its gateway must not run. @throws GatewayError */
export async function joinCluster(shared: SharedSettings, print: (line: string) => void): Promise<void> {
  const { settings, segment } = shared;
  const search = findListenAddress(settings, readInterfaces());
  if (search.kind !== 'found')
    throw new GatewayError('listen-ip-missing', `${search.message}. To mend it: ${search.remedy}`);
  const say = (level: string, fields: object, message: string) => {
    const details = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
    print(`${level === 'info' ? '' : `${level}: `}${message}: ${details.join(', ')}`);
  };
  const { etcd } = await openEtcd(shared, say);
  const mirror = await openFile(settings);
  const store = sharedStore({ shared, etcd, mirror, inFlight: new Set(), say });
  try {
    const contradiction = await store.serveAs(search.listenIp, sharedSettingTexts(settings));
    if (contradiction !== undefined) throw new GatewayError('bad-settings', contradiction);
    if (store.failure !== undefined) throw new GatewayError('cluster-state', store.failure);
    print(`this node is of segment ${segment}: start its gateway`);
  } finally {
    await store.close();
  }
}

/** Makes a mirror an ordinary lease file, for a node that shares its leases no more. Its gateway must not run. @throws GatewayError */
export async function leaveCluster(
  { settings }: LoadedSettings,
  print: (line: string) => void,
): Promise<void> {
  const mirror = await openFile(settings);
  try {
    const { position } = mirror;
    if (position === undefined)
      throw new GatewayError(
        'cluster-state',
        `${mirror.opening.file}: is not a mirror: there is nothing to do`,
      );
    mirror.leave();
    print(`${mirror.opening.file}: its leases are this node's own now`);
    print(`take GATEWAY_ETCD_ENDPOINTS and GATEWAY_SEGMENT out of its settings, and start its gateway`);
    print(
      `the gateways that go on sharing segment ${position.segment} do not know the leases that it grants: stop them, or give each a part of the pool (GATEWAY_DHCP_SHARE)`,
    );
  } finally {
    mirror.close();
  }
}

async function openFile(settings: Settings): Promise<SqliteMirror> {
  await refuseSilentDisk(settings.leasesDir);
  return openMirror({
    directory: settings.leasesDir,
    inFlight: new Set(),
    now: systemClock.now(),
    seed: 0,
    node: nodeOf(settings),
    clock: systemClock,
  });
}
