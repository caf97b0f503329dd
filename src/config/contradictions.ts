import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../net/ipv4.ts';
import { contains, type Prefix, prefixOf, prefixToText } from '../net/prefix.ts';
import { isInOrder } from '../subnet/renewal.ts';
import { exampleAddress } from './address-plan.ts';
import { apiFaults } from './api-contradictions.ts';
import { etcdFaults } from './etcd-contradictions.ts';
import { hookFaults } from './hook-contradictions.ts';
import { poolFaults, poolText, reservedKind, shareFaults } from './pool-contradictions.ts';
import { isWithin, poolRanges } from './pools.ts';
import type { SettingFault } from './problem.ts';
import { SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** The settings that could be read, each by itself. Rules that need a missing one are not checked. */
export type ReadSettings = Partial<Settings>;

/** RFC 2131 §4.4.5. */
const NOT_IN_ORDER = 'T1 (renewal), T2 (rebinding) and the end of a lease do not follow on each other';

/** All contradictions between settings. */
export function contradictionsIn(read: ReadSettings): readonly SettingFault[] {
  const times = [...leaseTimeFaults(read), ...etcdFaults(read), ...apiFaults(read), ...hookFaults(read)];
  if (read.gateway === undefined || read.subnetMask === undefined) return times;
  const prefix = prefixOf(read.gateway, read.subnetMask);
  const faults = routerFaults(read.gateway, prefix);
  return [
    ...(faults.length > 0
      ? faults
      : [
          ...subnetFaults(read.subnet, prefix),
          ...poolFaults(read, read.gateway, prefix),
          ...listenIpFaults(read, read.gateway, prefix),
          ...routeFaults(read.routes ?? [], prefix),
          ...shareFaults(read),
          ...relayFaults(read.relays ?? [], prefix, read.listenIp),
        ]),
    ...times,
  ];
}

function fault(key: SettingKey, message: string, remedy: string): SettingFault {
  return { key, message, remedy };
}

/** The remedy that sets a setting. */
function set(key: SettingKey, value: string): string {
  return `set ${SETTINGS[key].variable} (--${SETTINGS[key].flag}) to ${value}`;
}

function routerFaults(gateway: Ipv4, prefix: Prefix): readonly SettingFault[] {
  const kind = reservedKind(gateway, prefix);
  if (kind === undefined) return [];
  return [
    fault(
      'gateway',
      `is the ${kind} address of ${prefixToText(prefix)}`,
      set('gateway', exampleAddress(prefix, 1)),
    ),
  ];
}

function subnetFaults(subnet: Settings['subnet'], prefix: Prefix): readonly SettingFault[] {
  if (subnet === undefined) return [];
  const length = subnet.length ?? prefix.length;
  const agrees = length === prefix.length && (subnet.kind === 'mask' || subnet.network === prefix.network);
  if (agrees) return [];
  const remedy = `leave it out, or ${set('subnet', ipv4ToText(prefix.network))}, or mend router or mask`;
  return [fault('subnet', `disagrees with router and mask, which say ${prefixToText(prefix)}`, remedy)];
}

/** The fault of a listen IP, set or found; undefined: none. */
export function listenIpFault(read: ReadSettings, listenIp: Ipv4): SettingFault | undefined {
  if (read.gateway === undefined || read.subnetMask === undefined) return undefined;
  return listenIpFaults({ ...read, listenIp }, read.gateway, prefixOf(read.gateway, read.subnetMask))[0];
}

function listenIpFaults(read: ReadSettings, gateway: Ipv4, prefix: Prefix): readonly SettingFault[] {
  const { listenIp } = read;
  if (listenIp === undefined) return [];
  const own = set('listenIp', `this node's own address, such as ${exampleAddress(prefix, 10)}`);
  if (!contains(prefix, listenIp))
    return [fault('listenIp', `is outside the subnet ${prefixToText(prefix)}`, own)];
  const kind = reservedKind(listenIp, prefix);
  if (kind !== undefined)
    return [fault('listenIp', `is the ${kind} address of ${prefixToText(prefix)}`, own)];
  if (listenIp === gateway && read.listenOnRouter === false) {
    const remedy = `${own}; where this host is the router and the only gateway, say --listen-on-router`;
    return [fault('listenIp', "is the router's address, which two nodes cannot both hold", remedy)];
  }
  const ranges = poolRanges(read);
  if (!isWithin({ first: listenIp, last: listenIp }, ranges)) return [];
  const message = `is inside the pool ${poolText(ranges)}, and could be given to a guest`;
  return [fault('listenIp', message, own)];
}

function routeFaults(routes: Settings['routes'], prefix: Prefix): readonly SettingFault[] {
  return routes
    .filter(({ router }) => router !== UNSPECIFIED && !contains(prefix, router))
    .map(({ destination, router }) =>
      fault(
        'routes',
        `the router ${ipv4ToText(router)} of ${prefixToText(destination)} is outside ${prefixToText(prefix)}`,
        'name a router that guests reach on the segment, or 0.0.0.0 for a network on the segment itself',
      ),
    );
}

/** Faults of relays that are single addresses. A network or a range may contain such addresses: they are skipped there. */
function relayFaults(
  relays: Settings['relays'],
  prefix: Prefix,
  listenIp: Ipv4 | undefined,
): readonly SettingFault[] {
  return relays.flatMap(({ first, last }) => {
    if (first !== last) return [];
    const kind = reservedKind(first, prefix);
    const isOwn = first === listenIp;
    if (kind === undefined && !isOwn) return [];
    const what = isOwn ? "this gateway's own address" : `the ${kind} address of ${prefixToText(prefix)}`;
    const remedy = "list the address that the relay puts into giaddr, its own on the clients' side";
    return [fault('relays', `${ipv4ToText(first)} is ${what}`, remedy)];
  });
}

function leaseTimeFaults(read: ReadSettings): readonly SettingFault[] {
  const { leaseTime, leaseTimeMin: least, leaseTimeMax: most } = read;
  const faults: SettingFault[] = [];
  if (least !== undefined && most !== undefined && least > most) {
    faults.push(
      fault('leaseTimeMin', 'is more than the maximum', set('leaseTimeMin', 'at most the maximum')),
    );
  }
  if (leaseTime === undefined) return faults;
  if (!isInOrder({ t1: read.renewalTime, t2: read.rebindingTime }, leaseTime)) {
    const key = read.renewalTime === undefined ? 'rebindingTime' : 'renewalTime';
    faults.push(fault(key, NOT_IN_ORDER, 'see that T1 is before T2, and T2 before the end of the lease'));
  }
  if (least !== undefined && leaseTime < least) {
    faults.push(fault('leaseTime', 'is less than the minimum', set('leaseTime', 'at least the minimum')));
  }
  if (most !== undefined && leaseTime > most) {
    faults.push(fault('leaseTime', 'is more than the maximum', set('leaseTime', 'at most the maximum')));
  }
  return faults;
}
