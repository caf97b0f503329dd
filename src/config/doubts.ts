import { ipv4ToText } from '../net/ipv4.ts';
import { contains, prefixOf, prefixToText } from '../net/prefix.ts';
import { gatewayAddresses } from './address-plan.ts';
import type { ReadSettings } from './contradictions.ts';
import { editsBetween, nearestTo } from './nearest.ts';
import { isWithin, poolRanges } from './pools.ts';
import { type Problem, SECRET_TEXT, type SettingFault } from './problem.ts';
import { type Environment, SETTING_KEYS, SETTINGS } from './settings.ts';
import { withoutPassword } from './without-password.ts';

/** The prefixes of variables that are meant for this program. */
const OURS = /^(GATEWAY|DHCP)_/i;
/** Variables of docker-compose.vps-gateway.yml, which passes all variables on. */
const OF_COMPOSE = 'GATEWAY_ETCD_CERTIFICATES';
const BEGINNING = /^(GATEWAY_)?(DHCP_)?/;
const ALL_OF_THEM = '`vps-gateway check` shows every setting that there is';
/** The most wrong letters in a name whose prefix is wrong. */
const SLIPS = 2;
/** Variables of the platform's older gateway, for its SSH proxy, address translation and time-outs. This one ignores them. */
const UNNEEDED =
  /^GATEWAY_(ALLOCATION_TTL(_SECONDS)?|API_CALL_TIMEOUT|API_URL|CLIENT_INIT_DELAY|FIND_VPS_TIMEOUT|OUTBOUND_\w+|PUBLIC_IP|RECONCILE_INTERVAL|UPLINK_INTERFACE)$/;
/** Names that other programs use for a setting, and whose spelling is not like ours. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  ROUTER: SETTINGS.gateway.variable,
  NETMASK: SETTINGS.subnetMask.variable,
};

/** Reports variables that are meant as settings, but no setting has their name. */
export function unreadVariables(environment: Environment): readonly Problem[] {
  const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
  const unread = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && !known.includes(name),
  );
  return [...unneeded(unread.map(([name]) => name)), ...misspelt(unread, known)];
}

/** One report for all variables of the older gateway. */
function unneeded(names: readonly string[]): readonly Problem[] {
  const found = names.filter((name) => UNNEEDED.test(name)).sort();
  if (found.length === 0) return [];
  return [
    {
      setting: found.join(', '),
      value: SECRET_TEXT,
      from: 'environment',
      message: "is the older gateway's, and nothing here needs it",
      remedy: 'leave it out, or let it stand',
    },
  ];
}

function misspelt(
  unread: readonly (readonly [name: string, value: string | undefined])[],
  known: readonly string[],
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, value] of unread) {
    if (UNNEEDED.test(name) || name === OF_COMPOSE) continue;
    const isOurs = OURS.test(name);
    const nearest = isOurs
      ? nearestVariable(name.toUpperCase(), known)
      : nearestTo(name.toUpperCase(), known, SLIPS);
    if (!isOurs && (nearest === undefined || editsBetween(name, nearest) > SLIPS)) continue;
    const isSecret = /SECRET|PASSWORD|TOKEN/i.test(`${name} ${nearest}`);
    problems.push({
      setting: name,
      value: value === undefined ? undefined : isSecret ? SECRET_TEXT : withoutPassword(value),
      from: `environment ${name}`,
      message: 'no setting has this name, and it is ignored',
      remedy: nearest === undefined ? ALL_OF_THEM : `did you mean ${nearest}?`,
    });
  }
  return problems;
}

/** Compares names without their prefixes: a prefix does not tell which setting was meant, and part of it is often left out. */
function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const restOf = (variable: string) => variable.replace(BEGINNING, '');
  if (restOf(name) === name) return nearestTo(name, known);
  const other = OTHER_WORDS[restOf(name)];
  if (other !== undefined) return other;
  const rest = nearestTo(restOf(name), known.map(restOf));
  return known.find((variable) => restOf(variable) === rest);
}

