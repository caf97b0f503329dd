import type { SettingFault } from './problem.ts';
import { SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** All contradictions between the settings of shared leases. Settings that could not be read are left out. */
export function etcdFaults(read: Partial<Settings>): readonly SettingFault[] {
  const { etcdEndpoints: endpoints = [], segment, share = [] } = read;
  const faults: SettingFault[] = [
    ...together(read, 'etcdCert', 'etcdKey'),
    ...together(read, 'etcdUser', 'etcdPassword'),
  ];
  if (endpoints.length === 0) return faults;
  if (segment === undefined) {
    const remedy = `set ${SETTINGS.segment.variable} (--segment) to a name for this VXLAN, the same on all its gateways`;
    faults.push({
      key: 'segment',
      message: 'is required with etcd, which may hold several segments',
      remedy,
    });
  }
  const schemes = new Set(endpoints.map(({ scheme }) => scheme));
  if (schemes.size > 1) {
    faults.push({
      key: 'etcdEndpoints',
      message: 'mixes endpoints with and without TLS',
      remedy: 'write https:// before all of them, or before none',
    });
  } else if (schemes.has('http') && (read.etcdCa ?? read.etcdCert) !== undefined) {
    faults.push({
      key: 'etcdEndpoints',
      message: 'says http, but certificates are set',
      remedy: 'write https:// before all endpoints, or leave the certificates out',
    });
  }
  if (share.length > 0) {
    faults.push({
      key: 'share',
      message: 'divides a pool that is shared in etcd',
      remedy: 'leave it out: with etcd all gateways give out the whole pool',
    });
  }
  return faults;
}

function together(
  read: Partial<Settings>,
  one: 'etcdCert' | 'etcdUser',
  other: 'etcdKey' | 'etcdPassword',
): readonly SettingFault[] {
  const missing: SettingKey | undefined =
    read[one] === undefined
      ? read[other] === undefined
        ? undefined
        : one
      : read[other] === undefined
        ? other
        : undefined;
  if (missing === undefined) return [];
  const present = missing === one ? other : one;
  const message = `is missing, and ${SETTINGS[present].variable} is set`;
  return [{ key: missing, message, remedy: `set both, or neither` }];
}
