import type { Settings } from '../../config/settings.ts';
import { Pace } from '../../exchange/parts/pace.ts';
import { systemClock } from '../../lease/system-clock.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { prefixOf } from '../../net/prefix.ts';
import type { ListenIpParts } from '../../server/parts/server-parts.ts';
import { readInterfaces } from '../../transport/linux/interfaces.ts';
import { openSleep } from '../../transport/linux/sleep.ts';
import { openListenIpArp } from '../../transport/open-transport.ts';
import { DefendedMark } from './defended-mark.ts';

/** What this host has and sees of the listen IP. */
export function listenIpParts({ leasesDir, gateway, subnetMask }: Settings): ListenIpParts {
  const mark = new DefendedMark(leasesDir, systemClock.now);
  const prefix = prefixOf(gateway, subnetMask);
  return {
    openArp: ({ interfaceName, listenIp }) => openListenIpArp({ interfaceName, listenIp, prefix }),
    ownHardware: () => new Set(readInterfaces().map(({ hardware }) => hardware)),
    defended: (listenIp) => mark.set(listenIp),
    hasDefended: (listenIp) => mark.isRecent(listenIp),
  };
}

/** The addresses of all interfaces of this host, now. */
export function ownAddresses(): readonly Ipv4[] {
  return readInterfaces().flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

/** Undefined: each round begins at once. */
export function paceOf({ pace }: Settings): Pace | undefined {
  const sleep = pace === 0 ? undefined : openSleep();
  return sleep && new Pace(systemClock, pace, sleep);
}
