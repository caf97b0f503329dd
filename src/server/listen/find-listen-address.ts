import { gatewayAddresses } from '../../config/address-plan.ts';
import { listenIpFault } from '../../config/contradictions.ts';
import type { Settings } from '../../config/settings.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../../net/ipv4.ts';
import type { Link } from '../../net/link.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import { contains, prefixOf, prefixToText } from '../../net/prefix.ts';
import { NAME_ENDS, printedName } from '../../net/printed-name.ts';
import type { ListenAddressSearch } from '../parts/listen-address-search.ts';

/** The settings that decide on the listen address. */
export const LISTEN_KEYS = [
  'listenIp',
  'interface',
  'gateway',
  'subnetMask',
  'poolStart',
  'poolEnd',
  'pools',
  'listenOnRouter',
] as const;
export type ListenSettings = Pick<Settings, (typeof LISTEN_KEYS)[number]>;

interface InterfaceAddress {
  readonly link: Link;
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/**
 * Finds the interface and the listen IP. Each is set, or follows from the other, or from the address plan.
 *
 * @param served The address that this gateway serves, or served last. While it exists, no other address is taken.
 */
export function findListenAddress(
  settings: ListenSettings,
  links: readonly Link[],
  served?: ListenAddress,
): ListenAddressSearch {
  const { interface: name, listenIp } = settings;
  const link = links.find((candidate) => candidate.name === name);
  if (name !== undefined && link === undefined) return interfaceMissing(name, settings, links);
  const addresses = addressesOn(link === undefined ? links : [link], settings);
  const kept = served === undefined ? undefined : servedAddress(addresses, settings, served);
  if (kept !== undefined) return found(kept, settings);
  if (listenIp !== undefined)
    return findByListenIp(listenIp, settings, addresses, addressesOn(links, settings));
  return link === undefined ? findByPlan(settings, addresses) : findOnInterface(link, settings, addresses);
}

/** The addresses of the interfaces. If one has several prefixes, only the one that fits the segment best is returned. */
function addressesOn(links: readonly Link[], settings: ListenSettings): readonly InterfaceAddress[] {
  return links.flatMap((link) => {
    const best = new Map<Ipv4, InterfaceAddress>();
    for (const at of link.addresses) {
      const other = best.get(at.address);
      const assigned = { link, ...at };
      if (other === undefined || suitability(assigned, settings) > suitability(other, settings))
        best.set(at.address, assigned);
    }
    return [...best.values()];
  });
}

/** 2: the prefix is the segment's. 1: it contains the router and the pool. 0: it does not. */
function suitability({ address, prefixLength }: InterfaceAddress, settings: ListenSettings): number {
  if (prefixLength === settings.subnetMask) return 2;
  const prefix = prefixOf(address, prefixLength);
  const { gateway, poolStart, poolEnd } = settings;
  return [gateway, poolStart, poolEnd].every((each) => contains(prefix, each)) ? 1 : 0;
}

/** The served address, on its interface or on the one to which it has moved; undefined: it is gone, or no longer allowed. */
function servedAddress(
  addresses: readonly InterfaceAddress[],
  settings: ListenSettings,
  served: ListenAddress,
): InterfaceAddress | undefined {
  const wanted = settings.listenIp ?? served.listenIp;
  if (wanted !== served.listenIp || listenIpFault(settings, wanted) !== undefined) return undefined;
  const there = addresses.filter(({ address }) => address === wanted);
  const [only, second] = there;
  return (
    there.find(({ link }) => link.index === served.interfaceIndex) ??
    there.find(({ link }) => link.name === served.interfaceName) ??
    (second === undefined ? only : undefined)
  );
}

function interfaceMissing(
  name: string,
  settings: ListenSettings,
  links: readonly Link[],
): ListenAddressSearch {
  const there = links.map((link) => link.name);
  const printed = printedName(name);
  const create = `name one that exists (GATEWAY_DHCP_INTERFACE), or create it: ${addLine(settings, settings.listenIp)}`;
  return {
    kind: 'waiting',
    message: `interface ${name} does not exist; there are: ${there.join(', ') || 'none'}`,
    remedy: printed === undefined ? create : `set GATEWAY_DHCP_INTERFACE=${printed}: ${NAME_ENDS}`,
  };
}

function findByListenIp(
  listenIp: Ipv4,
  settings: ListenSettings,
  addresses: readonly InterfaceAddress[],
  everywhere: readonly InterfaceAddress[],
): ListenAddressSearch {
  const matches = addresses.filter((assigned) => assigned.address === listenIp);
  const fitting = matches.filter((assigned) => suitability(assigned, settings) > 0);
  const [match, second] = fitting.length > 0 ? fitting : matches;
  if (match !== undefined && second === undefined) return found(match, settings);
  if (match !== undefined) {
    return several(`${ipv4ToText(listenIp)} is on several interfaces`, matches, 'GATEWAY_DHCP_INTERFACE');
  }
  const elsewhere = everywhere.find((assigned) => assigned.address === listenIp);
  const where =
    elsewhere === undefined ? 'on no interface' : `on ${elsewhere.link.name}, not on ${settings.interface}`;
  return {
    kind: 'waiting',
    message: `${ipv4ToText(listenIp)} is ${where}`,
    remedy: addLine(settings, listenIp),
  };
}

function findOnInterface(
  link: Link,
  settings: ListenSettings,
  addresses: readonly InterfaceAddress[],
): ListenAddressSearch {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const candidates = candidatesAmong(addresses, settings);
  const [only, second] = candidates;
  if (only !== undefined && second === undefined) return found(only, settings);
  if (only !== undefined) {
    return several(
      `${link.name} has several addresses in ${prefixToText(prefix)}`,
      candidates,
      'GATEWAY_DHCP_LISTEN_IP',
    );
  }
  const unfit = unfitAmong(addresses, settings);
  if (unfit !== undefined) return unfit;
  const has = addresses.length === 0 ? 'it has none' : `it has ${listed(addresses)}`;
  const router = addresses.some((assigned) => assigned.address === settings.gateway)
    ? ', which is the router'
    : '';
  return {
    kind: 'waiting',
    message: `${link.name} has no address of its own in ${prefixToText(prefix)}: ${has}${router}`,
    remedy: addLine(settings, undefined),
  };
}

function findByPlan(settings: ListenSettings, addresses: readonly InterfaceAddress[]): ListenAddressSearch {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const candidates = candidatesAmong(addresses, settings);
  const [only, second] = candidates;
  if (only === undefined) {
    const message = `no interface has an address of its own in ${prefixToText(prefix)}`;
    return (
      unfitAmong(addresses, settings) ?? { kind: 'waiting', message, remedy: addLine(settings, undefined) }
    );
  }
  if (second === undefined) return found(only, settings);
  return several('several addresses could be the listen IP', candidates, 'GATEWAY_DHCP_LISTEN_IP');
}

/** The possible listen IPs if none is set: the address plan's gateway addresses; if there are none, all other addresses. */
function candidatesAmong(
  addresses: readonly InterfaceAddress[],
  settings: ListenSettings,
): readonly InterfaceAddress[] {
  const own = ownAddresses(addresses, settings).filter(
    (assigned) =>
      listenIpFault(settings, assigned.address) === undefined && suitability(assigned, settings) > 0,
  );
  const planned = gatewayAddresses(prefixOf(settings.gateway, settings.subnetMask));
  const preferred = own.filter(({ address }) => planned.includes(address));
  return preferred.length > 0 ? preferred : own;
}

/** Why an existing address of the segment is not used; undefined: there is none. */
function unfitAmong(
  addresses: readonly InterfaceAddress[],
  settings: ListenSettings,
): ListenAddressSearch | undefined {
  const assigned = ownAddresses(addresses, settings)[0];
  if (assigned === undefined) return undefined;
  const { link, address } = assigned;
  const fault = listenIpFault(settings, address);
  const own = { ...settings, interface: link.name };
  if (fault !== undefined) {
    const message = `${link.name} has ${ipv4ToText(address)}, which ${fault.message}`;
    return { kind: 'waiting', message, remedy: addLine(own, undefined) };
  }
  return {
    kind: 'waiting',
    message: `${link.name} has ${addressToText(assigned)}, a prefix that does not hold the router and the pool`,
    remedy: `${addLine(own, address)}; or say that it is meant: GATEWAY_DHCP_LISTEN_IP=${ipv4ToText(address)}`,
  };
}

/** Addresses in the segment; the router's address only if the settings say that this host is the router. */
function ownAddresses(
  addresses: readonly InterfaceAddress[],
  settings: ListenSettings,
): readonly InterfaceAddress[] {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  return addresses.filter(
    ({ address }) => contains(prefix, address) && (settings.listenOnRouter || address !== settings.gateway),
  );
}

function found(assigned: InterfaceAddress, settings: ListenSettings): ListenAddressSearch {
  const { link, address, prefixLength } = assigned;
  const warning =
    prefixLength === settings.subnetMask
      ? undefined
      : `${link.name} has ${addressToText(assigned)}, but the segment is /${settings.subnetMask}`;
  return {
    kind: 'found',
    interfaceName: link.name,
    interfaceIndex: link.index,
    listenIp: address,
    prefixLength,
    mtu: link.mtu,
    warning,
  };
}

function several(
  what: string,
  addresses: readonly InterfaceAddress[],
  variable: string,
): ListenAddressSearch {
  const example = addresses[0];
  const value =
    variable === 'GATEWAY_DHCP_INTERFACE' ? example?.link.name : ipv4ToText(example?.address ?? ipv4(0));
  return {
    kind: 'waiting',
    message: `${what}: ${listed(addresses)}`,
    remedy: `say which: ${variable}=${value}`,
  };
}

function listed(addresses: readonly InterfaceAddress[]): string {
  return addresses.map((assigned) => `${addressToText(assigned)} on ${assigned.link.name}`).join(', ');
}

function addressToText(assigned: InterfaceAddress): string {
  return `${ipv4ToText(assigned.address)}/${assigned.prefixLength}`;
}

/** The command that adds the address to this node. */
function addLine(settings: ListenSettings, listenIp: Ipv4 | undefined): string {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const address = listenIp ?? gatewayAddresses(prefix)[0] ?? ipv4(prefix.network + 2);
  return `\`ip addr add ${ipv4ToText(address)}/${prefix.length} dev ${settings.interface ?? '<interface>'}\``;
}
