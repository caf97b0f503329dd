import type { AddressRange } from '../../src/lease/lease-view.ts';
import { NO_RESERVATIONS } from '../../src/lease/reservation/reservation-view.ts';
import { type Ipv4, ipv4FromText } from '../../src/net/ipv4.ts';
import { prefixOf } from '../../src/net/prefix.ts';
import { NO_CLIENT_RULES } from '../../src/subnet/client-rules.ts';
import { NO_LIMITS, type Plan } from '../../src/subnet/plan.ts';
import type { Subnet } from '../../src/subnet/subnet.ts';
import type { OptionBlock } from '../../src/wire/reply.ts';
import { ip, text, u16 } from './packet.ts';

/** An address from dotted text that the test has written itself. */
export function at(dotted: string): Ipv4 {
  const address = ipv4FromText(dotted);
  if (address === undefined) throw new Error(`not an address: ${dotted}`);
  return address;
}

export function range(first: string, last: string, excluded: readonly string[] = []): AddressRange {
  return { first: at(first), last: at(last), excluded: new Set(excluded.map(at)) };
}

/** Relay agents that are listed one by one. */
export function relays(...addresses: readonly string[]): Plan['relays'] {
  return addresses.map((address) => ({ first: at(address), last: at(address) }));
}

/** The parameters of the address plan, as bytes written out by hand. */
export const PARAMETERS: readonly OptionBlock[] = [
  block(1, [255, 255, 255, 0]),
  block(3, ip('10.15.3.1')),
  block(6, [...ip('1.1.1.1'), ...ip('1.0.0.1')]),
  block(15, text('vps.local')),
  block(26, u16(1450)),
  block(28, ip('10.15.3.255')),
];

export function block(code: number, value: readonly number[]): OptionBlock {
  return { code, value: Uint8Array.from(value) };
}

/** The gateways of the address plan: 10.15.3.10 to .19. */
const GATEWAYS = Array.from({ length: 10 }, (_, index) => `10.15.3.${10 + index}`);

/** The segment of the address plan: 10.15.3.0/24, guests at .20 to .254, leases of 12 hours. */
export function segment(overrides: Partial<Subnet> = {}): Subnet {
  return {
    prefix: prefixOf(at('10.15.3.0'), 24),
    pools: [range('10.15.3.20', '10.15.3.254')],
    othersShares: [],
    excluded: new Set(['10.15.3.0', '10.15.3.1', ...GATEWAYS, '10.15.3.255'].map(at)),
    reservations: NO_RESERVATIONS,
    leaseTimes: { default: 43_200, minimum: 300, maximum: 86_400 },
    parameters: parameters(PARAMETERS),
    always: new Set(),
    renewal: {},
    boot: undefined,
    classes: [],
    ...overrides,
  };
}

/** Node 1's plan. Nothing is asked by ARP unless a test says so. */
export function planOf(overrides: Partial<Plan> = {}): Plan {
  return {
    serverIdentifier: at('10.15.3.10'),
    subnet: segment(),
    relays: [],
    identity: 'auto',
    leasesPerMac: 4,
    limitsPorts: true,
    chaddrCheck: true,
    authoritative: true,
    subnetSelection: false,
    rapidCommit: false,
    bootp: false,
    offerSeconds: 30,
    leaseCache: 0,
    peers: new Set(),
    gateways: new Set(),
    probeMilliseconds: 0,
    limits: NO_LIMITS,
    clients: NO_CLIENT_RULES,
    ...overrides,
  };
}

function parameters(blocks: readonly OptionBlock[]): ReadonlyMap<number, OptionBlock> {
  return new Map(blocks.map((each) => [each.code, each]));
}
