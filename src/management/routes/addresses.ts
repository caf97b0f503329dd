import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { type Ipv4, ipv4, ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import { broadcastOf, contains, type Prefix, prefixOf } from '../../net/prefix.ts';
import type { MappedAddress } from '../../server/status/address-map.ts';
import { countBlocks } from '../../store/sqlite/query/blocks.ts';
import { leaseRows } from '../../store/sqlite/query/lease-rows.ts';
import { type Operation, operation } from '../http/operation.ts';
import { badRequest } from '../http/problem.ts';
import { AS_OF, text } from '../http/schemas.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** A subnet of at most so many addresses is shown whole. */
const WHOLE = 1024;
/** A longer prefix than this is shown by its addresses. */
const BLOCK_LENGTH = 24;

const STATES = [
  ...['leased', 'reserved-in-use', 'reserved-idle', 'offered', 'peer', 'quarantined', 'conflict'],
  ...['retired', 'free', 'free-quiet', 'gateway', 'gateway-unused', 'router', 'outside-pool', 'kept'],
] as const;

const ADDRESS = z.object({
  address: z.string().meta({ format: 'ipv4' }),
  state: z
    .enum(STATES)
    .meta({ description: 'retired: nobody has it, and it is kept for the id of a removed reservation' }),
  mac: z.string().nullable(),
  hostname: z.string().nullable(),
  vps_id: z.string().nullable(),
  reservation_id: z.string().nullable(),
  retired_until: z.string().nullable().meta({
    format: 'date-time',
    description: 'The reservation was removed; until then the address is kept for its id',
  }),
  node: z.string().nullable().meta({ description: 'Whose gateway granted it' }),
  expires: z.string().nullable().meta({ description: 'ISO 8601, or never' }),
});
const BLOCK = z.object({ block: z.string(), states: z.record(z.string(), z.int()) });

export function addressesRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/addresses',
    name: 'mapAddresses',
    readsAll: true,
    summary:
      'What each address is used for; a subnet of more than 1,024 by blocks of 256, each of which can be asked for',
    query: z.object({
      segment: text.optional(),
      block: text.optional().meta({ description: 'Of at most 1,024 addresses: 10.15.3.0/24' }),
    }),
    answer: z.object({
      items: z.array(ADDRESS).meta({ description: 'Empty where the blocks are told' }),
      blocks: z.array(BLOCK).meta({ description: 'Blocks in which something was ever leased' }),
      total: z.int(),
      as_of: AS_OF,
    }),
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const subnet = prefixFromText(parts.subnet().prefix);
      const shown = query.block === undefined ? subnet : blockIn(subnet, query.block);
      const last = broadcastOf(shown);
      const size = last - shown.network + 1;
      if (size > WHOLE) {
        return await parts.leases.read(async ({ database, asOf }) => {
          const counted = await countBlocks(database, shown.network, last, signal);
          const blocks = counted.map(({ first, states }) => ({
            block: `${ipv4ToText(ipv4(first))}/${BLOCK_LENGTH}`,
            states,
          }));
          return { items: [], blocks, total: size, as_of: asOf };
        });
      }
      const mapped = await parts.gateway.mapAddresses(shown.network, last);
      return await parts.leases.read(({ database, asOf }) => ({
        items: withGuests(mapped, database, parts.subnet().router),
        blocks: [],
        total: mapped.length,
        as_of: asOf,
      }));
    },
  });
}

/** States in which the row of an address names who has it. */
const HELD: ReadonlySet<string> = new Set(['leased', 'reserved-in-use', 'peer', 'quarantined', 'conflict']);

function withGuests(mapped: readonly MappedAddress[], database: Database, router: string) {
  const rowAt = leaseRows(database);
  return mapped.map(({ address, state: used, reservation, retiredUntil }): z.output<typeof ADDRESS> => {
    const state = retiredUntil !== undefined && isFree(used) ? 'retired' : used;
    const guest = HELD.has(state) ? rowAt(address) : undefined;
    const dotted = ipv4ToText(address);
    return {
      address: dotted,
      state: state === 'kept' && dotted === router ? 'router' : state,
      mac: guest?.mac ?? null,
      hostname: guest?.hostname ?? null,
      vps_id: guest?.vps_id ?? null,
      reservation_id: reservation ?? null,
      retired_until: retiredUntil === undefined ? null : new Date(retiredUntil).toISOString(),
      node: guest?.node ?? null,
      expires: guest?.expires ?? null,
    };
  });
}

function isFree(state: MappedAddress['state']): boolean {
  return state === 'free' || state === 'free-quiet';
}

function prefixFromText(text: string): Prefix {
  const [network = '', length = ''] = text.split('/');
  return prefixOf(ipv4FromText(network) ?? (0 as Ipv4), Number(length));
}

/** @throws ApiProblem for what is no part of the subnet. */
function blockIn(subnet: Prefix, text: string): Prefix {
  const [, written = '', digits] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const network = ipv4FromText(written);
  const length = Number(digits);
  if (network !== undefined && length >= subnet.length && length <= 32 && contains(subnet, network))
    return prefixOf(network, length);
  throw badRequest('the query has faults', [
    { pointer: '/block', detail: 'is no part of the subnet: 10.15.3.0/24' },
  ]);
}
