import { z } from 'zod';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import { type Operation, operation } from '../http/operation.ts';
import { text } from '../http/schemas.ts';
import { isHostName } from './host-name.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** The most names of one answer. */
const MOST = 100_000;
const ALL = { sort: 'address', isDescending: false, after: undefined, facets: [] } as const;
const RUNNING = [{ name: 'state', value: 'bound', isNegated: false }] as const;

interface Host {
  readonly address: string;
  readonly mac: string | null;
  /** Labels that DNS takes: what a guest calls itself, and its VPS id; the first one is its name. */
  readonly names: readonly string[];
}

/** How each format writes hosts, and its media type. */
const FORMATS = {
  hosts: { type: 'text/plain; charset=utf-8', write: hostsFile },
  json: {
    type: 'application/json',
    write: (hosts: readonly Host[]) => `${JSON.stringify({ items: hosts })}\n`,
  },
  csv: { type: 'text/csv; charset=utf-8', write: csv },
  dnsmasq: { type: 'text/plain; charset=utf-8', write: dnsmasq },
  kea: { type: 'application/json', write: kea },
} as const;
type Format = keyof typeof FORMATS;

export function hostsRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/hosts',
    name: 'listHosts',
    summary: 'Names and addresses of the leases that run, for a DNS server or another DHCP server',
    query: z.object({
      segment: text.optional(),
      format: z.enum(Object.keys(FORMATS) as readonly Format[]).default('hosts'),
    }),
    answer: 'text/plain',
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const rows = await parts.leases.read(async ({ database }) => {
        const search = { ...ALL, conditions: RUNNING, limit: MOST };
        return (await searchLeases(database, search, signal)).rows;
      });
      const hosts = rows.map(
        ({ address, mac, hostname, vps_id }): Host => ({
          address,
          mac,
          names: [...new Set([hostname, vps_id].filter(isHostName).map((name) => name.toLowerCase()))],
        }),
      );
      const { type, write } = FORMATS[query.format];
      return new Response(write(hosts, parts.options.subnet.domain), {
        headers: { 'content-type': type, 'cache-control': 'no-store' },
      });
    },
  });
}

function hostsFile(hosts: readonly Host[], domain: string | null): string {
  return hosts
    .filter(({ names }) => names.length > 0)
    .map(({ address, names }) => {
      const all = names.flatMap((name) => (domain === null ? [name] : [name, `${name}.${domain}`]));
      return `${address} ${all.join(' ')}\n`;
    })
    .join('');
}

function csv(hosts: readonly Host[]): string {
  const rows = hosts.map(({ address, mac, names }) => `${address},${mac ?? ''},${names.join(' ')}\r\n`);
  return `address,mac,names\r\n${rows.join('')}`;
}

/** Lines of --dhcp-host. */
function dnsmasq(hosts: readonly Host[]): string {
  return hosts
    .filter(({ mac }) => mac !== null)
    .map(({ address, mac, names }) => `dhcp-host=${[mac, address, ...names.slice(0, 1)].join(',')}\n`)
    .join('');
}

/** The `reservations` of a subnet4. */
function kea(hosts: readonly Host[]): string {
  const reservations = hosts
    .filter(({ mac }) => mac !== null)
    .map(({ address, mac, names: [hostname] }) => ({
      'hw-address': mac,
      'ip-address': address,
      ...(hostname !== undefined && { hostname }),
    }));
  return `${JSON.stringify({ reservations }, null, 2)}\n`;
}
