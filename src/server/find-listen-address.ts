import { gatewayAddresses } from '../config/address-plan.ts';
import { listenIpFault } from '../config/contradictions.ts';
import type { Settings } from '../config/settings.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Link } from '../net/link.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import { contains, prefixOf, prefixToText } from '../net/prefix.ts';
import { NAME_ENDS, printedName } from '../net/printed-name.ts';

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

/**
 * found: listen there; `warning` says what is odd about it. waiting: it is not there yet, or is not clear yet, and what
 * comes or goes may change that: `remedy` is the line that mends it.
 */
export type ListenAddressSearch =
  | ({ readonly kind: 'found'; readonly warning: string | undefined } & ListenAddress)
  | { readonly kind: 'waiting'; readonly message: string; readonly remedy: string };

interface Place {
  readonly link: Link;
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/**
 * Finds interface and listen IP: both as set, or one by the other, or both by the address plan.
 *
 * @param served Where this gateway serves, or served last: what comes beside it is left alone as long as it is there.
 */
export function findListenAddress(
  settings: ListenSettings,
  links: readonly Link[],
  served?: ListenAddress,
): ListenAddressSearch {
  const { interface: name, listenIp } = settings;
  const link = links.find((candidate) => candidate.name === name);
  if (name !== undefined && link === undefined) return interfaceMissing(name, settings, links);
  const places = placesOn(link === undefined ? links : [link], settings);
  const kept = served === undefined ? undefined : keptPlace(places, settings, served);
  if (kept !== undefined) return found(kept, settings);
  if (listenIp !== undefined) return findByListenIp(listenIp, settings, places, placesOn(links, settings));
  return link === undefined ? findByPlan(settings, places) : findOnInterface(link, settings, places);
}

/** An address that an interface has with several prefixes is there once, with the one that fits the segment best. */
function placesOn(links: readonly Link[], settings: ListenSettings): readonly Place[] {
  return links.flatMap((link) => {
    const best = new Map<Ipv4, Place>();
    for (const at of link.addresses) {
      const other = best.get(at.address);
      const place = { link, ...at };
      if (other === undefined || suitability(place, settings) > suitability(other, settings))
        best.set(at.address, place);
    }
    return [...best.values()];
  });
}

/** 2: the segment's own prefix. 1: one that holds the router and the pool. 0: one that does not. */
function suitability({ address, prefixLength }: Place, settings: ListenSettings): number {
  if (prefixLength === settings.subnetMask) return 2;
  const prefix = prefixOf(address, prefixLength);
  const { gateway, poolStart, poolEnd } = settings;
  return [gateway, poolStart, poolEnd].every((each) => contains(prefix, each)) ? 1 : 0;
}

/** The served address, where it is; if it has moved, where it is now. */
function keptPlace(
  places: readonly Place[],
  settings: ListenSettings,
  served: ListenAddress,
): Place | undefined {
  const wanted = settings.listenIp ?? served.listenIp;
  if (wanted !== served.listenIp || listenIpFault(settings, wanted) !== undefined) return undefined;
  const there = places.filter(({ address }) => address === wanted);
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
  places: readonly Place[],
  everywhere: readonly Place[],
): ListenAddressSearch {
  const matches = places.filter((place) => place.address === listenIp);
  const fitting = matches.filter((place) => suitability(place, settings) > 0);
  const [match, second] = fitting.length > 0 ? fitting : matches;
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
  const candidates = candidatesAmong(places, settings);
  const [only, second] = candidates;
  if (only !== undefined && second === undefined) return found(only, settings);
  if (only !== undefined) {
    return several(
      `${link.name} has several addresses in ${prefixToText(prefix)}`,
      candidates,
      'GATEWAY_DHCP_LISTEN_IP',
    );
  }
  const unfit = unfitAmong(places, settings);
  if (unfit !== undefined) return unfit;
  const has = places.length === 0 ? 'it has none' : `it has ${listed(places)}`;
  const router = places.some((place) => place.address === settings.gateway) ? ', which is the router' : '';
  return {
    kind: 'waiting',
    message: `${link.name} has no address of its own in ${prefixToText(prefix)}: ${has}${router}`,
    remedy: addLine(settings, undefined),
  };
}

function findByPlan(settings: ListenSettings, places: readonly Place[]): ListenAddressSearch {
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const candidates = candidatesAmong(places, settings);
  const [only, second] = candidates;
  if (only === undefined) {
    const message = `no interface has an address of its own in ${prefixToText(prefix)}`;
    return unfitAmong(places, settings) ?? { kind: 'waiting', message, remedy: addLine(settings, undefined) };
  }
  if (second === undefined) return found(only, settings);
  return several('several addresses could be the listen IP', candidates, 'GATEWAY_DHCP_LISTEN_IP');
}

/** What could be the listen IP where none is set: the plan's addresses for gateways, or if there is none of them, any. */
function candidatesAmong(places: readonly Place[], settings: ListenSettings): readonly Place[] {
  const own = ownPlaces(places, settings).filter(
    (place) => listenIpFault(settings, place.address) === undefined && suitability(place, settings) > 0,
  );
  const planned = gatewayAddresses(prefixOf(settings.gateway, settings.subnetMask));
  const preferred = own.filter(({ address }) => planned.includes(address));
  return preferred.length > 0 ? preferred : own;
}

/** Why an address of the segment that is there is not taken; undefined: there is none. */
function unfitAmong(places: readonly Place[], settings: ListenSettings): ListenAddressSearch | undefined {
  const place = ownPlaces(places, settings)[0];
  if (place === undefined) return undefined;
  const { link, address } = place;
  const fault = listenIpFault(settings, address);
  const own = { ...settings, interface: link.name };
  if (fault !== undefined) {
    const message = `${link.name} has ${ipv4ToText(address)}, which ${fault.message}`;
    return { kind: 'waiting', message, remedy: addLine(own, undefined) };
  }
  return {
    kind: 'waiting',
    message: `${link.name} has ${placeToText(place)}, a prefix that does not hold the router and the pool`,
    remedy: `${addLine(own, address)}; or say that it is meant: GATEWAY_DHCP_LISTEN_IP=${ipv4ToText(address)}`,
  };
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
    kind: 'waiting',
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
