import { randomBytes } from 'node:crypto';
import type { Random } from '../lease/clock.ts';
import { systemClock } from '../lease/system-clock.ts';
import type { Say } from '../log/say.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { EtcdStore } from '../store/etcd/etcd-store.ts';
import { mirrorOf, type Placement } from '../store/etcd/keys/heartbeat.ts';
import { Keys } from '../store/etcd/keys/keys.ts';
import { EtcdMaintenance } from '../store/etcd/membership/etcd-maintenance.ts';
import { Members } from '../store/etcd/membership/members.ts';
import type { Mirror } from '../store/mirror.ts';
import type { EtcdConnection } from './etcd-connection.ts';

import type { SharedSettings } from './shared-settings.ts';

const RANDOM_BYTES = 6;

/** A random number that nobody can predict: 0 <= x < 1. */
export const random: Random = () => randomBytes(RANDOM_BYTES).readUIntBE(0, RANDOM_BYTES) / 2 ** 48;

export interface SharedParts {
  readonly shared: SharedSettings;
  readonly etcd: EtcdConnection['etcd'];
  readonly mirror: Mirror;
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly say: Say;
  /** Where this gateway is, as its heartbeat tells the others. */
  readonly placement?: () => Placement | undefined;
}

/** The store that gateways share. Call `serveAs` with the listen address next. */
export function sharedStore({ shared, etcd, mirror, inFlight, say, placement }: SharedParts): EtcdStore {
  const { segment, node, settings } = shared;
  const members = new Members({
    etcd,
    keys: new Keys(segment),
    clock: systemClock,
    node,
    instance: randomBytes(8).toString('hex'),
    compacts: settings.etcdCompact !== 'off',
    mirror: () => mirrorOf(mirror.position, segment),
    ...(placement === undefined ? {} : { placement }),
  });
  const { etcdCompact: compacting, etcdQuota: quota } = settings;
  const maintenance = new EtcdMaintenance({ etcd, clock: systemClock, compacting, quota, say });
  return new EtcdStore({
    ...{
      etcd,
      segment,
      node,
      mirror,
      members,
      inFlight,
      clock: systemClock,
      random,
      say,
      maintenance,
    },
  });
}
