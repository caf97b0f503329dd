import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { LinkFacts, VxlanFacts } from '../../diagnosis/doctor/link-lines.ts';
import { findProgram } from '../../diagnosis/find-program.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { Interface } from '../../transport/linux/interfaces.ts';

/** How long a program may take: milliseconds. */
const PATIENCE = 3000;

/** What `ip -d -j link` prints of an interface; only what is used. */
interface PrintedLink {
  readonly ifname: string;
  readonly mtu: number;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly link?: string } };
}

interface PrintedVlans {
  readonly vlans?: readonly { readonly vlan: number; readonly flags?: readonly string[] }[];
}

/** Reads what the kernel says of the interface, of its bridge and of the tunnel below it. */
export function readLink(link: Interface): LinkFacts {
  const { name, up, carrier, mtu, addresses, vrf } = link;
  const isBridge = existsSync(`/sys/class/net/${name}/bridge`);
  return {
    name,
    isUp: up,
    hasCarrier: carrier,
    mtu,
    addresses: addresses.map(({ address, prefixLength }) => `${ipv4ToText(address)}/${prefixLength}`),
    vrf: vrf?.name,
    isBridge,
    vxlans: vxlansOf(name),
    filtersVlans: isBridge && numberIn(`/sys/class/net/${name}/bridge/vlan_filtering`) === 1,
    ownVlan: isBridge ? ownVlanOf(name) : undefined,
    reversePath: reversePathOf(name),
    callsIptables: flagIn('/proc/sys/net/bridge/bridge-nf-call-iptables'),
  };
}

/** The tunnels that are ports of the interface, or the interface itself, or the one that it is a VLAN of. */
function vxlansOf(name: string): readonly VxlanFacts[] | undefined {
  const links = printedBy<readonly PrintedLink[]>('ip', '-d', '-j', 'link', 'show');
  if (links === undefined) return undefined;
  return links
    .filter(
      ({ ifname, master, linkinfo }) =>
        linkinfo?.info_kind === 'vxlan' && (ifname === name || master === name),
    )
    .map(({ ifname, linkinfo }) => {
      const underlay = linkinfo?.info_data?.link;
      const below = links.find((link) => link.ifname === underlay);
      return { name: ifname, underlay, underlayMtu: below?.mtu };
    });
}

/** The VLAN of untagged frames of the bridge itself; 0: it has none; undefined: not known. */
function ownVlanOf(name: string): number | undefined {
  const printed = printedBy<readonly PrintedVlans[]>('bridge', '-j', 'vlan', 'show', 'dev', name);
  if (printed === undefined) return undefined;
  const vlans = printed.flatMap((each) => each.vlans ?? []);
  return vlans.find(({ flags }) => flags?.includes('PVID') === true)?.vlan ?? 0;
}

/** What a program prints as JSON; undefined: it is missing, fails or takes too long. */
function printedBy<Printed>(name: string, ...words: readonly string[]): Printed | undefined {
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const { status, stdout } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: PATIENCE,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status !== 0) return undefined;
  try {
    return JSON.parse(stdout === '' ? '[]' : stdout);
  } catch {
    return undefined;
  }
}

function reversePathOf(name: string): number | undefined {
  const values = ['all', name].map((each) => numberIn(`/proc/sys/net/ipv4/conf/${each}/rp_filter`));
  return values.reduce((one, other) =>
    one === undefined || other === undefined ? undefined : Math.max(one, other),
  );
}

function flagIn(path: string): boolean | undefined {
  const number = numberIn(path);
  return number === undefined ? undefined : number === 1;
}

/** The number in a file of /proc or /sys; undefined: there is none. */
function numberIn(path: string): number | undefined {
  try {
    const number = Number.parseInt(readFileSync(path, 'latin1'), 10);
    return Number.isNaN(number) ? undefined : number;
  } catch {
    return undefined;
  }
}
