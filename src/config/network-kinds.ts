import { IPv4CidrRange, IPv4Mask, IPv4Prefix, IPv4 as Ipv4Number } from 'ip-num';
import { type Ipv4, ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../net/ipv4.ts';
import { type AddressSpan, broadcastOf, type Prefix, prefixOf, prefixToText } from '../net/prefix.ts';
import { NAME_ENDS, printedName } from '../net/printed-name.ts';
import type { ClasslessRoute } from '../wire/classless-routes.ts';
import { isDomainName } from '../wire/domain-names.ts';
import { fault, isOff, listOf, ok, type Reading, type SettingKind } from './setting-kinds.ts';

/** Runs a constructor of ip-num, which throws on malformed text. */
function attempt<Value>(construct: () => Value): Value | undefined {
  try {
    return construct();
  } catch {
    return undefined;
  }
}

function addressFromText(text: string): Ipv4 | undefined {
  const read = attempt(() => Ipv4Number.fromDecimalDottedString(text));
  return read === undefined ? undefined : ipv4(Number(read.getValue()));
}

/** The length of a mask in any of the forms 255.255.255.0, 24 and /24. */
function lengthFromText(text: string): number | undefined {
  const digits = /^\/?(\d{1,2})$/.exec(text)?.[1];
  const prefix = attempt(() =>
    digits === undefined ? new IPv4Mask(text).prefix : IPv4Prefix.fromNumber(BigInt(digits)).getValue(),
  );
  return prefix === undefined ? undefined : Number(prefix);
}

/** A host's address: neither 0.0.0.0 nor 255.255.255.255. */
export const address: SettingKind<Ipv4> = {
  placeholder: 'address',
  read(text) {
    const value = addressFromText(text);
    if (value === undefined)
      return fault('is not an IPv4 address', 'write four numbers from 0 to 255: 10.15.3.1');
    if (value === UNSPECIFIED || value === LIMITED_BROADCAST) {
      return fault('is not the address of a host', 'write the address of one host: 10.15.3.1');
    }
    return ok(value);
  },
};

/** The length of the segment's mask, 1 to 30: longer ones leave no room for a router and a guest. */
export const mask: SettingKind<number> = {
  placeholder: 'mask',
  read(text) {
    const length = lengthFromText(text);
    if (length === undefined) return fault('is not a network mask', 'write 255.255.255.0 or 24');
    if (length < 1 || length > 30)
      return fault('is no mask of a segment with guests', 'use one from /1 to /30: 255.255.255.0 or 24');
    return ok(length);
  },
};

/** A network address, with its length or without (then the length is undefined); or a mask, as older settings have it. */
export type NetworkOrMask =
  | { readonly kind: 'network'; readonly network: Ipv4; readonly length: number | undefined }
  | { readonly kind: 'mask'; readonly length: number };

/** Masks shorter than this may be network addresses, such as 192.0.0.0. */
const SHORTEST_CERTAIN_MASK = 4;

export const network: SettingKind<NetworkOrMask> = {
  placeholder: 'network',
  read(text) {
    const length = lengthFromText(text);
    if (length !== undefined && length >= SHORTEST_CERTAIN_MASK && length <= 30)
      return ok({ kind: 'mask', length });
    const [first = '', behind, ...more] = text.split('/');
    const start = addressFromText(first);
    const given = behind === undefined ? undefined : lengthFromText(behind);
    if (start === undefined || more.length > 0 || (behind !== undefined && given === undefined)) {
      return fault('is not a network address', 'write 10.15.3.0 or 10.15.3.0/24');
    }
    return ok({ kind: 'network', network: start, length: given });
  },
};

/** RFC 2132 §3.8 and §8.3: an option of addresses has a length of one byte (RFC 3396 would split it; clients take few). */
export const addressList = listOf('addresses', address, 63);

const span: SettingKind<AddressSpan> = {
  placeholder: 'range',
  read(text) {
    const [start = '', end = start, ...more] = text.split('-').map((part) => part.trim());
    const first = addressFromText(start);
    const last = addressFromText(end);
    const remedy = 'write the first and the last address: 10.15.3.20-10.15.3.97';
    if (first === undefined || last === undefined || more.length > 0)
      return fault('is not a range of addresses', remedy);
    return first <= last ? ok({ first, last }) : fault('is a range that ends before it begins', remedy);
  },
};

export const rangeList = listOf('ranges', span, 64);

/**
 * Each excluded address is kept one by one. A reload compares and moves them all at once, so that many more would stop the
 * packets: 1024 take less than a millisecond, 65,536 took a hundred.
 */
const MOST_EXCLUDED = 1024;

export const exclusionList: typeof rangeList = {
  ...rangeList,
  read(text) {
    const read = isOff(text) ? ok([]) : rangeList.read(text);
    const count = read.ok ? read.value.reduce((sum, { first, last }) => sum + last - first + 1, 0) : 0;
    return count <= MOST_EXCLUDED
      ? read
      : fault(
          `excludes more than ${MOST_EXCLUDED} addresses`,
          'leave them out of the pool instead: GATEWAY_DHCP_POOLS',
        );
  },
};

/** RFC 6890: the zero network, loopback, multicast, and reserved addresses with 255.255.255.255. */
const NO_HOSTS: readonly Prefix[] = [
  { network: UNSPECIFIED, length: 8 },
  { network: ipv4(0x7f000000), length: 8 },
  { network: ipv4(0xe0000000), length: 4 },
  { network: ipv4(0xf0000000), length: 4 },
];

/** Relay agents by their giaddr: an address, a range, or a network. */
const relay: SettingKind<AddressSpan> = {
  placeholder: 'relays',
  read(text) {
    const read = text.includes('/') ? networkFromText(text) : span.read(text);
    if (!read.ok) return text.includes('/') || text.includes('-') ? read : fault(read.fault, RELAY_FORMS);
    const { first, last } = read.value;
    const holds = NO_HOSTS.find((none) => first <= broadcastOf(none) && last >= none.network);
    return holds === undefined
      ? read
      : fault(`has addresses of ${prefixToText(holds)}, which no relay can have`, RELAY_FORMS);
  },
};

const RELAY_FORMS =
  "write each relay's giaddr, a range of them, or a network: 10.15.3.5, 10.15.3.5-10.15.3.8, 10.15.4.0/24";

function networkFromText(text: string): Reading<AddressSpan> {
  const range = attempt(() => IPv4CidrRange.fromCidr(text));
  if (range === undefined) return fault('is not a network', RELAY_FORMS);
  const first = ipv4(Number(range.getFirst().getValue()));
  const last = ipv4(Number(range.getLast().getValue()));
  return text.startsWith(`${range.getFirst()}/`)
    ? ok({ first, last })
    : fault('is a network with bits beyond its length', `write ${range.toCidrString()}`);
}

export const relayList = listOf('relays', relay, 64);

export const domainName: SettingKind<string> = {
  placeholder: 'domain',
  read(text) {
    const name = text.endsWith('.') ? text.slice(0, -1) : text;
    if (!isDomainName(name)) {
      return fault('is not a domain name', 'use labels of letters, digits and hyphens: vps.local');
    }
    return ok(name);
  },
};

export const domainList = listOf('domains', domainName, 32);

const route: SettingKind<ClasslessRoute> = {
  placeholder: 'route',
  read(text) {
    const [destination = '', via = '', ...more] = text.split('=').map((side) => side.trim());
    const range = attempt(() => IPv4CidrRange.fromCidr(destination));
    const router = addressFromText(via);
    if (range === undefined || router === undefined || more.length > 0) {
      return fault('is not a route', 'write destination=router: 10.0.0.0/8=10.15.3.5');
    }
    const length = Number(range.getPrefix().getValue());
    const start = ipv4(Number(range.getFirst().getValue()));
    if (!destination.startsWith(`${range.getFirst()}/`)) {
      return fault(
        'is a route whose destination has bits beyond its length',
        `write ${range.getFirst()}/${length}=${via}`,
      );
    }
    return ok({ destination: prefixOf(start, length), router });
  },
};

export const routes = listOf('routes', route, 64);

/** RFC 2132 §5.1: an interface MTU is at least 68; its field has 16 bits. */
export const mtu: SettingKind<number | 'interface' | 'off'> = {
  placeholder: 'octets',
  read(text) {
    if (isOff(text)) return ok('off');
    if (text.toLowerCase() === 'interface') return ok('interface');
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 68 && value <= 65535) return ok(value);
    return fault('is not an MTU', "write a number from 68 to 65535, 'interface', or off");
  },
};

/** Linux: at most 15 bytes, no slash, no colon, no blank. */
export const interfaceName: SettingKind<string> = {
  placeholder: 'name',
  read(text) {
    if (/^[^\s/:]{1,15}$/.test(text) && text !== '.' && text !== '..') return ok(text);
    const meant = printedName(text);
    const remedy =
      meant === undefined
        ? 'write a name that `ip link` shows: OCvpsnet or eth0'
        : `write ${meant}: ${NAME_ENDS}`;
    return fault('is not the name of an interface', remedy);
  },
};
