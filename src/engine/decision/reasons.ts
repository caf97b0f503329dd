import { CHANGE_REASONS } from './change-reasons.ts';
import type { ReasonRow } from './reason-row.ts';

/**
 * Every reason, and what it means. Four words stand for a DHCPNAK or for no answer: `wrong-network`, `excluded`,
 * `reserved-for-another` and `heard-once`. docs/troubleshooting.md is made from this table.
 */
export const REASONS = {
  offered: { kind: 'reply', means: 'DHCPDISCOVER: an address is held for the client, and offered to it.' },
  'offered-to-clone': {
    kind: 'reply',
    means:
      'DHCPDISCOVER: another machine that presents the same client identifier is alive, so this one is offered an address of its own.',
    remedy:
      'Both are served. Empty /etc/machine-id in the template that both were cloned from, and on one of them, so that each makes its own.',
  },
  'offered-again': {
    kind: 'reply',
    means: "DHCPDISCOVER: the address of the client's lease, or of the offer that it has, is offered to it.",
  },
  'offered-unheld': {
    kind: 'reply',
    means:
      'DHCPDISCOVER: many free addresses are already held for unknown clients. So this address is offered and not held: the first client that asks for it gets it.',
    remedy:
      'If this goes on, look for one machine that asks in many names: the MAC filter of the firewall stops it.',
  },
  bound: { kind: 'reply', means: 'The client has got its first lease on this address.' },
  moved: { kind: 'reply', means: 'The client has got another address. Its old address is free.' },
  renewed: { kind: 'reply', means: 'The lease is extended.' },
  rebooted: { kind: 'reply', means: 'A client that has started again has its lease confirmed.' },
  cached: {
    kind: 'reply',
    means:
      'The lease began a short while ago. The client is told what is left of it, and nothing is written.',
  },
  'as-committed': {
    kind: 'reply',
    means: 'Nothing new can be stored now. The client is told what is left of its lease.',
    remedy: 'Ask `vps-gateway health` what is wrong with the store of the leases.',
  },
  adopted: {
    kind: 'reply',
    means:
      'A client renews a lease that this gateway does not know, and nobody else has its address: it is taken over.',
    remedy:
      'If this happens to many clients, find out why their leases were lost: a file that was put back, another server.',
  },
  informed: {
    kind: 'reply',
    means: 'DHCPINFORM: a client that has its address from elsewhere is told the other settings.',
  },
  bootp: { kind: 'reply', means: 'A BOOTP client has got an address, with a lease without end.' },

  'wrong-network': {
    kind: 'refusal',
    mayBeSilence: true,
    means: 'The client asks for an address of another network; it is told to begin again.',
  },
  excluded: {
    kind: 'refusal',
    mayBeSilence: true,
    means:
      "The client asks for the router's, a gateway's or the network's own address; it is told to begin again.",
  },
  'reserved-for-another': {
    kind: 'refusal',
    mayBeSilence: true,
    means: 'The client asks for an address that is reserved for another client; it is told to begin again.',
  },
  'reserved-elsewhere': {
    kind: 'refusal',
    means:
      'Another address is reserved for the client than the one that it has, and is free now: it is told to begin again, and gets it.',
  },
  'not-in-pool': {
    kind: 'refusal',
    means:
      'The client asks for an address that is in no pool, or that is kept for a day for a reservation that was removed, or that is reserved for it in another gateway’s share of the pool; it is told to begin again.',
    remedy:
      'If it is to keep that address: where `vps-gateway reservations list --retired` shows it, reserve it again for that id (`vps-gateway reservations set`); else widen the pool (GATEWAY_DHCP_POOL_START, GATEWAY_DHCP_POOL_END), or reserve it. In another gateway’s share there is nothing to do: that gateway gives it.',
  },
  'bound-to-another': {
    kind: 'refusal',
    means: 'The client asks for an address that is leased to another client.',
    remedy: '`vps-gateway leases history <address>` tells who has it, and since when.',
  },
  'offer-lost': {
    kind: 'refusal',
    means:
      'The client selects an address of this gateway, and another client has got it first. It is told to begin again, and gets another address.',
    remedy:
      'A few are no fault: where many boot at once, one address may be offered to two of them. If it goes on, the pool is nearly full, or one machine asks in many names.',
  },
  'offered-to-another': {
    kind: 'refusal',
    means: 'The client asks for an address that is on offer to another client.',
  },
  'bound-elsewhere': {
    kind: 'refusal',
    means: 'The client asks for an address, but its lease is for another address.',
  },
  quarantined: {
    kind: 'refusal',
    means:
      'The client asks for an address at which another machine was seen. Nobody gets that address for a while.',
    remedy: 'Find the machine that uses it (`arping <address>`) and give it an address outside the pool.',
  },
  'heard-once': {
    kind: 'refusal',
    mayBeSilence: true,
    means:
      'Another machine has answered ARP once for the address. The client gets no answer, or is told to begin again; a second answer of that machine puts the address into quarantine.',
    remedy:
      'If this goes on, look for a machine that answers ARP in the names of others: the MAC filter of the firewall stops it.',
  },
  'rival-won': {
    kind: 'refusal',
    means:
      "Another gateway's client asked for the same address at the same moment, and that gateway goes first.",
    remedy: 'It does not happen if the gateways share their leases in etcd.',
  },

  released: { kind: 'change', means: 'The client has given its lease up.' },
  declined: {
    kind: 'change',
    means: 'The client says that another machine uses the address; nobody gets it for a while.',
    remedy:
      'Find the machine that uses the address without a lease (the field `other`, or `arping <address>`), and give it an address outside the pool.',
  },
  'address-in-use': {
    kind: 'change',
    means:
      'A machine without a lease of the address answers ARP for it; nobody gets the address for a while.',
    remedy: 'Give that machine (the field `other`) an address outside the pool, or let it use DHCP.',
  },
  'still-in-use': {
    kind: 'change',
    means: 'The lease is over, but its client still uses the address; nobody else gets it for a while.',
    remedy:
      'The client gets its lease again when it asks. If it never asks, look for what has stopped its DHCP client, or who has released its lease.',
  },
  ...CHANGE_REASONS,
  'asking-address': {
    kind: 'wait',
    means: 'ARP is asked whether anybody uses the address, before the client gets it.',
  },
  'awaiting-answers': {
    kind: 'wait',
    means:
      'The address was offered at once and asked for by ARP beside: the DHCPACK leaves 10 ms after the question at the earliest.',
  },
  'asking-client': {
    kind: 'wait',
    means: 'A second machine presents a client identifier: ARP is asked whether the first one is alive.',
  },
  'asking-card': {
    kind: 'wait',
    means:
      'A network card has a lease under another client identifier: ARP is asked whether that lease is still in use.',
  },
  'asking-declined': { kind: 'wait', means: 'A client declines its address: ARP is asked who uses it.' },
  'asking-quarantined': {
    kind: 'wait',
    means:
      "The client's own address is in quarantine: ARP is asked whether the client is seen there, and nobody else.",
  },
  listening: {
    kind: 'wait',
    means:
      'The first lease of an address waits for a moment, because another gateway may be giving the address to its own client.',
  },
  'left-to-host': {
    kind: 'wait',
    means: 'The guest is at another host, whose own gateway may answer it first, for a second.',
  },
  'left-to-gateway': {
    kind: 'wait',
    means:
      'Another gateway, which shares nothing with this one, goes first for this guest, and may answer it for a second.',
  },
  'left-to-claims': {
    kind: 'wait',
    means:
      'All addresses are claimed for other gateways, by clients that ARP has not shown there yet. The address of some claim can be given again within seconds.',
  },
  'left-to-share': {
    kind: 'wait',
    means:
      "The guest's reserved address is in another gateway's share of the pool: that gateway may answer first.",
  },
  deferring: { kind: 'wait', means: 'The gateway that has granted the lease may answer first.' },

  'not-for-us': { kind: 'silence', means: 'The client speaks to another server.', isOthers: true },
  'in-another-share': {
    kind: 'silence',
    means:
      "The guest's reserved address is in another gateway's share of the pool: the guest is to ask all gateways (REBINDING), and to get it there.",
  },
  'not-first': {
    kind: 'silence',
    means:
      'Another gateway that shares the leases answers this client first. This gateway answers when the client asks again.',
    isOthers: true,
  },
  'no-server': { kind: 'silence', means: 'The DHCPDECLINE does not name a server, but it must.' },
  'no-binding': {
    kind: 'silence',
    means:
      'The message is about a lease that is not known here. A client that gets no answer begins again by itself.',
    remedy: 'If a guest does not begin again, look at `vps-gateway leases history <mac>`.',
  },
  'no-subnet': {
    kind: 'silence',
    means: 'The message comes through a relay in whose network no addresses are given.',
    remedy: "See that giaddr is an address of the gateway's own network.",
  },
  'refused-by-class': {
    kind: 'silence',
    means: 'The client is of a class of the settings file that gets no answer (`answer: never`).',
    remedy:
      'Take `answer: never` off that class, or put a class before it with `answer: always`, if this client is to be served.',
  },
  'no-address': { kind: 'silence', means: 'The message lacks the address that it is about.' },
  'pool-full': {
    kind: 'silence',
    means: 'A new client gets no address, because none is free.',
    remedy:
      '`vps-gateway health` says how many are leased, reserved and not in use, and in quarantine, and how to see which. Widen the pool, or shorten the leases (GATEWAY_DHCP_LEASE_TIME).',
  },
  crowded: {
    kind: 'silence',
    means: 'All free addresses are offered to others, or are being probed by ARP. This client is unknown.',
    remedy: 'Look for one machine that asks in many names: the MAC filter of the firewall stops it.',
  },
  'too-many-identifiers': {
    kind: 'silence',
    means:
      'The network card has as many leases as it may have under different client identifiers, all of them in use.',
    remedy:
      'Raise GATEWAY_DHCP_LEASES_PER_MAC if containers share the card. If not, look for a fault of the machine, or set GATEWAY_DHCP_IDENTITY=mac.',
  },
  'share-of-port': {
    kind: 'silence',
    means:
      'The guest at this port of the bridge has as many leases as there are free addresses, under one MAC after the other.',
    remedy:
      'The warning names the VM or container: look for a guest that takes leases in many names. If machines run within it, make the pool larger, or set GATEWAY_DHCP_LIMIT_PORTS=off.',
  },
  'too-many-declines': {
    kind: 'silence',
    means: 'The client declines one address after the other, and is not believed any more.',
    remedy:
      'Look for a machine that answers ARP for all addresses (proxy ARP), or for a fault of this client.',
  },
  'used-by-client': {
    kind: 'silence',
    means: 'A DHCPDECLINE of an address that the client itself answers for is ignored.',
    remedy:
      "Look for another machine that sends in this client's name (MAC filter of the firewall), or for a fault of its DHCP client.",
  },
  'another-card': {
    kind: 'silence',
    means:
      'A renewal that comes from another network card than its client has, as through a router, is for no lease that this client has.',
    remedy:
      'None for a client behind a router: it will ask by broadcast. Else look for the machine that sends in its name.',
  },
  'from-elsewhere': {
    kind: 'silence',
    means: 'A DHCPRELEASE that was not sent from the address that it gives up is ignored.',
    remedy:
      "Look for another machine that sends in this client's name (MAC filter of the firewall), or for a second address from which the client sends.",
  },
  overtaken: {
    kind: 'silence',
    means: 'The lease was changed after the client had sent this message, so it is too old.',
  },
  'in-flight': {
    kind: 'silence',
    means:
      'The address is locked: a change of it is being stored, or ARP is asked for it. The message waits and is decided again.',
  },
  'cannot-promise': {
    kind: 'silence',
    means: 'Nothing can be promised now: leases cannot be stored, or the clock is in doubt.',
    remedy: 'Ask `vps-gateway health` what is wrong.',
  },
  'bootp-off': {
    kind: 'silence',
    means: 'A BOOTP client is not answered.',
    remedy: 'Set GATEWAY_DHCP_BOOTP=on if it is to get an address.',
  },
  'not-a-request': { kind: 'silence', means: "The message is a server's, not a client's." },
  'unknown-type': { kind: 'silence', means: 'The message is of a type that this gateway does not serve.' },
  'unknown-state': {
    kind: 'silence',
    means: 'The DHCPREQUEST is one that no state of a client sends (RFC 2131, table 4).',
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;