/** Settings that are valid, but most likely not meant so. */
export function doubtsIn(read: ReadSettings): readonly SettingFault[] {
  return [
    ...maskInSubnet(read),
    ...gatewaysInPool(read),
    ...relaysInPool(read),
    ...segmentAlone(read),
    ...peersElsewhere(read),
    ...nothingWatched(read),
    ...knownForNothing(read),
  ];
}

/** Who is known matters only where nobody else is served. */
function knownForNothing({
  knownClientsOnly,
  knownClients,
  knownMacs = [],
}: ReadSettings): readonly SettingFault[] {
  if (knownClientsOnly !== false) return [];
  const remedy = `set ${SETTINGS.knownClientsOnly.variable} (--${SETTINGS.knownClientsOnly.flag}) to on, or leave it out`;
  const message = 'counts only where known clients alone are served';
  if (knownMacs.length > 0) return [{ key: 'knownMacs', message, remedy }];
  return knownClients === 'reserved' ? [{ key: 'knownClients', message, remedy }] : [];
}

function nothingWatched({ watchesFile, settingsFile }: ReadSettings): readonly SettingFault[] {
  if (watchesFile !== true || settingsFile !== undefined) return [];
  const remedy = `set ${SETTINGS.settingsFile.variable} (--${SETTINGS.settingsFile.flag}), or leave it out`;
  return [{ key: 'watchesFile', message: 'there is no settings file to watch', remedy }];
}

/** Peers are known by what is heard on the segment. */
function peersElsewhere({ peers = [], gateway, subnetMask }: ReadSettings): readonly SettingFault[] {
  if (gateway === undefined || subnetMask === undefined) return [];
  const prefix = prefixOf(gateway, subnetMask);
  const elsewhere = peers.filter((peer) => !contains(prefix, peer)).map(ipv4ToText);
  if (elsewhere.length === 0) return [];
  const message = `${elsewhere.join(', ')} is outside ${prefixToText(prefix)}, so it is never heard there`;
  const remedy = 'name the addresses that the other gateways listen on';
  return [{ key: 'peers', message, remedy }];
}

/** A segment's name without endpoints of etcd: the leases are not shared, though that was probably meant. */
function segmentAlone({ segment, etcdEndpoints = [] }: ReadSettings): readonly SettingFault[] {
  if (segment === undefined || etcdEndpoints.length > 0) return [];
  const remedy = `set ${SETTINGS.etcdEndpoints.variable} to share them, or leave it out`;
  return [{ key: 'segment', message: 'is set without etcd: leases are not shared', remedy }];
}

/** A mask in GATEWAY_DHCP_SUBNET, as older settings have it. */
function maskInSubnet({ subnet }: ReadSettings): readonly SettingFault[] {
  if (subnet?.kind !== 'mask') return [];
  const remedy = `name it ${SETTINGS.subnetMask.variable}, and leave ${SETTINGS.subnet.variable} out`;
  return [{ key: 'subnet', message: 'is a mask, and is taken as one', remedy }];
}

/** RFC 3046 §5: what a relay says is believed, so a guest must not be able to pass for one. */
function relaysInPool(read: ReadSettings): readonly SettingFault[] {
  const pools = poolRanges(read);
  const inPool = read.relays?.find(
    ({ first, last }) => first < last && pools.some((pool) => first <= pool.last && last >= pool.first),
  );
  if (inPool === undefined) return [];
  const range = `${ipv4ToText(inPool.first)}-${ipv4ToText(inPool.last)}`;
  const message = `${range} has addresses of the pool: a guest with one of them passes for a relay`;
  return [
    { key: 'relays', message, remedy: 'list each relay by its own address: it is given to no guest then' },
  ];
}

function gatewaysInPool(read: ReadSettings): readonly SettingFault[] {
  const { gateway, subnetMask, pools } = read;
  if (gateway === undefined || subnetMask === undefined) return [];
  const ranges = poolRanges(read);
  const inside = gatewayAddresses(prefixOf(gateway, subnetMask)).filter((address) =>
    isWithin({ first: address, last: address }, ranges),
  );
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return [];
  const message = `the pool holds ${ipv4ToText(first)} to ${ipv4ToText(last)}, which are gateways' and are never given out`;
  return [
    { key: pools === undefined ? 'poolStart' : 'pools', message, remedy: 'begin the pool behind them' },
  ];
}
