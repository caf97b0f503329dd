import { type Ipv4, ipv4, ipv4FromText, ipv4ToText } from '../net/ipv4.ts';
import { type Prefix, prefixOf, prefixToText } from '../net/prefix.ts';
import { type Codec, every } from './option-codecs.ts';

export interface ClasslessRoute {
  readonly destination: Prefix;
  /** RFC 3442: 0.0.0.0 for a destination on the link. */
  readonly router: Ipv4;
}

/**
 * RFC 3442: at least one route, each a prefix length, as many octets of the destination as that length needs, and the
 * router. Text: `10.0.0.0/8 10.15.3.2`, also with `via` or `=` between, separated by commas.
 */
export const classlessRoutes: Codec<readonly ClasslessRoute[]> = {
  type: 'routes',
  example: '10.0.0.0/8 10.15.3.2',
  decode: (bytes) => {
    const routes: ClasslessRoute[] = [];
    let at = 0;
    while (at < bytes.length) {
      const length = bytes[at] ?? 0;
      const significant = Math.ceil(length / 8);
      const end = at + 1 + significant + 4;
      if (length > 32 || end > bytes.length) return undefined;
      const destination = addressOf(bytes.subarray(at + 1, at + 1 + significant));
      // RFC 3442: bits beyond the mask are none of the destination's.
      routes.push({
        destination: prefixOf(destination, length),
        router: addressOf(bytes.subarray(end - 4, end)),
      });
      at = end;
    }
    return routes.length === 0 ? undefined : routes;
  },
  encode: (routes) => {
    if (routes.length === 0) return undefined;
    const bytes: number[] = [];
    for (const { destination, router } of routes) {
      if (!(destination.length >= 0 && destination.length <= 32)) return undefined;
      const { network, length } = prefixOf(destination.network, destination.length);
      bytes.push(length, ...octetsOf(network).slice(0, Math.ceil(length / 8)), ...octetsOf(router));
    }
    return Uint8Array.from(bytes);
  },
  fromText: (text) => every(text.split(',').map(routeFromText)),
  toText: (routes) =>
    routes.map((route) => `${prefixToText(route.destination)} ${ipv4ToText(route.router)}`).join(', '),
};

function routeFromText(text: string): ClasslessRoute | undefined {
  const [, networkText = '', lengthText, routerText = ''] =
    /^([^\s/]+)\/(\d{1,2})(?:\s+via\s+|\s*=\s*|\s+)([^\s=]+)$/.exec(text.trim()) ?? [];
  const network = ipv4FromText(networkText);
  const router = ipv4FromText(routerText);
  const length = Number(lengthText);
  if (network === undefined || router === undefined || length > 32) return undefined;
  const destination = prefixOf(network, length);
  return destination.network === network ? { destination, router } : undefined;
}

function addressOf(octets: Uint8Array): Ipv4 {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return ipv4((a << 24) | (b << 16) | (c << 8) | d);
}

function octetsOf(address: Ipv4): number[] {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
}
