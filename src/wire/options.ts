import { classlessRoutes } from './classless-routes.ts';
import { domainNames } from './domain-names.ts';
import {
  type Codec,
  flag,
  int32,
  interfaceMtu,
  ipv4,
  ipv4List,
  ipv4PairList,
  messageSize,
  opaque,
  presence,
  seconds,
  text,
  uint8,
  uint8List,
  uint16,
  uint16List,
} from './option-codecs.ts';

/** One option: its code, the type of its value, and the rule that defines it. */
export interface Option<Value> {
  readonly code: number;
  readonly codec: Codec<Value>;
  /** Where it is defined. */
  readonly section: string;
}

function option<Value>(code: number, codec: Codec<Value>, section: string): Option<Value> {
  return { code, codec, section };
}

/**
 * Every option that this server knows. Decoding, the configuration and what people read derive from this table; other
 * options are octets. The few codes that a rule of the engine names are constants beside that rule (engine/reply/reply.ts).
 */
export const OPTIONS = {
  // RFC 2132 §3: RFC 1497 vendor extensions
  subnetMask: option(1, ipv4, 'RFC 2132 §3.3'),
  timeOffset: option(2, int32, 'RFC 2132 §3.4'),
  routers: option(3, ipv4List, 'RFC 2132 §3.5'),
  timeServers: option(4, ipv4List, 'RFC 2132 §3.6'),
  nameServers: option(5, ipv4List, 'RFC 2132 §3.7'),
  domainNameServers: option(6, ipv4List, 'RFC 2132 §3.8'),
  logServers: option(7, ipv4List, 'RFC 2132 §3.9'),
  cookieServers: option(8, ipv4List, 'RFC 2132 §3.10'),
  lprServers: option(9, ipv4List, 'RFC 2132 §3.11'),
  impressServers: option(10, ipv4List, 'RFC 2132 §3.12'),
  resourceLocationServers: option(11, ipv4List, 'RFC 2132 §3.13'),
  hostName: option(12, text, 'RFC 2132 §3.14'),
  bootFileSize: option(13, uint16, 'RFC 2132 §3.15'),
  meritDumpFile: option(14, text, 'RFC 2132 §3.16'),
  domainName: option(15, text, 'RFC 2132 §3.17'),
  swapServer: option(16, ipv4, 'RFC 2132 §3.18'),
  rootPath: option(17, text, 'RFC 2132 §3.19'),
  extensionsPath: option(18, text, 'RFC 2132 §3.20'),
  // RFC 2132 §4: IP layer parameters per host
  ipForwarding: option(19, flag, 'RFC 2132 §4.1'),
  nonLocalSourceRouting: option(20, flag, 'RFC 2132 §4.2'),
  policyFilter: option(21, ipv4PairList, 'RFC 2132 §4.3'),
  maximumReassemblySize: option(22, messageSize, 'RFC 2132 §4.4'),
  defaultIpTimeToLive: option(23, uint8, 'RFC 2132 §4.5'),
  pathMtuAgingTimeout: option(24, seconds, 'RFC 2132 §4.6'),
  pathMtuPlateauTable: option(25, uint16List, 'RFC 2132 §4.7'),
  // RFC 2132 §5: IP layer parameters per interface
  interfaceMtu: option(26, interfaceMtu, 'RFC 2132 §5.1'),
  allSubnetsLocal: option(27, flag, 'RFC 2132 §5.2'),
  broadcastAddress: option(28, ipv4, 'RFC 2132 §5.3'),
  performMaskDiscovery: option(29, flag, 'RFC 2132 §5.4'),
  maskSupplier: option(30, flag, 'RFC 2132 §5.5'),
  performRouterDiscovery: option(31, flag, 'RFC 2132 §5.6'),
  routerSolicitationAddress: option(32, ipv4, 'RFC 2132 §5.7'),
  staticRoutes: option(33, ipv4PairList, 'RFC 2132 §5.8'),
  // RFC 2132 §6: link layer parameters per interface
  trailerEncapsulation: option(34, flag, 'RFC 2132 §6.1'),
  arpCacheTimeout: option(35, seconds, 'RFC 2132 §6.2'),
  ethernetEncapsulation: option(36, flag, 'RFC 2132 §6.3'),
  // RFC 2132 §7: TCP parameters
  tcpDefaultTimeToLive: option(37, uint8, 'RFC 2132 §7.1'),
  tcpKeepaliveInterval: option(38, seconds, 'RFC 2132 §7.2'),
  tcpKeepaliveGarbage: option(39, flag, 'RFC 2132 §7.3'),
  // RFC 2132 §8: application and service parameters
  nisDomain: option(40, text, 'RFC 2132 §8.1'),
  nisServers: option(41, ipv4List, 'RFC 2132 §8.2'),
  ntpServers: option(42, ipv4List, 'RFC 2132 §8.3'),
  vendorSpecificInformation: option(43, opaque(1), 'RFC 2132 §8.4'),
  netbiosNameServers: option(44, ipv4List, 'RFC 2132 §8.5'),
  netbiosDatagramServers: option(45, ipv4List, 'RFC 2132 §8.6'),
  netbiosNodeType: option(46, uint8, 'RFC 2132 §8.7'),
  netbiosScope: option(47, text, 'RFC 2132 §8.8'),
  xFontServers: option(48, ipv4List, 'RFC 2132 §8.9'),
  xDisplayManagers: option(49, ipv4List, 'RFC 2132 §8.10'),
  // RFC 2132 §9: DHCP extensions, and §8 again from 64 on
  requestedAddress: option(50, ipv4, 'RFC 2132 §9.1'),
  leaseTime: option(51, seconds, 'RFC 2132 §9.2'),
  optionOverload: option(52, uint8, 'RFC 2132 §9.3'),
  messageType: option(53, uint8, 'RFC 2132 §9.6'),
  serverIdentifier: option(54, ipv4, 'RFC 2132 §9.7'),
  parameterRequestList: option(55, uint8List, 'RFC 2132 §9.8'),
  message: option(56, text, 'RFC 2132 §9.9'),
  maximumSize: option(57, messageSize, 'RFC 2132 §9.10'),
  renewalTime: option(58, seconds, 'RFC 2132 §9.11'),
  rebindingTime: option(59, seconds, 'RFC 2132 §9.12'),
  vendorClassIdentifier: option(60, opaque(1), 'RFC 2132 §9.13'),
  clientIdentifier: option(61, opaque(2), 'RFC 2132 §9.14'),
  netwareIpDomain: option(62, text, 'RFC 2242 §2'),
  nisPlusDomain: option(64, text, 'RFC 2132 §8.11'),
  nisPlusServers: option(65, ipv4List, 'RFC 2132 §8.12'),
  tftpServerName: option(66, text, 'RFC 2132 §9.4'),
  bootFileName: option(67, text, 'RFC 2132 §9.5'),
  mobileIpHomeAgents: option(68, ipv4List, 'RFC 2132 §8.13'),
  smtpServers: option(69, ipv4List, 'RFC 2132 §8.14'),
  pop3Servers: option(70, ipv4List, 'RFC 2132 §8.15'),
  nntpServers: option(71, ipv4List, 'RFC 2132 §8.16'),
  wwwServers: option(72, ipv4List, 'RFC 2132 §8.17'),
  fingerServers: option(73, ipv4List, 'RFC 2132 §8.18'),
  ircServers: option(74, ipv4List, 'RFC 2132 §8.19'),
  streetTalkServers: option(75, ipv4List, 'RFC 2132 §8.20'),
  stdaServers: option(76, ipv4List, 'RFC 2132 §8.21'),
  // Later documents
  userClass: option(77, opaque(1), 'RFC 3004 §4'),
  slpDirectoryAgent: option(78, opaque(1), 'RFC 2610 §3'),
  slpServiceScope: option(79, opaque(1), 'RFC 2610 §4'),
  rapidCommit: option(80, presence, 'RFC 4039 §4'),
  clientFqdn: option(81, opaque(3), 'RFC 4702 §2'),
  relayAgentInformation: option(82, opaque(0), 'RFC 3046 §2.0'),
  ndsServers: option(85, ipv4List, 'RFC 2241 §2'),
  ndsTreeName: option(86, text, 'RFC 2241 §3'),
  ndsContext: option(87, text, 'RFC 2241 §4'),
  bcmcsDomains: option(88, domainNames, 'RFC 4280 §4.1'),
  bcmcsServers: option(89, ipv4List, 'RFC 4280 §4.3'),
  authentication: option(90, opaque(11), 'RFC 3118 §2'),
  clientLastTransactionTime: option(91, seconds, 'RFC 4388 §6.1'),
  associatedAddresses: option(92, ipv4List, 'RFC 4388 §6.1'),
  clientArchitecture: option(93, uint16List, 'RFC 4578 §2.1'),
  clientNetworkInterface: option(94, opaque(3), 'RFC 4578 §2.2'),
  ldapServer: option(95, text, 'RFC 3679 §3.1'),
  clientMachineIdentifier: option(97, opaque(1), 'RFC 4578 §2.3'),
  userAuthentication: option(98, text, 'RFC 2485 §2'),
  posixTimeZone: option(100, text, 'RFC 4833 §2'),
  tzDatabaseTimeZone: option(101, text, 'RFC 4833 §2'),
  ipv6OnlyPreferred: option(108, seconds, 'RFC 8925 §3.1'),
  netinfoAddress: option(112, ipv4List, 'RFC 3679 §3.2'),
  netinfoTag: option(113, text, 'RFC 3679 §3.2'),
  captivePortal: option(114, text, 'RFC 8910 §2.1'),
  autoConfigure: option(116, uint8, 'RFC 2563 §2'),
  nameServiceSearch: option(117, uint16List, 'RFC 2937'),
  subnetSelection: option(118, ipv4, 'RFC 3011 §2'),
  domainSearch: option(119, domainNames, 'RFC 3397 §2'),
  sipServers: option(120, opaque(1), 'RFC 3361 §3'),
  classlessRoutes: option(121, classlessRoutes, 'RFC 3442'),
  vendorIdentifyingClass: option(124, opaque(5), 'RFC 3925 §3'),
  vendorIdentifyingInformation: option(125, opaque(5), 'RFC 3925 §4'),
  panaAgents: option(136, ipv4List, 'RFC 5192 §4'),
  capwapControllers: option(138, ipv4List, 'RFC 5417'),
  sipConfigurationDomains: option(141, domainNames, 'RFC 6011 §4.1'),
  forcerenewNonce: option(145, uint8List, 'RFC 6704'),
  tftpServerAddresses: option(150, ipv4List, 'RFC 5859'),
  pxelinuxConfigurationFile: option(209, text, 'RFC 5071 §4'),
  pxelinuxPathPrefix: option(210, text, 'RFC 5071 §5'),
  pxelinuxRebootTime: option(211, seconds, 'RFC 5071 §6'),
  microsoftClasslessRoutes: option(249, classlessRoutes, 'RFC 3442'),
  webProxyAutoDiscovery: option(252, text, 'private use, RFC 2132 §2'),
};

export type OptionName = keyof typeof OPTIONS;
export type OptionValue<Name extends OptionName> =
  (typeof OPTIONS)[Name] extends Option<infer Value> ? Value : never;
