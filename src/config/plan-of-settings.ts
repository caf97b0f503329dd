import { NO_RESERVATIONS } from '../lease/reservation/reservation-view.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import { MacList } from '../net/mac-list.ts';
import {
  type AddressSpan,
  broadcastOf,
  contains,
  maskOfLength,
  type Prefix,
  prefixOf,
} from '../net/prefix.ts';
import { type ClientRules, NO_CLIENT_RULES } from '../subnet/client-rules.ts';
import type { Plan } from '../subnet/plan.ts';
import { NO_POLICY } from '../subnet/policy.ts';
import type { LeaseTimes, Subnet } from '../subnet/subnet.ts';
import type { ClasslessRoute } from '../wire/classless-routes.ts';
import { OPTIONS, type Option } from '../wire/options.ts';
import type { OptionBlock } from '../wire/reply.ts';
import { gatewayAddresses } from './address-plan.ts';
import { poolRanges, rangesWithout } from './pools.ts';
import type { Settings } from './settings.ts';

/** The shortest lease that a client may ask for, in seconds, where nothing else is set. */
const SHORTEST_LEASE = 120;
/** RFC 2132 §5.1: the field of the MTU has 16 bits. */
const LARGEST_MTU = 0xffff;

/**
 * Makes the engine's plan from the settings and the interface.
 *
 * @param own This host's addresses. No guest may have one, and ARP does not show them: a host does not answer itself.
 */
export function planOfSettings(
  settings: Settings,
  listen: Pick<ListenAddress, 'listenIp' | 'mtu'>,
  own: readonly Ipv4[],
): Plan {
  return {
    serverIdentifier: listen.listenIp,
    subnet: subnetOf(settings, [listen.listenIp, ...own], listen.mtu),
    relays: settings.relays,
    identity: settings.identity,
    leasesPerMac: settings.leasesPerMac,
    chaddrCheck: settings.chaddrCheck,
    authoritative: settings.authoritative,
    subnetSelection: settings.subnetSelection,
    rapidCommit: settings.rapidCommit,
    bootp: settings.bootp,
    offerSeconds: settings.offerTime,
    leaseCache: unlessOff(settings.leaseCache) ?? 0,
    peers: peersOf(settings, listen.listenIp),
    gateways: gatewaysOf(settings, listen.listenIp),
    probeMilliseconds: settings.arpProbe,
    limitsPorts: settings.limitPorts,
    limits: {
      messagesOfMac: settings.limitMacMessages,
      newLeasesOfMac: settings.limitMacLeases,
      changesOfMac: settings.limitMacChanges,
      newLeases: settings.limitNewLeases,
      unknownMessages: settings.limitUnknownMessages,
    },
    clients: clientRulesOf(settings),
  };
}

/** `NO_CLIENT_RULES` itself where everybody is served, so that no message is looked at for it. */
function clientRulesOf(settings: Settings): ClientRules {
  const { knownClientsOnly, allowMacs, denyMacs, allowVendorClasses, denyVendorClasses } = settings;
  const lists = [allowMacs, denyMacs, allowVendorClasses, denyVendorClasses];
  if (!knownClientsOnly && lists.every((list) => list.length === 0)) return NO_CLIENT_RULES;
  return {
    knownOnly: knownClientsOnly,
    knownBy: settings.knownClients,
    knownMacs: new MacList(settings.knownMacs),
    allowedMacs: new MacList(allowMacs),
    deniedMacs: new MacList(denyMacs),
    allowedVendorClasses: allowVendorClasses,
    deniedVendorClasses: denyVendorClasses,
  };
}

/** The peers to listen for. A gateway with a share of its own needs none: nobody else gives its addresses. */
function peersOf(settings: Settings, listenIp: Ipv4): ReadonlySet<Ipv4> {
  return settings.share.length > 0 ? new Set() : gatewaysOf(settings, listenIp);
}

/** The other gateways that are known by name or by the address plan. */
export function gatewaysOf(settings: Settings, listenIp: Ipv4): ReadonlySet<Ipv4> {
  const named = settings.peers ?? gatewayAddresses(prefixOf(settings.gateway, settings.subnetMask));
  return new Set(named.filter((address) => address !== listenIp));
}

