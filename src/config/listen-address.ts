import { type Ipv4, ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Link } from '../net/link.ts';
import { contains, prefixOf, prefixToText } from '../net/prefix.ts';
import { gatewayAddresses } from './address-plan.ts';
import { listenIpFault } from './contradictions.ts';
import type { Settings } from './settings.ts';

/** The settings that say where to listen. */
export const LISTEN_KEYS = [
  'listenIp',
  'interface',
  'gateway',
  'subnetMask',
  'poolStart',
  'poolEnd',
  'listenOnRouter',
] as const;
export type ListenSettings = Pick<Settings, (typeof LISTEN_KEYS)[number]>;

/** Where this gateway listens. */
export interface ListenAddress {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly listenIp: Ipv4;
  /** As the interface has it, 0 to 32. */
  readonly prefixLength: number;
  /** The interface's, in octets. */
  readonly mtu: number;
}

/**
 * found: listen there; `warning` says what is odd about it. waiting: it is not there yet, and may come: `remedy` is the
 * line that mends it. problem: it will not come by itself.
 */
export type ListenAddressSearch =
  | ({ readonly kind: 'found'; readonly warning: string | undefined } & ListenAddress)
  | { readonly kind: 'waiting'; readonly message: string; readonly remedy: string }
  | { readonly kind: 'problem'; readonly message: string; readonly remedy: string };

interface Place {
  readonly link: Link;
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/** Finds interface and listen IP: both as set, or one by the other, or both by the address plan. */
export function findListenAddress(settings: ListenSettings, links: readonly Link[]): ListenAddressSearch {
  const { interface: name, listenIp } = settings;
  const link = links.find((candidate) => candidate.name === name);
  if (name !== undefined && link === undefined) return interfaceMissing(name, settings, links);
  const places = placesOn(link === undefined ? links : [link]);
  if (listenIp !== undefined) return findByListenIp(listenIp, settings, places, placesOn(links));
  return link === undefined ? findByPlan(settings, places) : findOnInterface(link, settings, places);
}

function placesOn(links: readonly Link[]): readonly Place[] {
  return links.flatMap((link) => link.addresses.map((at) => ({ link, ...at })));
}

function interfaceMissing(
  name: string,
  settings: ListenSettings,
  links: readonly Link[],
): ListenAddressSearch {
  const there = links.map((link) => link.name).join(', ');
  return {
    kind: 'waiting',
    message: `interface ${name} does not exist; there are: ${there === '' ? 'none' : there}`,
    remedy: `name one that exists (GATEWAY_DHCP_INTERFACE), or create it: ${addLine(settings, settings.listenIp)}`,
  };
}

function findByListenIp(
  listenIp: Ipv4,
  settings: ListenSettings,
  places: readonly Place[],
  everywhere: readonly Place[],
): ListenAddressSearch {
  const matches = places.filter((place) => place.address === listenIp);
  const [match, second] = matches;
  if (match !== undefined && second === undefined) return found(match, settings);
  if (match !== undefined) {
    return several(`${ipv4ToText(listenIp)} is on several interfaces`, matches, 'GATEWAY_DHCP_INTERFACE');
  }
  const elsewhere = everywhere.find((place) => place.address === listenIp);
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
  places: readonly Place[],
): ListenAddressSearch {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const candidates = ownPlaces(places, settings);
  const [only, second] = candidates;
  if (only !== undefined && second === undefined) return found(only, settings);
  if (only !== undefined) {
    return several(
      `${link.name} has several addresses in ${prefixToText(prefix)}`,
      candidates,
      'GATEWAY_DHCP_LISTEN_IP',
    );
  }
  // An interface without any address is one that is being set up, as when a node boots; one with others is the wrong one.
  const kind = places.length === 0 ? 'waiting' : 'problem';
  const has = places.length === 0 ? 'it has none' : `it has ${listed(places)}`;
  const router = places.some((place) => place.address === settings.gateway) ? ', which is the router' : '';
  return {
    kind,
    message: `${link.name} has no address of its own in ${prefixToText(prefix)}: ${has}${router}`,
    remedy: addLine(settings, undefined),
  };
}

function findByPlan(settings: ListenSettings, places: readonly Place[]): ListenAddressSearch {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const own = ownPlaces(places, settings);
  const planned = own.filter((place) => gatewayAddresses(prefix).includes(place.address));
  const candidates = planned.length > 0 ? planned : own;
  const [only, second] = candidates;
  if (only === undefined) {
    const message = `no interface has an address of its own in ${prefixToText(prefix)}`;
    return { kind: 'waiting', message, remedy: addLine(settings, undefined) };
  }
  if (second === undefined) return found(only, settings);
  return several('several addresses could be the listen IP', candidates, 'GATEWAY_DHCP_LISTEN_IP');
}

/** Places in the segment; the router's address is no node's own, unless this host is said to be the router. */
function ownPlaces(places: readonly Place[], settings: ListenSettings): readonly Place[] {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  return places.filter(
    ({ address }) => contains(prefix, address) && (settings.listenOnRouter || address !== settings.gateway),
  );
}

function found(place: Place, settings: ListenSettings): ListenAddressSearch {
  const { link, address, prefixLength } = place;
  const fault = listenIpFault(settings, address);
  if (fault !== undefined) {
    return {
      kind: 'problem',
      message: `${link.name} has ${ipv4ToText(address)}, which ${fault.message}`,
      remedy: fault.remedy,
    };
  }
  const warning =
    prefixLength === settings.subnetMask
      ? undefined
      : `${link.name} has ${placeToText(place)}, but the segment is /${settings.subnetMask}`;
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

function several(what: string, places: readonly Place[], variable: string): ListenAddressSearch {
  const example = places[0];
  const value =
    variable === 'GATEWAY_DHCP_INTERFACE' ? example?.link.name : ipv4ToText(example?.address ?? ipv4(0));
  return {
    kind: 'problem',
    message: `${what}: ${listed(places)}`,
    remedy: `say which: ${variable}=${value}`,
  };
}

function listed(places: readonly Place[]): string {
  return places.map((place) => `${placeToText(place)} on ${place.link.name}`).join(', ');
}

function placeToText(place: Place): string {
  return `${ipv4ToText(place.address)}/${place.prefixLength}`;
}

/** The command that gives this node its address. */
function addLine(settings: ListenSettings, listenIp: Ipv4 | undefined): string {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const address = listenIp ?? gatewayAddresses(prefix)[0] ?? ipv4(prefix.network + 2);
  return `ip addr add ${ipv4ToText(address)}/${prefix.length} dev ${settings.interface ?? '<interface>'}`;
}
