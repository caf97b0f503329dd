import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { entryToJson } from '../../lease/reservation/reservation-fields.ts';
import { CallError } from '../../platform/call-error.ts';
import type { MessageOf, PartOf } from '../../platform/message-type.ts';
import type { DESIRED, SYNC, SYNCED } from '../../platform/messages.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { reconcileParts } from '../reconcile/reconcile-parts.ts';
import type { ReconcileResult } from '../reconcile/reconcile-result.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { noteAll } from '../routes/reconcile.ts';
import { leaseAt } from '../routes/reservation-answer.ts';
import { someAtOnce } from './at-once.ts';
import type { CardLearner } from './card-learner.ts';
import { type DesiredSet, readDesired } from './desired-set.ts';
import { inForce, pinnedEntry } from './pins.ts';
import type { PlatformCaller, PlatformParts } from './platform-parts.ts';
import { NODE, PUBLIC } from './read-fields.ts';
import type { FoundVps, RegisteredStreams } from './registered-streams.ts';
import type { Turns } from './turns.ts';
import { type UnknownLease, unknownLeases } from './unknown-leases.ts';

/** Leases about which the platform is asked in one run, how many at once, and for how long: milliseconds. */
const MOST_ASKED = 200;
const AT_ONCE = 16;
const ASK_TIME = 10_000;
/** Refused entries that the answer names. */
const MOST_NAMED = 5;

type Done = Extract<ReconcileResult, { readonly kind: 'done' }>;
type Discovered = PartOf<typeof DESIRED>;

/** A lease that runs, and the VPS that the platform says it is of. */
interface LeaseOfVps {
  readonly lease: UnknownLease;
  readonly found: FoundVps;
  /** The reservation that would be removed, because the list does not have it; undefined: there is none. */
  readonly reservation: Reservation | undefined;
}

/**
 * Makes the reservations that the platform keeps for this node what its list says. What other nodes' lists, operators and the
 * settings file have is never touched. A guest that runs and that the platform knows as a VPS, though its list does not have it,
 * is kept, and told as discovered.
 */
export class Synchronizer {
  readonly #parts: PlatformParts;
  readonly #streams: RegisteredStreams;
  readonly #learner: CardLearner;
  readonly #turns: Turns;
  readonly #reconciler: Reconciler;

  constructor(parts: PlatformParts, streams: RegisteredStreams, learner: CardLearner, turns: Turns) {
    this.#parts = parts;
    this.#streams = streams;
    this.#learner = learner;
    this.#turns = turns;
    this.#reconciler = new Reconciler(reconcileParts(parts.gateway, parts.leases));
  }

