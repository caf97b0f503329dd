import { existsSync, readFileSync } from 'node:fs';
import type { LinkFacts, VxlanFacts } from '../../diagnosis/doctor/link-lines.ts';
import { itemsOf, type NftObject, objectOf } from '../../diagnosis/firewall/nft-json.ts';
import { droppingRulesFor } from '../../diagnosis/firewall/read-firewall.ts';
import { outputOf } from '../../diagnosis/program-output.ts';
import { ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import type { Interface } from '../../transport/linux/interfaces.ts';

/** How long a program may take: milliseconds. */
const PATIENCE = 3000;

/**
 * Reads what the kernel says of the interface, of its bridge and of the tunnel below it.
 *
 * @param links All interfaces, among which is the one that has the tunnel's local address.
 */
export function readLink(link: Interface, links: readonly Interface[] = [link]): LinkFacts {
  const { name, up, carrier, mtu, addresses, vrf } = link;
  const isBridge = existsSync(`/sys/class/net/${name}/bridge`);
  const callsIptables = flagIn('/proc/sys/net/bridge/bridge-nf-call-iptables');
  return {
    name,
    isUp: up,
    hasCarrier: carrier,
    mtu,
    addresses: addresses.map(({ address, prefixLength }) => `${ipv4ToText(address)}/${prefixLength}`),
    vrf: vrf?.name,
    isBridge,
    vxlans: vxlansOf(name, links),
    filtersVlans: isBridge && numberIn(`/sys/class/net/${name}/bridge/vlan_filtering`) === 1,
    ownVlan: isBridge ? ownVlanOf(name) : undefined,
    reversePath: reversePathOf(name),
    callsIptables,
    dropForwarded: isBridge && callsIptables === true ? droppingRulesFor(name, true) : [],
  };
}

/** The tunnels that are ports of the interface, or the interface itself, or the one that it is a VLAN of. */
function vxlansOf(name: string, interfaces: readonly Interface[]): readonly VxlanFacts[] | undefined {
  const links = printedBy('ip', '-d', '-j', 'link', 'show');
  return links
    ?.filter(({ ifname, master, linkinfo }) => {
      return objectOf(linkinfo)?.['info_kind'] === 'vxlan' && (ifname === name || master === name);
    })
    .map(({ ifname, linkinfo }) => {
      const tunnel = String(ifname);
      const underlay = underlayOf(tunnel, objectOf(objectOf(linkinfo)?.['info_data']) ?? {}, interfaces);
      const below = links.find((link) => link['ifname'] === underlay)?.['mtu'];
      return { name: tunnel, underlay, underlayMtu: typeof below === 'number' ? below : undefined };
    });
}

/** A tunnel of Proxmox has a local address and a list of nodes, and no interface of its own. */
function underlayOf(tunnel: string, data: NftObject, interfaces: readonly Interface[]): string | undefined {
  const { link, local, remote } = data;
  if (typeof link === 'string') return link;
  const holder = interfaces.find(({ addresses }) =>
    addresses.some(({ address }) => ipv4ToText(address) === local),
  );
  if (holder !== undefined) return holder.name;
  const node =
    remote ?? printedBy('bridge', '-j', 'fdb', 'show', 'dev', tunnel)?.find(({ dst }) => dst)?.['dst'];
  if (typeof node !== 'string' || ipv4FromText(node) === undefined) return undefined;
  const device = printedBy('ip', '-j', 'route', 'get', node)?.[0]?.['dev'];
  return typeof device === 'string' ? device : undefined;
}

/** The VLAN of untagged frames of the bridge itself; 0: it has none; undefined: not known. */
function ownVlanOf(name: string): number | undefined {
  const printed = printedBy('bridge', '-j', 'vlan', 'show', 'dev', name);
  if (printed === undefined) return undefined;
  const vlans = printed.flatMap(({ vlans }) => itemsOf(vlans).map(objectOf));
  const own = vlans.find((each) => itemsOf(each?.['flags']).includes('PVID'))?.['vlan'] ?? 0;
  return typeof own === 'number' ? own : undefined;
}

/** The objects of the list that a program prints as JSON; undefined: it is missing, fails, takes too long or prints something else. */
function printedBy(name: string, ...words: readonly string[]): readonly NftObject[] | undefined {
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
