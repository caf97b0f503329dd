import { macList, vendorClassList } from './client-rule-kinds.ts';
import { setting } from './setting.ts';
import { oneOf, switchOf } from './setting-kinds.ts';

/** The settings of who is served at all. */
export const CLIENT_RULE_SETTINGS = {
  knownClientsOnly: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_KNOWN_CLIENTS_ONLY',
    flag: 'known-clients-only',
    kind: switchOf,
    help: 'on: only clients that have a reservation or a lease, or have had one whose address nobody else has had since, get an answer',
  }),
  knownClients: setting('leased', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_KNOWN_CLIENTS',
    flag: 'known-clients',
    kind: oneOf('leased', 'reserved'),
    help: 'who is known then: leased: as said; reserved: only who has a reservation, and no lease makes known',
  }),
  knownMacs: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_KNOWN_MACS',
    flag: 'known-macs',
    kind: macList,
    help: 'MACs that are known besides, whole or by their first octets: bc:24:11,52:54:00:12:34:56; off: none',
  }),
  allowMacs: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_ALLOW_MACS',
    flag: 'allow-macs',
    kind: macList,
    help: 'the only MACs that get an answer, whole or by their first octets: bc:24:11,52:54:00:12:34:56; off: all',
  }),
  denyMacs: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_DENY_MACS',
    flag: 'deny-macs',
    kind: macList,
    help: 'MACs that get no answer, whole or by their first octets, also if they are allowed; off: none',
  }),
  allowVendorClasses: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_ALLOW_VENDOR_CLASSES',
    flag: 'allow-vendor-classes',
    kind: vendorClassList,
    help: 'the only vendor classes (option 60) that get an answer, whole or with * at the end: MSFT 5.0,udhcp*; off: all',
  }),
  denyVendorClasses: setting('off', {
    group: 'Who is served',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_DENY_VENDOR_CLASSES',
    flag: 'deny-vendor-classes',
    kind: vendorClassList,
    help: 'vendor classes (option 60) that get no answer, whole or with * at the end: PXEClient*; off: none',
  }),
};