  /** @throws CallError, Problem */
  async run({ allocations }: MessageOf<typeof SYNC>, caller: PlatformCaller): Promise<PartOf<typeof SYNCED>> {
    const desired = readDesired(allocations, this.#parts.subnet());
    const known = await this.#askFor(desired, caller);
    const kept = known.flatMap(({ reservation }) => reservation ?? []);
    const result = await this.#turns.run(() => this.#reconcile(desired, kept, caller));
    let learnt = 0;
    await someAtOnce(known, AT_ONCE, ASK_TIME, async ({ lease, found, reservation }) => {
      if (reservation !== undefined) return;
      const pinned = await this.#learner.learn(lease, found, caller);
      if (pinned?.isNew === true) learnt += 1;
    });
    const discovered = known.filter(({ found }) => !desired.vps.has(found.vpsId)).map(discoveredOf);
    return this.#answer(desired, result, learnt, discovered);
  }

  /** Leases that run, that the list does not explain, and whose VPS the platform knows. */
  async #askFor(desired: DesiredSet, { signal }: PlatformCaller): Promise<readonly LeaseOfVps[]> {
    if (this.#streams.size === 0) return [];
    const [reservations, unexplained] = await Promise.all([
      this.#leaving(desired, signal),
      unknownLeases(this.#parts, signal),
    ]);
    const unknown = unexplained.map((lease) => ({ lease, reservation: undefined }));
    const known: LeaseOfVps[] = [];
    const asked = [...reservations, ...unknown].slice(0, MOST_ASKED);
    await someAtOnce(asked, AT_ONCE, ASK_TIME, async ({ lease, reservation }) => {
      const found = await this.#streams.findVps(lease.address, lease.mac);
      if (found !== undefined && (reservation === undefined || reservation.vpsId === found.vpsId))
        known.push({ lease, found, reservation });
    });
    return known;
  }

  /** The reservations that the list leaves out, and whose guests have leases. */
  async #leaving({ entries, faulty }: DesiredSet, signal: AbortSignal) {
    const { node } = this.#parts.options;
    return await this.#parts.leases.read(async ({ database }) => {
      const isLeaving = (each: Reservation) =>
        isOurs(each) && each.labels[NODE] === node && !entries.has(each.id) && !faulty.has(each.id);
      const leaving = await readReservations(database, isLeaving, signal);
      const found = [];
      for (const reservation of leaving.slice(0, MOST_ASKED)) {
        const lease = await leaseAt(database, reservation, signal);
        if (lease?.mac !== undefined && lease.mac !== null)
          found.push({ lease: { address: lease.address, mac: lease.mac }, reservation });
      }
      return found;
    });
  }

  async #reconcile(desired: DesiredSet, kept: readonly Reservation[], caller: PlatformCaller): Promise<Done> {
    const { leases, options } = this.#parts;
    const all = await leases.read(({ database }) => readReservations(database, () => true, caller.signal));
    const before = new Map<OutsideId, Reservation>(all.map((each) => [each.id, each]));
    const wishes = [...desired.entries.values()].filter(({ id }) => {
      const known = inForce(before.get(id));
      return known === undefined || isOurs(known); // An operator's reservation of that name is the operator's.
    });
    const staying = [...kept.map(({ id }) => id), ...desired.faulty].filter((id) => !desired.entries.has(id));
    const entries = [
      ...wishes.map((said) => pinnedEntry(inForce(before.get(said.id)), said, options.node)),
      ...[...new Set(staying)].flatMap((id) => {
        const stays = inForce(before.get(id));
        return stays !== undefined && isOurs(stays) ? [entryToJson(stays)] : [];
      }),
    ];
    const result = await this.#reconciler.reconcile(
      {
        scope: { label: NODE, value: options.node },
        entries,
        source: 'platform',
        onlyOf: 'platform',
        mayBeEmpty: true,
        author: caller.author,
      },
      caller.signal,
    );
    if (result.kind !== 'done')
      throw new CallError('unavailable', 'the gateway is starting or ending: send it again');
    noteAll(this.#parts, result, caller.author);
    return result;
  }

  #answer(
    desired: DesiredSet,
    { added, changed, removed, refused }: Done,
    learnt: number,
    discoveredAllocations: readonly Discovered[],
  ): PartOf<typeof SYNCED> {
    const refusals = [
      ...desired.refused,
      ...refused.map(({ id, refusal }) => {
        const [problem] = 'problems' in refusal ? refusal.problems : [];
        return `${id ?? 'an entry'}: ${problem === undefined ? refusal.why : `${problem.pointer.slice(1)} ${problem.detail}`.trim()}`;
      }),
    ];
    const counts = {
      allocations: desired.entries.size,
      added: added.length + learnt,
      changed: changed.length,
      removed: removed.length,
      refused: refusals.length,
      notServed: desired.notServed,
      discovered: discoveredAllocations.length,
    };
    const named = refusals.slice(0, MOST_NAMED);
    if (counts.added + counts.changed + counts.removed + counts.refused > 0)
      this.#parts.say(
        counts.refused > 0 ? 'warn' : 'info',
        { ...counts, ...(named.length > 0 && { refusals: named }) },
        'the platform has synchronized its allocations',
      );
    const words = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
    const more = refusals.length > named.length ? [`and ${refusals.length - named.length} more`] : [];
    const message = [words.join(', '), ...named, ...more].join('; ');
    return { success: true, added: counts.added, removed: counts.removed, message, discoveredAllocations };
  }
}

function isOurs({ source, retiredUntil }: Reservation): boolean {
  return source === 'platform' && retiredUntil === undefined;
}

function discoveredOf({ lease, found, reservation }: LeaseOfVps): Discovered {
  return {
    vpsId: found.vpsId,
    organizationId: found.organizationId ?? reservation?.organizationId ?? '',
    ipAddress: lease.address,
    macAddress: lease.mac,
    isPublic: reservation?.labels[PUBLIC] === 'true',
  };
}
