import { bad, type DoctorLine, good, note, unknown, warning } from './doctor-line.ts';

/** A VXLAN port of the interface's bridge, or the interface itself. */
export interface VxlanFacts {
  readonly name: string;
  /**
   * The interface that carries it: the one that is set, or that has its local address, or the way to another node. Undefined:
   * not known.
   */
  readonly underlay: string | undefined;
  /** In octets; undefined: unknown. */
  readonly underlayMtu: number | undefined;
}

/** The interface of the segment, as the kernel has it. */
export interface LinkFacts {
  readonly name: string;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
  /** In octets. */
  readonly mtu: number;
  /** `10.15.3.10/24`. */
  readonly addresses: readonly string[];
  readonly vrf: string | undefined;
  readonly isBridge: boolean;
  /** Undefined: it could not be looked at. */
  readonly vxlans: readonly VxlanFacts[] | undefined;
  readonly filtersVlans: boolean;
  /** The VLAN of the bridge's own untagged frames; 0: it has none; undefined: unknown. */
  readonly ownVlan: number | undefined;
  /** net.ipv4.conf.*.rp_filter, the larger of `all` and the interface's own: 0 off, 1 strict, 2 loose. */
  readonly reversePath: number | undefined;
  /** net.bridge.bridge-nf-call-iptables; undefined: the module is not loaded, so bridged frames pass no firewall of IP. */
  readonly callsIptables: boolean | undefined;
  /**
   * The rules that drop DHCP which the bridge forwards, where such frames pass them, each with the command that lets it
   * through; undefined: they could not be read.
   */
  readonly dropForwarded: readonly { readonly text: string; readonly letIn: string }[] | undefined;
}

/** What VXLAN adds to each frame: outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348 §4.3): octets. */
const VXLAN_OCTETS = 50;
const [STRICT, LOOSE] = [1, 2];

/** Whether guests' frames come to the interface whole. */
export function linkLines(link: LinkFacts): readonly DoctorLine[] {
  return [
    upLine(link),
    addressLine(link),
    ...mtuLines(link),
    vlanLine(link),
    vrfLine(link),
    reversePathLine(link),
    ...bridgeFirewallLines(link),
  ].filter((line) => line !== undefined);
}

function upLine({ name, isUp, hasCarrier, isBridge }: LinkFacts): DoctorLine {
  if (!isUp)
    return bad(
      'interface',
      `the interface ${name} is down`,
      'nothing is heard on it',
      `ip link set ${name} up`,
    );
  if (hasCarrier) return good('interface', `the interface ${name} is up`);
  const what = isBridge ? 'no port of it is up: no guest runs here, and no tunnel' : 'no cable is connected';
  return warning(
    'interface',
    `the interface ${name} is up, but ${what}`,
    'nothing can be heard on it',
    `ip -br link show master ${name}`,
  );
}

function addressLine({ name, addresses }: LinkFacts): DoctorLine {
  const [first] = addresses;
  if (first !== undefined) return good('addresses', `${name} has ${addresses.join(', ')}`);
  return bad(
    'addresses',
    `${name} has no IPv4 address`,
    'the gateway listens on an address of this node',
    `ip addr add 10.15.3.10/24 dev ${name}`,
  );
}

function mtuLines({ name, mtu, vxlans }: LinkFacts): readonly DoctorLine[] {
  if (vxlans === undefined)
    return [
      unknown(
        'mtu',
        'the tunnel below the interface could not be looked at: the program ip is missing, or prints nothing that is understood',
        'apt-get install iproute2; ip -d -j link show',
      ),
    ];
  if (vxlans.length === 0) return [good('mtu', `${name} has an MTU of ${mtu}, and no VXLAN below it`)];
  return vxlans.map((vxlan) => mtuLine(name, mtu, vxlan));
}

