import { SOFTWARE, type Software } from './lease-client.ts';
import { missingOf, type Tool } from './system.ts';

/** A kind of guest: a name for the tests' titles, what it runs, and the words of `leaseClient`. */
export interface GuestKind {
  /** Without blanks. */
  readonly name: string;
  readonly software: Software;
  readonly words?: readonly string[];
}

/** Each client as it is by default. */
export const CLIENTS: readonly GuestKind[] = SOFTWARE.map((software) => ({ name: software, software }));

const TOOLS: Readonly<Record<Software, readonly Tool[]>> = {
  dhclient: ['dhclient'],
  udhcpc: ['udhcpc'],
  dhcpcd: ['dhcpcd'],
  NetworkManager: ['NetworkManager', 'dbus-daemon'],
  'systemd-networkd': ['systemd-networkd'],
};

/** Why a kind of guest cannot boot here; undefined: it can. */
export function obstacleTo({ software }: GuestKind): string | undefined {
  return missingOf(TOOLS[software]);
}
