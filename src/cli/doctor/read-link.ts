import { existsSync, readFileSync } from 'node:fs';
import type { LinkFacts, VxlanFacts } from '../../diagnosis/doctor/link-lines.ts';
import { type Json, listOf, objectOf } from '../../diagnosis/firewall/nft-json.ts';
import { outputOf } from '../../diagnosis/program-output.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { Interface } from '../../transport/linux/interfaces.ts';

/** How long a program may take: milliseconds. */
const PATIENCE = 3000;

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
  const links = printedBy('ip', '-d', '-j', 'link', 'show');
  return links
    ?.filter(({ ifname, master, linkinfo }) => {
      return objectOf(linkinfo)?.['info_kind'] === 'vxlan' && (ifname === name || master === name);
    })
    .map(({ ifname, linkinfo }) => {
      const underlay = objectOf(objectOf(linkinfo)?.['info_data'])?.['link'];
      const below = links.find((link) => link['ifname'] === underlay)?.['mtu'];
      return {
        name: String(ifname),
        underlay: typeof underlay === 'string' ? underlay : undefined,
        underlayMtu: typeof below === 'number' ? below : undefined,
      };
    });
}

/** The VLAN of untagged frames of the bridge itself; 0: it has none; undefined: not known. */
function ownVlanOf(name: string): number | undefined {
  const printed = printedBy('bridge', '-j', 'vlan', 'show', 'dev', name);
  if (printed === undefined) return undefined;
  const vlans = printed.flatMap(({ vlans }) => listOf(vlans).map(objectOf));
  const own = vlans.find((each) => listOf(each?.['flags']).includes('PVID'))?.['vlan'] ?? 0;
  return typeof own === 'number' ? own : undefined;
}

/** The objects of the list that a program prints as JSON; undefined: it is missing, fails, takes too long or prints something else. */
function printedBy(name: string, ...words: readonly string[]): readonly Json[] | undefined {
  const output = outputOf(name, words, PATIENCE);
  if (output.kind !== 'printed') return undefined;
  try {
    const list: unknown = JSON.parse(output.text === '' ? '[]' : output.text);
    return Array.isArray(list) ? list.map(objectOf).filter((each) => each !== undefined) : undefined;
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