function mtuLine(name: string, mtu: number, { name: tunnel, underlay, underlayMtu }: VxlanFacts): DoctorLine {
  const below = underlay ?? 'the network below it';
  if (underlayMtu === undefined)
    return unknown(
      'mtu',
      `the MTU of ${below}, which carries ${tunnel}, is not known`,
      `ip route get 192.0.2.11   # the address of another node; the MTU of that interface less ${VXLAN_OCTETS} must be ${mtu} or more: ip link show dev <that interface>`,
    );
  const room = underlayMtu - VXLAN_OCTETS;
  if (mtu <= room)
    return good('mtu', `${name} has an MTU of ${mtu}; ${tunnel} over ${below} has room for ${room}`);
  return warning(
    'mtu',
    `${name} has an MTU of ${mtu}, but ${tunnel} over ${below} (${underlayMtu}) has room for ${room} only`,
    `guests get addresses, and then large packets between nodes are lost: VXLAN adds ${VXLAN_OCTETS} octets`,
    `set the MTU of the zone to ${room} (Datacenter > SDN > Zones), and GATEWAY_DHCP_MTU=${room} so that guests are told`,
  );
}

function vlanLine({ name, isBridge, filtersVlans, ownVlan }: LinkFacts): DoctorLine | undefined {
  if (!isBridge) return undefined;
  if (!filtersVlans) return good('vlan', `${name} filters no VLANs`);
  const command = `bridge vlan add dev ${name} vid 1 pvid untagged self`;
  if (ownVlan === undefined)
    return unknown(
      'vlan',
      `${name} filters VLANs, and which one is its own is not known: the program bridge is missing`,
      'apt-get install iproute2',
    );
  if (ownVlan === 0)
    return bad(
      'vlan',
      `${name} filters VLANs, and its own port is in none`,
      'no untagged frame of a guest comes to this node',
      command,
    );
  return good('vlan', `${name} filters VLANs; its own untagged frames are in VLAN ${ownVlan}`);
}

function vrfLine({ name, vrf }: LinkFacts): DoctorLine {
  return good(
    'vrf',
    vrf === undefined
      ? `${name} is in no VRF`
      : `${name} is in the VRF ${vrf}, in which the gateway listens too`,
  );
}

/** Broadcasts of clients without an address have the source 0.0.0.0, which rp_filter lets pass; renewals have their own. */
function reversePathLine({ name, reversePath }: LinkFacts): DoctorLine {
  if (reversePath === undefined)
    return unknown(
      'rp-filter',
      'net.ipv4.conf could not be read',
      `sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.${name}.rp_filter`,
    );
  if (reversePath !== STRICT)
    return good('rp-filter', `rp_filter is ${reversePath === LOOSE ? 'loose' : 'off'} on ${name}`);
  return good(
    'rp-filter',
    `rp_filter is strict on ${name}: what guests send is heard as long as the route to the segment leads there (ip route get 10.15.3.20)`,
  );
}

/** Docker and the Proxmox firewall switch bridge-nf on, so that it is on at many nodes where nothing is wrong. */
function bridgeFirewallLines({
  name,
  isBridge,
  callsIptables,
  dropForwarded,
}: LinkFacts): readonly DoctorLine[] {
  if (!isBridge) return [];
  if (callsIptables !== true)
    return [good('bridge-nf', `frames that ${name} forwards pass no firewall of IP`)];
  const passes = `frames that ${name} forwards between guests and nodes pass this node's iptables (bridge-nf-call-iptables = 1)`;
  const show =
    'iptables -L FORWARD -n -v   # if no guest needs it: sysctl -w net.bridge.bridge-nf-call-iptables=0';
  if (dropForwarded === undefined)
    return [
      unknown('bridge-nf', `${passes}, whose rules for forwarded packets could not be read to the end`, show),
    ];
  if (dropForwarded.length === 0)
    return [
      note(
        'bridge-nf',
        `${passes}; no rule is known to drop DHCP there`,
        'a later rule for forwarded packets can drop DHCP between a guest here and a gateway on another node',
        show,
      ),
    ];
  return dropForwarded.map(({ text, letIn }) =>
    warning(
      'bridge-nf',
      `${passes}, and a rule drops DHCP there: ${text}`,
      'a guest here gets no address from a gateway on another node, nor a guest there from this one',
      `${letIn}   # if no guest needs it: sysctl -w net.bridge.bridge-nf-call-iptables=0`,
    ),
  );
}
