import { setting } from './setting.ts';
import { count, switchOf } from './setting-kinds.ts';

/** The settings of what one guest, and all unknown clients together, may ask for in a time; 0: any number. */
export const LIMIT_SETTINGS = {
  limitMacMessages: setting('50', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_MAC_MESSAGES',
    flag: 'limit-mac-messages',
    kind: count(0, 100_000),
    help: 'messages of one MAC that are answered in a second; 0: any number',
  }),
  limitMacLeases: setting('12', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_MAC_LEASES',
    flag: 'limit-mac-leases',
    kind: count(0, 100_000),
    help: 'leases in a minute that one MAC gets under client identifiers without a lease before; 0: any number',
  }),
  limitMacChanges: setting('30', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_MAC_CHANGES',
    flag: 'limit-mac-changes',
    kind: count(0, 100_000),
    help: 'leases that one MAC takes or releases in a minute, renewals not counted; 0: any number',
  }),
  limitNewLeases: setting('0', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_NEW_LEASES',
    flag: 'limit-new-leases',
    kind: count(0, 100_000_000),
    help: 'leases in a minute for clients without a lease before, all together; known clients are not counted; 0: any number',
  }),
  limitUnknownMessages: setting('0', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_UNKNOWN_MESSAGES',
    flag: 'limit-unknown-messages',
    kind: count(0, 10_000_000),
    help: 'messages in a second of clients without a lease before, all together; 0: any number',
  }),
  limitPorts: setting('on', {
    group: 'Limits',
    variable: 'GATEWAY_DHCP_LIMIT_PORTS',
    flag: 'limit-ports',
    kind: switchOf,
    help: 'on: the guest at one port of the bridge counts as one, whatever MACs it sends from; off: as many as it says, as for a VM with a network of guests of its own behind it',
  }),
};
