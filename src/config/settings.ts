import type { Policy } from '../subnet/policy.ts';
import { API_SETTINGS } from './api-settings.ts';
import { CLIENT_RULE_SETTINGS } from './client-rule-settings.ts';
import { CLIENT_SETTINGS } from './client-settings.ts';
import { ETCD_SETTINGS } from './etcd-settings.ts';
import { HOOK_SETTINGS } from './hook-settings.ts';
import { LEASE_SETTINGS } from './lease-settings.ts';
import { LIMIT_SETTINGS } from './limit-settings.ts';
import {
  address,
  addressList,
  exclusionList,
  interfaceName,
  mask,
  network,
  rangeList,
  relayList,
} from './network-kinds.ts';
import { PLATFORM_SETTINGS } from './platform-settings.ts';
import { AT_START, optional, setting } from './setting.ts';
import { count, logLevel, milliseconds, oneOf, path, type SettingKind, switchOf } from './setting-kinds.ts';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Every setting: key, variable, flag, type, default and help. A flag beats the variable, which beats the settings file, which
 * beats the default.
 */
export const SETTINGS = {
  listenIp: optional({
    group: 'Segment',
    restart: 'it is the server identifier of all leases that run',
    variable: 'GATEWAY_DHCP_LISTEN_IP',
    flag: 'listen-ip',
    kind: address,
    help: "this node's own address, 10.15.3.10 to .19; also the server identifier. Found on the interface if not set",
  }),
  interface: optional({
    group: 'Segment',
    restart: 'the sockets are bound to it',
    variable: 'GATEWAY_DHCP_INTERFACE',
    flag: 'interface',
    kind: interfaceName,
    help: 'the interface on the segment. Found by the listen IP if not set',
  }),
  gateway: setting('10.15.3.1', {
    group: 'Segment',
    shared: 'must-be-equal',
    variable: 'GATEWAY_DHCP_GATEWAY',
    flag: 'gateway',
    kind: address,
    help: 'the router of the segment (option 3)',
  }),
  subnetMask: setting('255.255.255.0', {
    group: 'Segment',
    restart: 'the leases that run are of that network',
    shared: 'must-be-equal',
    variable: 'GATEWAY_DHCP_SUBNET_MASK',
    flag: 'subnet-mask',
    kind: mask,
    help: 'mask of the segment (option 1), dotted or as a prefix length: 24',
  }),
  subnet: optional({
    group: 'Segment',
    variable: 'GATEWAY_DHCP_SUBNET',
    flag: 'subnet',
    kind: network,
    help: 'network address of the segment; only compared with router and mask, which determine it',
  }),
  poolStart: setting('10.15.3.20', {
    group: 'Segment',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_POOL_START',
    flag: 'pool-start',
    kind: address,
    help: 'first address for guests',
  }),
  poolEnd: setting('10.15.3.254', {
    group: 'Segment',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_POOL_END',
    flag: 'pool-end',
    kind: address,
    help: 'last address for guests',
  }),
  pools: optional({
    group: 'Segment',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_POOLS',
    flag: 'pools',
    kind: rangeList,
    help: 'in place of the first and the last address, the ranges of a pool with holes, separated by commas: 10.15.3.20-10.15.3.99',
  }),
  exclusions: setting('off', {
    group: 'Segment',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_EXCLUDE',
    flag: 'exclusions',
    kind: exclusionList,
    help: 'addresses that no guest gets, not even by a reservation: 10.15.3.50,10.15.3.60-10.15.3.69, 1024 of them at most; off: none',
  }),
  peers: optional({
    group: 'Segment',
    variable: 'GATEWAY_PEERS',
    flag: 'peers',
    kind: addressList,
    help: 'the other gateways of this pool, separated by commas; 10.15.3.10 to .19 if not set; off: no other gateway counts',
  }),
  share: setting('off', {
    group: 'Segment',
    variable: 'GATEWAY_DHCP_SHARE',
    flag: 'share',
    kind: rangeList,
    help: 'the part of the pool that this gateway alone gives out: 10.15.3.20-10.15.3.97; off: all of it',
  }),
  relays: setting('off', {
    group: 'Segment',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_RELAYS',
    flag: 'relays',
    kind: relayList,
    help: 'the relay agents that are answered, by giaddr: 10.15.3.5,10.15.3.6-10.15.3.8,10.15.4.0/24; off: none',
  }),
  listenOnRouter: setting('off', {
    group: 'Segment',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_LISTEN_ON_ROUTER',
    flag: 'listen-on-router',
    kind: switchOf,
    help: 'this host is the router, and the only gateway: the listen IP may be its address',
  }),
  wait: setting('on', {
    group: 'Segment',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_WAIT',
    flag: 'wait',
    kind: switchOf,
    help: 'off: an interface or listen IP that is missing, or that another machine has, is an error; on: it is waited for',
  }),
  allowSeveralInterfaces: setting('off', {
    group: 'Segment',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_ALLOW_SEVERAL_INTERFACES',
    flag: 'allow-several-interfaces',
    kind: switchOf,
    help: 'start even if sockets cannot be bound to one interface (no koffi), and serve all of them',
  }),
  ...CLIENT_SETTINGS,
  ...LEASE_SETTINGS,
  ...ETCD_SETTINGS,
  identity: setting('auto', {
    group: 'Behaviour',
    restart: 'leases are found by who their clients are',
    shared: 'must-be-equal',
    variable: 'GATEWAY_DHCP_IDENTITY',
    flag: 'identity',
    kind: oneOf('auto', 'client-id', 'mac'),
    help: 'who a client is: auto (its client identifier, made safe for cloned machines), client-id or mac',
  }),
  leasesPerMac: setting('4', {
    group: 'Behaviour',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_LEASES_PER_MAC',
    flag: 'leases-per-mac',
    kind: count(0, 64),
    help: 'leases that one MAC may have under different client identifiers, with identity auto; 0: any number',
  }),
  chaddrCheck: setting('on', {
    group: 'Behaviour',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_CHADDR_CHECK',
    flag: 'chaddr-check',
    kind: switchOf,
    help: 'off: messages count whatever MAC their frames come from, as where a network translates MACs; on: forged ones end in the kernel',
  }),
  authoritative: setting('on', {
    group: 'Behaviour',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_AUTHORITATIVE',
    flag: 'authoritative',
    kind: switchOf,
    help: 'off: a client that asks for an address of another network gets no answer instead of a DHCPNAK',
  }),
  rapidCommit: setting('off', {
    group: 'Behaviour',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_RAPID_COMMIT',
    flag: 'rapid-commit',
    kind: switchOf,
    help: 'two messages instead of four for clients that ask for it (RFC 4039)',
  }),
  bootp: setting('off', {
    group: 'Behaviour',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_BOOTP',
    flag: 'bootp',
    kind: switchOf,
    help: 'serve BOOTP clients, whose leases never end (RFC 1534)',
  }),
  subnetSelection: setting('off', {
    group: 'Behaviour',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_SUBNET_SELECTION',
    flag: 'subnet-selection',
    kind: switchOf,
    help: 'let clients say by option 118 which subnet they want (RFC 3011, which wants it off unless needed)',
  }),
  arpProbe: setting('300ms', {
    group: 'Behaviour',
    variable: 'GATEWAY_DHCP_ARP_PROBE',
    flag: 'arp-probe',
    kind: milliseconds(2000),
    help: 'how long the segment is asked by ARP for an address before it is offered, where it was not asked ahead of need; off: nothing is asked',
  }),
  ...CLIENT_RULE_SETTINGS,
  ...LIMIT_SETTINGS,
  settingsFile: optional({
    group: 'Settings file',
    restart: AT_START,
    variable: 'GATEWAY_CONFIG',
    flag: 'config',
    kind: path('file'),
    help: 'a file of settings in YAML; a flag or a variable of the same setting beats it',
  }),
  watchesFile: setting('off', {
    group: 'Settings file',
    restart: AT_START,
    variable: 'GATEWAY_CONFIG_WATCH',
    flag: 'config-watch',
    kind: switchOf,
    help: 'on: a settings file that changes is reloaded within seconds; off: by SIGHUP or `vps-gateway reload`',
  }),
  logLevel: setting('info', {
    group: 'Log',
    restart: AT_START,
    variable: 'LOG_LEVEL',
    flag: 'log-level',
    kind: logLevel,
    help: 'trace, debug, info, warn, error, fatal or silent',
  }),
  logFormat: setting('auto', {
    group: 'Log',
    restart: AT_START,
    variable: 'LOG_FORMAT',
    flag: 'log-format',
    kind: oneOf('auto', 'json', 'pretty'),
    help: 'json, pretty, or auto: pretty on a terminal, else json',
  }),
  ...API_SETTINGS,
  ...HOOK_SETTINGS,
  ...PLATFORM_SETTINGS,
};

export type SettingKey = keyof typeof SETTINGS;

/** What a row of the table gives: its kind's value, or undefined where it may be left open. */
type ValueOf<Row> = Row extends { readonly kind: SettingKind<infer Value>; readonly default: infer Fallback }
  ? Fallback extends undefined
    ? Value | undefined
    : Value
  : never;

/** The value of each setting, checked alone and against the others. */
export type Settings = { readonly [Key in SettingKey]: ValueOf<(typeof SETTINGS)[Key]> } & {
  /** What a settings file says besides; absent: nothing. */
  readonly policy?: Policy;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];
