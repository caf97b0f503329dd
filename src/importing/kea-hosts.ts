import { ipv4FromText } from '../net/ipv4.ts';
import type { FoundHost, Hosts, SourceFault, SourceFile } from './found.ts';
import { hostName } from './host-name.ts';
import { cardFromText, identifierOf, octetsFromText } from './octets.ts';
import { elementsOf, isJsonFault, memberOf, type PlacedJson, readPlacedJson } from './placed-json.ts';

/** Identifiers of Kea that an import does not take over: `reservations set` has a circuit of its own form. */
const OTHER_IDENTIFIERS = ['duid', 'circuit-id', 'flex-id'];

/** The `reservations` of a Kea configuration: the global ones, and those of subnets and shared networks; or a list of them alone. */
export function readKeaHosts({ name: file, text }: SourceFile): Hosts {
  const json = readPlacedJson(text);
  if (isJsonFault(json)) return { hosts: [], faults: [{ file, ...json }] };
  const hosts: FoundHost[] = [];
  const faults: SourceFault[] = [];
  const lists = reservationLists(memberOf(json, 'Dhcp4') ?? json);
  if (lists.length === 0)
    faults.push({
      file,
      line: json.line,
      what: 'has no reservations: neither Dhcp4 nor reservations is in it',
    });
  for (const reservation of lists.flatMap(elementsOf)) {
    const place = { file, line: reservation.line };
    const host = hostOf(reservation);
    if (typeof host === 'string') faults.push({ ...place, what: host });
    else hosts.push({ ...place, ...host });
  }
  return { hosts, faults };
}

function reservationLists(scope: PlacedJson): readonly PlacedJson[] {
  if (Array.isArray(scope.value)) return [scope];
  const own = memberOf(scope, 'reservations');
  const below = ['subnet4', 'shared-networks'].flatMap((name) => elementsOf(memberOf(scope, name)));
  const hasSubnets = memberOf(scope, 'subnet4') !== undefined;
  const found = [...(own === undefined ? [] : [own]), ...below.flatMap(reservationLists)];
  return found.length === 0 && hasSubnets ? [{ line: scope.line, value: [] }] : found;
}

function hostOf(reservation: PlacedJson): Omit<FoundHost, 'file' | 'line'> | string {
  if (!(reservation.value instanceof Map)) return 'is no reservation: an object is expected';
  const told = (name: string) => memberOf(reservation, name)?.value;
  const hardware = told('hw-address');
  const card = typeof hardware === 'string' ? cardFromText(hardware) : undefined;
  if (hardware !== undefined && card === undefined) return `hw-address ${String(hardware)} is no MAC`;
  const client = told('client-id');
  const octets = typeof client === 'string' ? octetsOf(client) : undefined;
  const identifier = octets === undefined ? undefined : identifierOf(octets);
  if (client !== undefined && identifier === undefined)
    return `client-id ${String(client)} is no client identifier`;
  if (card === undefined && identifier === undefined) {
    const other = OTHER_IDENTIFIERS.find((name) => told(name) !== undefined);
    return other === undefined
      ? 'names no card and no client identifier'
      : `is known by its ${other}, and not by a card`;
  }
  const dotted = told('ip-address');
  const address = typeof dotted === 'string' ? ipv4FromText(dotted) : undefined;
  if (dotted !== undefined && address === undefined) return `ip-address ${String(dotted)} is no IPv4 address`;
  const name = told('hostname');
  const hostname = typeof name === 'string' && name !== '' ? hostName(name.replace(/\.$/, '')) : undefined;
  if (typeof name === 'string' && name !== '' && hostname === undefined)
    return `hostname ${name} is no host name`;
  return {
    macs: card === undefined ? [] : [card],
    ...(identifier !== undefined && { identifier }),
    ...(address !== undefined && { address }),
    ...(hostname !== undefined && { hostname }),
  };
}

/** Pairs with colons; digits behind 0x; or text in single quotes. */
function octetsOf(text: string): Uint8Array | undefined {
  const quoted = /^'(.*)'$/.exec(text)?.[1];
  if (quoted !== undefined) return Buffer.from(quoted);
  const digits = text.replace(/^0x/i, '');
  return /^([\da-f]{2})+$/i.test(digits) ? Buffer.from(digits, 'hex') : octetsFromText(text);
}
