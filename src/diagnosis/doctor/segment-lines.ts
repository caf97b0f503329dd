import { bad, type DoctorLine, good, unknown, warning } from './doctor-line.ts';

/** A DHCP server that has answered a DHCPDISCOVER. */
export interface Offerer {
  /** Option 54. */
  readonly server: string;
  /** The hardware address that the frame came from. */
  readonly mac: string;
  /** The address that it offered. */
  readonly offered: string;
  /** Option 3; undefined: it named none. */
  readonly router: string | undefined;
}

/** Another gateway of this pool, as the running gateway knows it. */
export interface KnownGateway {
  readonly address: string;
  /** What it does, and does not do, as far as the running gateway has seen. */
  readonly state: string;
}

/** What the segment has answered. */
export interface SegmentFacts {
  readonly interfaceName: string;
  readonly listenIp: string;
  readonly router: string;
  /** The hardware addresses of other machines that have the listen IP. */
  readonly rivals: readonly string[];
  /** Whether this interface has the router's address itself, as a node of an EVPN zone has. */
  readonly isRouter: boolean;
  /** The hardware addresses of other machines that have the router's address. */
  readonly routers: readonly string[];
  readonly offerers: readonly Offerer[];
  /** Other gateways that should have answered. */
  readonly known: readonly KnownGateway[];
  /** Why they need not answer; undefined: each should have. */
  readonly silentBy: string | undefined;
  /** Whether an address is, or can be, that of another gateway of this pool. */
  isGatewayAddress(address: string): boolean;
}

const NOT_ASKED = {
  'no-right': {
    words: 'the segment could not be asked by ARP and DHCP: that needs the capability NET_RAW',
    command: 'run this as root',
  },
  'not-asked': { words: 'the segment was not asked (--no-ask)', command: 'vps-gateway doctor' },
} as const;

/** @param facts Of a segment that was not asked, why: the user has no right to, or did not want it. */
export function segmentLines(facts: SegmentFacts | keyof typeof NOT_ASKED): readonly DoctorLine[] {
  if (typeof facts === 'string') {
    const { words, command } = NOT_ASKED[facts];
    return ['listen-ip', 'router', 'other-servers'].map((check) => unknown(check, words, command));
  }
  return [listenIpLine(facts), ...routerLines(facts), ...serverLines(facts), ...silentLines(facts)];
}

function listenIpLine({ listenIp, rivals, interfaceName }: SegmentFacts): DoctorLine {
  if (rivals.length === 0) return good('listen-ip', `no other machine has the listen IP ${listenIp}`);
  return bad(
    'listen-ip',
    `${rivals.join(' and ')} has the listen IP ${listenIp} too`,
    'what guests send to this gateway goes to the other machine',
    `bridge fdb show | grep -i ${rivals[0]}; ip neigh show dev ${interfaceName}   # which machine that is: give each node its own address`,
  );
}

function routerLines({ router, routers, interfaceName, isRouter }: SegmentFacts): readonly DoctorLine[] {
  const [first, second] = routers;
  // No machine answers its own question.
  if (isRouter && first === undefined)
    return [good('router', `${interfaceName} itself has the address of the router, ${router}`)];
  if (first === undefined)
    return [
      warning(
        'router',
        `the router ${router} does not answer ARP on ${interfaceName}`,
        'guests get addresses, and then reach nothing outside the segment',
        'pvesh get /cluster/sdn/vnets; see that the subnet has this gateway, and apply the SDN configuration',
      ),
    ];
  if (second !== undefined)
    return [
      warning(
        'router',
        `${routers.length} machines answer as the router ${router}: ${routers.join(', ')}`,
        'that is right for an anycast gateway of EVPN, and wrong for anything else: guests lose their way out in turns',
        `bridge fdb show | grep -iE '${routers.join('|')}'`,
      ),
    ];
  return [good('router', `the router ${router} answers ARP from ${first}`)];
}

function serverLines(facts: SegmentFacts): readonly DoctorLine[] {
  const { offerers, interfaceName, router } = facts;
  if (offerers.length === 0)
    return [good('other-servers', `no other DHCP server answers on ${interfaceName}`)];
  return offerers.map(({ server, mac, offered, router: named }) => {
    const isOurs = facts.isGatewayAddress(server) && named === router;
    if (isOurs) return good('other-servers', `the gateway ${server} answers too (${mac})`);
    return bad(
      'other-servers',
      `another DHCP server, ${server} (${mac}), offers ${offered}${named === undefined ? '' : ` with the router ${named}`}`,
      'some guests get addresses and a router of that server, and lose their way out',
      `bridge fdb show | grep -i ${mac}   # its port: stop that server, or name it in GATEWAY_PEERS if it is a gateway of this pool`,
    );
  });
}

/** Known gateways of which no answer came: DHCP itself shows best whether a gateway serves. */
function silentLines({ known, offerers, silentBy }: SegmentFacts): readonly DoctorLine[] {
  const silent = known.filter(({ address }) => offerers.every(({ server }) => server !== address));
  return silent.map(({ address, state }) => {
    const message = `the gateway ${address} is known, and did not answer a DHCPDISCOVER${GONE[state] ?? ''}`;
    const command = `systemctl status vps-gateway; vps-gateway doctor   # on the node of ${address}`;
    if (silentBy !== undefined)
      return unknown('other-gateways', `${message}; it need not: ${silentBy}`, command);
    const alone = silent.length === known.length ? ', or this node is cut off from the others' : '';
    return warning(
      'other-gateways',
      message,
      `its gateway has ended, or has no address left for a new guest, or broadcasts do not reach it${alone}`,
      command,
    );
  });
}

const GONE: Readonly<Record<string, string>> = {
  away: '; it does not answer ARP either',
  stopped: '; only its machine answers ARP, as if its process had ended',
};
