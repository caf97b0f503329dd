import type { MalformedReason } from '../../wire/decode.ts';
import type { ClientDrop } from './client-drop.ts';
import type { RelayDrop } from './relay-drop.ts';

export interface DropRow {
  /** What happened, in one sentence. */
  readonly means: string;
  /** What the operator can do about it, if anything. */
  readonly remedy?: string;
  /** True: the datagram itself is faulty. False: any ordinary minute may have some. */
  readonly isFaulty: boolean;
  /** It was more than this gateway takes, or the operator's rules forbid it: the log tells it like what is faulty. */
  readonly isUnwelcome?: true;
}

/** Why a message or an order was not decided, or its reply was not sent. docs/troubleshooting.md is made from this table. */
export const DROPS = {
  'too-short': { isFaulty: true, means: 'It is shorter than the fixed part of a DHCP message.' },
  'too-long': { isFaulty: true, means: 'It is longer than UDP can carry.' },
  'bad-op': {
    isFaulty: true,
    means: 'Its first octet (op) is neither that of a request nor that of a reply.',
  },
  'bad-hlen': {
    isFaulty: true,
    means: 'The length of its hardware address (hlen) is larger than the field (chaddr).',
  },
  'bad-cookie': { isFaulty: true, means: 'The four octets before the options are not those of DHCP.' },
  'bad-message-type': {
    isFaulty: true,
    means: 'Its message type (option 53) does not have exactly one octet.',
  },
  'relay-not-listed': {
    isFaulty: true,
    means: 'It comes through a relay that GATEWAY_DHCP_RELAYS does not list.',
    remedy: 'If it is a relay of yours, list its giaddr there.',
  },
  'bad-giaddr': {
    isFaulty: true,
    means: 'It names a relay (giaddr) that cannot be one.',
    remedy: 'Look for the machine that sends it.',
  },
  forged: {
    isFaulty: true,
    means:
      'Another network card has sent it than its chaddr says, and it is no renewal that a router may have passed on. Up to 640 a second are counted, or one in 256 without the capability NET_RAW; the others end in the kernel.',
    remedy:
      'Look for the machine: the log has the MAC of its frames (`frame`). Where the network itself translates MACs, set GATEWAY_DHCP_CHADDR_CHECK=off.',
  },
  unjudged: {
    isFaulty: true,
    means:
      'It has no Ethernet address (htype 1, hlen 6) that could be compared with its frame, and more of these came than are answered: 10 a second.',
    remedy: 'Look for the machine that sends them. Guests on Ethernet do not.',
  },
  'of-a-server': {
    isFaulty: false,
    means: 'It is a reply of another DHCP server. It is noted, and not answered.',
    remedy: 'If that is no gateway of yours, `vps-gateway health` names the server.',
  },
  truncated: {
    isFaulty: true,
    means: 'It is longer than the memory for one datagram, so its end was not received.',
  },
  'no-client': { isFaulty: true, means: 'It has neither a client identifier nor a hardware address.' },
  'no-room': {
    isFaulty: false,
    means: 'Too many messages are waiting. The client asks again.',
    remedy: 'Look for a flood, or for a store of the leases that is slow (`vps-gateway health`).',
  },
  overload: {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'More messages came than this gateway can answer. Those of clients without a lease are dropped first; a client that asks again is answered before those that ask for the first time, and who was offered an address gets it.',
    remedy: 'Look for a flood: the line `datagrams dropped` names the MAC address that was seen last.',
  },
  'mac-messages': {
    isFaulty: false,
    isUnwelcome: true,
    means: 'Its MAC address has sent more messages in a second than GATEWAY_DHCP_LIMIT_MAC_MESSAGES allows.',
    remedy:
      'Look for a fault of that machine, or for a flood. Raise the setting if many clients share the MAC address.',
  },
  'mac-leases': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Its MAC address has taken as many new leases in a minute as GATEWAY_DHCP_LIMIT_MAC_LEASES allows.',
    remedy:
      'Look for a machine that asks under many client identifiers. Raise the setting if containers share the MAC address.',
  },
  'mac-changes': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Its MAC address has taken and released as many leases in a minute as GATEWAY_DHCP_LIMIT_MAC_CHANGES allows.',
    remedy: 'Look for a machine that releases its lease and takes it again without end.',
  },
  'port-messages': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'While many messages come, the guest at its port of the bridge has sent more in a second, in the names of unknown clients, than GATEWAY_DHCP_LIMIT_MAC_MESSAGES allows one MAC.',
    remedy: 'Look at that guest: the log names the VM or container. It changes its MAC with its messages.',
  },
  'port-leases': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'While many messages come, the guest at its port of the bridge has taken as many new leases in a minute as GATEWAY_DHCP_LIMIT_MAC_LEASES allows one MAC.',
    remedy:
      'As for `port-messages`. Containers within one VM that all start at once ask again, and get theirs later.',
  },
  'port-changes': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'While many messages come, the guest at its port of the bridge has taken and released as many leases in a minute as GATEWAY_DHCP_LIMIT_MAC_CHANGES allows one MAC.',
    remedy: 'As for `port-messages`.',
  },
  'segment-leases': {
    isFaulty: false,
    isUnwelcome: true,
    means: 'Unknown clients have taken as many leases in a minute as GATEWAY_DHCP_LIMIT_NEW_LEASES allows.',
    remedy: 'Raise the setting if so many guests start at once.',
  },
  'unknown-messages': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Unknown clients have sent more messages in a second than GATEWAY_DHCP_LIMIT_UNKNOWN_MESSAGES allows.',
    remedy: 'Look for a flood. Raise the setting if so many guests start at once.',
  },
  denied: {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Its MAC address or vendor class is on GATEWAY_DHCP_DENY_MACS or GATEWAY_DHCP_DENY_VENDOR_CLASSES.',
    remedy: 'Take it off that list if it is to be served. `vps-gateway health --json` has `refused_clients`.',
  },
  'not-allowed': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Its MAC address or vendor class is not on GATEWAY_DHCP_ALLOW_MACS or GATEWAY_DHCP_ALLOW_VENDOR_CLASSES, which is set.',
    remedy: 'Add it to that list if it is to be served. `vps-gateway health --json` has `refused_clients`.',
  },
  'unknown-client': {
    isFaulty: false,
    isUnwelcome: true,
    means:
      'Its client has no reservation and has never had a lease, and GATEWAY_DHCP_KNOWN_CLIENTS_ONLY is on.',
    remedy:
      'If it is to be served, make a reservation for it, or switch that setting off until it has its first lease. `vps-gateway health --json` has `refused_clients`.',
  },
  superseded: { isFaulty: false, means: 'A newer message of the same machine has taken its place.' },
  stale: {
    isFaulty: false,
    means: 'It waited so long that its client has asked again.',
    remedy:
      'If there are many, find out what makes this machine stand still: its disk, its processors, a paused VM.',
  },
  'stale-reply': {
    isFaulty: false,
    means: 'Its reply was not sent, because it could not leave in time.',
    remedy: 'As for `stale`.',
  },
  'conflict-limit': {
    isFaulty: false,
    means: 'Its leases changed again and again while it was decided. The client asks again.',
  },
  'send-refused': {
    isFaulty: false,
    means: 'The kernel did not take the reply.',
    remedy: 'Check that the interface is up, and that no firewall drops what this host sends from port 67.',
  },
  broken: {
    isFaulty: false,
    means: 'A mistake of this program stopped it; the log has an error with the place in the program.',
    remedy: 'Please report that error.',
  },
  stopping: { isFaulty: false, means: 'The gateway was being stopped.' },
} as const satisfies Readonly<Record<string, DropRow>> &
  Readonly<Record<MalformedReason | RelayDrop | ClientDrop, DropRow>>;

/** Also the label of a counter. */
export type Drop = keyof typeof DROPS;
