import { renewalTime } from './renewal-kind.ts';
import { AT_START, optional, setting, WITH_STORE } from './setting.ts';
import { directory, milliseconds, orOff, percentage, seconds } from './setting-kinds.ts';

/** The settings of leases: their times, and where they are kept. */
export const LEASE_SETTINGS = {
  leaseTime: setting('12h', {
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_LEASE_TIME',
    flag: 'lease-time',
    kind: seconds(1, 0xfffffffe, 'infinite'),
    help: 'lease time (option 51) for a client that names none: 12h, 90m, 1h30m, 3600, 7d or infinite',
  }),
  leaseTimeMin: optional({
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_LEASE_TIME_MIN',
    flag: 'lease-time-min',
    kind: seconds(1, 0xfffffffe, 'infinite'),
    help: 'the shortest a client may ask for; if not set, 2m, or the lease time where that is shorter',
  }),
  leaseTimeMax: optional({
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_LEASE_TIME_MAX',
    flag: 'lease-time-max',
    kind: seconds(1, 0xfffffffe, 'infinite'),
    help: 'the longest a client may ask for; if not set, the lease time',
  }),
  renewalTime: optional({
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_RENEWAL_TIME',
    flag: 'renewal-time',
    kind: renewalTime,
    help: 'when a client renews (T1, option 58): a part of the lease, 50%, or a duration; up to a tenth earlier, so that guests spread. Half of the lease if not set',
  }),
  rebindingTime: optional({
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_REBINDING_TIME',
    flag: 'rebinding-time',
    kind: renewalTime,
    help: 'when it asks any server (T2, option 59): a part of the lease, 87.5%, or a duration. Seven eighths of the lease if not set',
  }),
  leaseCache: setting('off', {
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_LEASE_CACHE',
    flag: 'lease-cache',
    kind: orOff(percentage(1, 45)),
    help: 'percent of a lease, 1 to 45: a renewal that comes earlier is answered with the time that is left, and nothing is written; or off',
  }),
  pace: setting('2ms', {
    group: 'Leases',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_PACE',
    flag: 'pace',
    kind: milliseconds(20),
    help: 'with more than 1,000 exchanges a second, the least time from one sync of the disk to the next, so that each serves several answers; not used where leases are shared; off: none',
  }),
  offerTime: setting('30s', {
    group: 'Leases',
    shared: 'should-be-equal',
    variable: 'GATEWAY_DHCP_OFFER_TIME',
    flag: 'offer-time',
    kind: seconds(1, 3600),
    help: 'how long an offer holds its address',
  }),
  // The volume of the gateway's container image stands here: an upgrade in place must find its leases kept.
  leasesDir: setting('/var/lib/obiente/vps-gateway', {
    group: 'Leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_DHCP_LEASES_DIR',
    flag: 'leases-dir',
    kind: directory,
    help: 'directory of leases.sqlite; on a local disk',
  }),
  history: setting('90d', {
    group: 'Leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_DHCP_HISTORY',
    flag: 'history',
    kind: seconds(0, 0xfffffffe, 'infinite'),
    help: 'how long the history of the addresses is kept: who held which one',
  }),
};