function subnetOf(settings: Settings, own: readonly Ipv4[], mtu: number): Subnet {
  const { terms, classes } = settings.policy ?? NO_POLICY;
  const prefix = prefixOf(settings.gateway, settings.subnetMask);
  const excluded = excludedOf(settings, prefix, own);
  const inPool = new Set([...excluded].filter((one) => one >= settings.poolStart && one <= settings.poolEnd));
  const whole = poolRanges(settings);
  const ranges = settings.share.length > 0 ? settings.share : whole;
  const toPool = ({ first, last }: AddressSpan) => ({ first, last, excluded: inPool });
  return {
    prefix,
    pools: ranges.map(toPool),
    othersShares: rangesWithout(whole, ranges).map(toPool),
    excluded,
    reservations: NO_RESERVATIONS,
    leaseTimes: leaseTimesOf(settings),
    parameters: new Map([...parametersOf(settings, prefix, mtu), ...terms.options]),
    always: terms.always,
    renewal: { t1: settings.renewalTime, t2: settings.rebindingTime },
    boot: terms.boot,
    classes,
  };
}

/** Addresses that no guest may have: those of the router, the gateways, the relays and this host, and what is excluded. */
function excludedOf(settings: Settings, prefix: Prefix, own: readonly Ipv4[]): ReadonlySet<Ipv4> {
  const gateways = [...gatewayAddresses(prefix), ...(settings.peers ?? []), ...own];
  // A range may be all that the relays of a site could have; one address is a relay's.
  const relays = settings.relays.filter(({ first, last }) => first === last).map(({ first }) => first);
  const all = [settings.gateway, ...gateways, ...relays, prefix.network, broadcastOf(prefix)];
  const excluded = new Set(all.filter((address) => contains(prefix, address)));
  for (const { first, last } of settings.exclusions)
    for (let address: number = first; address <= last; address += 1) excluded.add(ipv4(address));
  return excluded;
}

/** The shortest and the longest lease that a client may have, and the one that it has if it asks for none. */
export function leaseTimesOf({ leaseTime, leaseTimeMin, leaseTimeMax }: Settings): LeaseTimes {
  return {
    default: leaseTime,
    minimum: leaseTimeMin ?? Math.min(SHORTEST_LEASE, leaseTime),
    maximum: leaseTimeMax ?? leaseTime,
  };
}

/** The options in their order for clients that ask for none in particular. */
function parametersOf(settings: Settings, prefix: Prefix, mtu: number): ReadonlyMap<number, OptionBlock> {
  const routes = routesOf(settings);
  const blocks = [
    block(OPTIONS.subnetMask, maskOfLength(prefix.length)),
    block(OPTIONS.routers, [settings.gateway]),
    block(OPTIONS.domainNameServers, orNone(settings.dns)),
    block(OPTIONS.domainName, unlessOff(settings.domain)),
    block(OPTIONS.interfaceMtu, mtuOf(settings, mtu)),
    block(OPTIONS.broadcastAddress, broadcastOf(prefix)),
    block(OPTIONS.ntpServers, orNone(settings.ntp)),
    block(OPTIONS.ipv6OnlyPreferred, unlessOff(settings.ipv6Only)),
    block(OPTIONS.domainSearch, orNone(settings.domainSearch)),
    block(OPTIONS.classlessRoutes, routes),
    // 249 was the code before RFC 3442, and some clients still ask for it.
    block(OPTIONS.microsoftClasslessRoutes, routes),
  ];
  return new Map(blocks.filter((one) => one !== undefined).map((one) => [one.code, one]));
}

/** RFC 3442: a client that takes classless routes ignores the router option, so the default route is among them. */
function routesOf({ routes, gateway }: Settings): readonly ClasslessRoute[] | undefined {
  if (routes.length === 0) return undefined;
  if (routes.some(({ destination }) => destination.length === 0)) return routes;
  return [...routes, { destination: prefixOf(UNSPECIFIED, 0), router: gateway }];
}

function mtuOf(settings: Settings, ofInterface: number): number | undefined {
  return settings.mtu === 'interface' ? Math.min(ofInterface, LARGEST_MTU) : unlessOff(settings.mtu);
}

function orNone<Value>(list: readonly Value[]): readonly Value[] | undefined {
  return list.length === 0 ? undefined : list;
}

function unlessOff<Value>(value: Value | 'off'): Value | undefined {
  return value === 'off' ? undefined : value;
}

/** The option, encoded once for all replies; undefined: it is not set. */
function block<Value>(option: Option<Value>, value: Value | undefined): OptionBlock | undefined {
  if (value === undefined) return undefined;
  const encoded = option.codec.encode(value);
  if (encoded === undefined)
    throw new Error(`option ${option.code}: settings that were checked cannot be encoded`);
  return { code: option.code, value: encoded };
}
