import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { hardwareToText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { leaseRows } from '../../store/sqlite/query/lease-rows.ts';
import { type Operation, operation } from '../http/operation.ts';
import { ApiProblem, unavailable } from '../http/problem.ts';
import {
  DESCRIBED_IMPORT,
  DESCRIBED_RECONCILE,
  IMPORT,
  IMPORT_ANSWER,
  RECONCILE,
  RECONCILE_ANSWER,
} from '../http/reservation-schemas.ts';
import { text } from '../http/schemas.ts';
import { reconcileParts } from '../reconcile/reconcile-parts.ts';
import type { ReconciledEntry, ReconcileResult, RefusedEntry } from '../reconcile/reconcile-result.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { noteReservation } from './note-reservation.ts';
import { progressToJson } from './reservation-answer.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const BODY_LIMIT = 16 * 1024 * 1024;
const TIME = 300_000;

type Done = Extract<ReconcileResult, { readonly kind: 'done' }>;

/** Many reservations at once: the whole set of a scope, or entries that are put beside those that are there. */
export function reconcileRoutes(parts: RouteParts): readonly Operation[] {
  const reconciler = new Reconciler(reconcileParts(parts.gateway, parts.leases));
  return [reconcileRoute(parts, reconciler), importReservationsRoute(parts, reconciler)];
}

function importReservationsRoute(parts: RouteParts, reconciler: Reconciler): Operation {
  return operation({
    method: 'post',
    path: '/reservations/import',
    name: 'importReservations',
    summary: 'Puts many reservations, which may take from each other what they have; others stay',
    query: z.object({ segment: text.optional() }),
    body: IMPORT,
    describedBody: DESCRIBED_IMPORT,
    bodyLimit: BODY_LIMIT,
    time: TIME,
    answer: IMPORT_ANSWER,
    run: async ({ query, body, author, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const { entries, dry_run, reason } = body;
      const note = reason === undefined ? {} : { note: reason };
      const result = await reconciler.reconcile(
        { scope: undefined, entries, author, isDryRun: dry_run, ...note },
        signal,
      );
      if (result.kind !== 'done') throw stopped();
      if (!dry_run) noteAll(parts, result, author);
      const { figures } = await parts.asked.result();
      return {
        items: itemsOf(result, entries.length),
        dry_run,
        scope: figures.isShared ? 'all-gateways' : 'this-gateway',
      };
    },
  });
}

function reconcileRoute(parts: RouteParts, reconciler: Reconciler): Operation {
  return operation({
    method: 'post',
    path: '/reservations/reconcile',
    name: 'reconcileReservations',
    summary: 'Makes the reservations of a scope the desired set; what another scope has is never touched',
    query: z.object({ segment: text.optional() }),
    body: RECONCILE,
    describedBody: DESCRIBED_RECONCILE,
    bodyLimit: BODY_LIMIT,
    time: TIME,
    answer: RECONCILE_ANSWER,
    problems: { 422: 'The set is empty, and `allow_empty` is not true; or the body has faults' },
    run: async ({ query, body, author, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const { scope, entries, dry_run, allow_empty, reason } = body;
      const result = await reconciler.reconcile(
        {
          ...{ scope, entries, author, isDryRun: dry_run, mayBeEmpty: allow_empty },
          ...(reason !== undefined && { note: reason }),
        },
        signal,
      );
      if (result.kind !== 'done') throw result.kind === 'empty' ? emptySet() : stopped();
      if (!dry_run) noteAll(parts, result, author);
      const { figures } = await parts.asked.result();
      return {
        added: result.added.map(entryOf),
        changed: result.changed.map(entryOf),
        unchanged: result.unchanged.length,
        removed: result.removed.map(({ id }) => id),
        still_leased: await parts.leases.read(({ database }) => stillLeased(result, database)),
        refused: result.refused.map(refusedOf),
        unexplained: await parts.leases.read(({ database }) => unexplainedOf(result, database)),
        unexplained_total: result.unexplained.total,
        dry_run,
        scope: figures.isShared ? 'all-gateways' : 'this-gateway',
      };
    },
  });
}

/** Makes each change an event. */
export function noteAll(
  parts: Parameters<typeof noteReservation>[0],
  { added, changed, removed }: Done,
  author: string,
): void {
  for (const { id, address } of [...added, ...changed])
    noteReservation(parts, { id, address, author, change: 'reconcile' });
  for (const { id, address } of removed) noteReservation(parts, { id, address, author, change: 'remove' });
}

function stopped(): ApiProblem {
  return unavailable('stopped', 'the gateway is starting or ending');
}

function emptySet(): ApiProblem {
  return new ApiProblem({
    status: 422,
    word: 'empty-set',
    title: 'The set is empty',
    detail: 'it would remove every reservation of the scope: say `allow_empty` if that is meant',
    errors: [{ pointer: '/entries', detail: 'is empty' }],
  });
}

/** What became of each entry, in their order. */
function itemsOf(
  { added, changed, unchanged, refused }: Done,
  count: number,
): z.output<typeof IMPORT_ANSWER>['items'] {
  const nothing = { why: null, holder: null, errors: [] };
  const items = new Map<number | undefined, z.output<typeof IMPORT_ANSWER>['items'][number]>();
  for (const [what, entries] of Object.entries({ added, changed, unchanged }) as ['added', typeof added][])
    for (const each of entries) items.set(each.entry, { what, ...entryOf(each), ...nothing });
  for (const each of refused) {
    const { id, why, holder, errors } = refusedOf(each);
    const problems = errors.map(({ pointer, detail }) => ({ pointer, detail }));
    const none = { address: null, changes: [], pending: null, still_has: null };
    items.set(each.entry, { what: 'refused', id, ...none, why, holder, errors: problems });
  }
  return Array.from({ length: count }, (_, entry) => items.get(entry)).filter((item) => item !== undefined);
}

function entryOf({ id, address, changes, pending, stillHeld }: ReconciledEntry) {
  return { id, address: ipv4ToText(address), changes, ...progressToJson({ pending, stillHeld }) };
}

function refusedOf({ entry, id, refusal }: RefusedEntry) {
  const errors = 'problems' in refusal ? refusal.problems : [];
  const holder = refusal.why === 'held' ? (refusal.problems[0]?.holder ?? null) : null;
  return { entry: entry ?? null, id: id ?? null, why: refusal.why, holder, errors };
}

/**
 * Leases of the addresses of removed reservations. Left out are addresses that another reservation of the set gets: the result of
 * that one names the holder.
 */
function stillLeased({ added, changed, removed }: Done, database: Database) {
  const given = new Set(
    [...added, ...changed].flatMap(({ address, stillHeld }) => [address, stillHeld?.address]),
  );
  const rowAt = leaseRows(database);
  return removed.flatMap(({ id, address }) => {
    const lease = given.has(address) ? undefined : rowAt(address);
    if (lease?.state !== 'bound') return [];
    return [{ id, address: ipv4ToText(address), mac: lease.mac, expires: lease.expires }];
  });
}

/** The gateway's memory has no names, and not since when: the file has. */
function unexplainedOf({ unexplained }: Done, database: Database) {
  const row = database.prepare('SELECT hostname, starts_at FROM lease WHERE address = ?');
  return unexplained.leases.map(({ address, hardware }) => {
    const { hostname = null, starts_at } = (row.get(address) ?? {}) as {
      hostname?: string;
      starts_at?: number;
    };
    return {
      address: ipv4ToText(address),
      mac: hardware === NO_HARDWARE ? null : hardwareToText(hardware),
      hostname,
      since: starts_at === undefined ? null : new Date(starts_at).toISOString(),
    };
  });
}
