import { addressList, domainList, domainName, mtu, routes } from './network-kinds.ts';
import { setting } from './setting.ts';
import { orOff, seconds } from './setting-kinds.ts';

/** The settings of what clients are told, as options of the reply. */
export const CLIENT_SETTINGS = {
  dns: setting('1.1.1.1,1.0.0.1', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_DNS',
    flag: 'dns',
    kind: addressList,
    help: 'DNS servers (option 6), separated by commas; off: none',
  }),
  domain: setting('vps.local', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_DOMAIN',
    flag: 'domain',
    kind: orOff(domainName),
    help: 'domain name (option 15); off: none',
  }),
  domainSearch: setting('off', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_DOMAIN_SEARCH',
    flag: 'domain-search',
    kind: domainList,
    help: 'domains to search (option 119), separated by commas',
  }),
  ntp: setting('off', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_NTP',
    flag: 'ntp',
    kind: addressList,
    help: 'NTP servers (option 42), separated by commas',
  }),
  routes: setting('off', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_ROUTES',
    flag: 'routes',
    kind: routes,
    help: 'classless routes (options 121 and 249): 10.0.0.0/8=10.15.3.5,...; the default route through the router is added (RFC 3442)',
  }),
  mtu: setting('interface', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_MTU',
    flag: 'mtu',
    kind: mtu,
    help: "MTU of the guests (option 26): a number, 'interface' for that of the bound interface, or off",
  }),
  ipv6Only: setting('off', {
    group: 'Told to clients',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_IPV6_ONLY',
    flag: 'ipv6-only',
    kind: orOff(seconds(300, 0xffffffff)),
    help: 'for how long clients that ask for it switch IPv4 off (option 108, RFC 8925), at least 300 s; or off',
  }),
};
