import { z } from 'zod';
import type { OperatorOrder } from '../../engine/operator-order.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { leaseRows } from '../../store/sqlite/query/lease-rows.ts';
import { type Operation, operation } from '../http/operation.ts';
import { ApiProblem, unavailable } from '../http/problem.ts';
import { text } from '../http/schemas.ts';
import { addressFromPath } from './leases.ts';
import { orderProblem } from './order-problem.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** An address from which a living guest was sent away rests for this time: seconds. */
const REST = 600;
const DAY = 86_400;
const LONGEST_QUARANTINE = 366 * DAY;

const QUERY = z.object({ segment: text.optional() });
export const REASON = z
  .string()
  .trim()
  .min(1)
  .max(160)
  .regex(/^[\x20-\x7e\xa0-\xff]*$/, 'has characters that the history does not keep')
  .meta({ description: 'Why; it is kept in the history' });

const RELEASE = z.strictObject({
  reason: REASON.optional(),
  force: z.boolean().default(false).meta({ description: 'Also if the guest answers by ARP' }),
});
const QUARANTINE = z.strictObject({
  reason: REASON.optional(),
  seconds: z.int().min(1).max(LONGEST_QUARANTINE).default(DAY),
});
const RESTORE = z.strictObject({ reason: REASON.optional() });

const DONE = z.object({
  address: z.string().meta({ format: 'ipv4' }),
  reason: z.string().meta({ description: 'The reason word of the change in the history' }),
  author: z.string(),
  scope: z.enum(['this-gateway', 'all-gateways']),
});
const RELEASED = DONE.extend({
  answered_by: z
    .string()
    .nullable()
    .meta({ description: 'The MAC that answered ARP for the address; null: nobody' }),
  rests_seconds: z
    .int()
    .nullable()
    .meta({ description: 'How long nobody gets the address, since its guest is alive' }),
});
const ASKED = z.object({
  address: z.string().meta({ format: 'ipv4' }),
  answered_by: z.string().nullable(),
});

export function orderRoutes(parts: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'post',
      path: '/leases/{address}/release',
      name: 'releaseLease',
      summary: 'Ends a lease at once. If its guest answers by ARP, it is kept, unless `force` is true',
      query: QUERY,
      body: RELEASE,
      answer: RELEASED,
      problems: { 404: 'Nothing is leased there', 409: 'Its guest is alive, or a peer has granted it' },
      run: async ({ query, body, path, author }) => {
        refuseOtherSegment(parts, query.segment);
        return await release(parts, addressFromPath(path['address']), author, body);
      },
    }),
    operation({
      method: 'post',
      path: '/addresses/{address}/quarantine',
      name: 'quarantineAddress',
      summary: 'Takes an address that is not leased out of use for a time',
      query: QUERY,
      body: QUARANTINE,
      answer: DONE,
      problems: { 409: 'It is leased', 422: 'No guest may have it anyway' },
      run: async ({ query, body, path, author }) => {
        refuseOtherSegment(parts, query.segment);
        const { reason, seconds } = body;
        const address = addressFromPath(path['address']);
        return await ordered(parts, { kind: 'quarantine', address, seconds, ...by(author, reason) });
      },
    }),
    operation({
      method: 'post',
      path: '/addresses/{address}/restore',
      name: 'restoreAddress',
      summary: 'Ends the quarantine of an address',
      query: QUERY,
      body: RESTORE,
      answer: DONE,
      problems: { 409: 'It is not in quarantine' },
      run: async ({ query, body, path, author }) => {
        refuseOtherSegment(parts, query.segment);
        const address = addressFromPath(path['address']);
        return await ordered(parts, { kind: 'restore', address, ...by(author, body.reason) });
      },
    }),
    operation({
      method: 'post',
      path: '/addresses/{address}/ask',
      name: 'askAddress',
      summary: 'Asks the segment by ARP who has an address now',
      query: QUERY,
      answer: ASKED,
      run: async ({ query, path }) => {
        refuseOtherSegment(parts, query.segment);
        const address = addressFromPath(path['address']);
        const asked = await parts.gateway.ask(address);
        if (asked.kind === 'no-arp')
          throw unavailable(
            'no-arp',
            'nobody can be asked by ARP now: see the shortcomings of `vps-gateway health`',
          );
        if (asked.kind === 'too-many') throw tooManyAsked();
        return { address: ipv4ToText(address), answered_by: asked.holder };
      },
    }),
  ];
}

function tooManyAsked(): ApiProblem {
  return unavailable('busy', 'too many addresses are asked for by ARP now');
}

function by(author: string, note: string | undefined) {
  return note === undefined ? { author } : { author, note };
}

/** @throws ApiProblem if `force` is false and the guest is alive, or may be, as ARP has no room; or if the order is refused. */
async function release(
  parts: RouteParts,
  address: Ipv4,
  author: string,
  { force, reason }: z.output<typeof RELEASE>,
): Promise<z.output<typeof RELEASED>> {
  const asked = await parts.gateway.ask(address);
  if (asked.kind === 'too-many' && !force) throw tooManyAsked();
  const holder = asked.kind === 'asked' ? asked.holder : null;
  if (holder !== null && !force) {
    await refuseOthers(parts, address);
    throw new ApiProblem({
      status: 409,
      word: 'guest-is-alive',
      title: 'The guest is alive',
      detail: `${holder} answers by ARP for ${ipv4ToText(address)}; its lease is kept`,
      more: { mac: holder },
    });
  }
  const done = await ordered(parts, { kind: 'release', address, ...by(author, reason) });
  if (holder === null) return { ...done, answered_by: null, rests_seconds: null };
  const rest = { kind: 'quarantine', address, seconds: REST, author, note: 'its guest was alive' } as const;
  const { outcome } = await parts.gateway.order(rest); // Refused where the guest has its lease again by now.
  return { ...done, answered_by: holder, rests_seconds: outcome === 'committed' ? REST : null };
}

/** @throws ApiProblem if another gateway has granted the lease: `force` would not end it here either. */
async function refuseOthers({ asked, leases }: RouteParts, address: Ipv4): Promise<void> {
  const row = await leases.read(({ database }) => leaseRows(database)(address));
  if (row?.state !== 'peer') return;
  const { figures } = await asked.result();
  throw orderProblem(address, { outcome: 'refused', why: 'granted-by-peer' }, figures, row.node);
}

/** @throws ApiProblem if it is not carried out. */
async function ordered(
  { gateway, asked, leases }: RouteParts,
  order: OperatorOrder,
): Promise<z.output<typeof DONE>> {
  const { figures } = await asked.result();
  const result = await gateway.order(order);
  if (result.outcome !== 'committed') {
    const isPeers = result.outcome === 'refused' && result.why === 'granted-by-peer';
    const row = isPeers ? await leases.read(({ database }) => leaseRows(database)(order.address)) : undefined;
    throw orderProblem(order.address, result, figures, row?.node);
  }
  return {
    address: ipv4ToText(order.address),
    reason: result.reason,
    author: order.author,
    scope: figures.isShared ? 'all-gateways' : 'this-gateway',
  };
}
