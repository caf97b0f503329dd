import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import { ClaimModel } from '../../engine/order/claim-model.ts';
import { orderOfPuts, type PutStep } from '../../engine/order/order-of-puts.ts';
import type { Clock } from '../../lease/clock.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import { claimedBy } from '../../lease/reservation/claims.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';
import { isSameReservation } from '../../lease/reservation/reservation-fields.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { FileReservation } from '../../subnet/policy.ts';
import { refusedAddress } from '../../subnet/reservable.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import type { ReservationControl } from './reservation-control.ts';
import type { ReservationResult } from './reservation-intake.ts';

/** Who has ordered it, in the history. */
const AUTHOR = 'settings file';
/** Seconds from one attempt to the next, where nothing could be stored. */
const RETRY = 5;
/** How long the first attempt holds up the start at most: milliseconds. */
const BEGIN_LIMIT = 3000;
/** How many faults a problem names. */
const MOST_SHOWN = 3;

/**
 * Why reservations of a settings file cannot be put in force, each in one line: no guest may have the address, or a reservation that
 * is none of a file's has what they claim. One of the same id is taken over.
 */
export function faultsOfReservations(
  wanted: readonly FileReservation[],
  reservations: Reservations | undefined,
  plan: Plan | undefined,
): readonly string[] {
  if (wanted.length === 0) return [];
  const others = [...(reservations?.all() ?? [])].filter(({ source }) => source !== 'file');
  const model = new ClaimModel(others);
  const ids = new Set(wanted.map(({ entry }) => entry.id));
  return wanted.flatMap(({ entry, place }) => {
    const name = `reservations.${entry.id} (file ${place})`;
    const why =
      plan === undefined || entry.address === undefined ? undefined : refusedAddress(plan, entry.address);
    if (why !== undefined) return [`${name}: ${why}; write an address that is a guest's`];
    return [...model.holdersOf(entry)]
      .filter((holder) => !ids.has(holder))
      .map(
        (holder) => `${name}: ${shared(entry, others, holder)}; \`vps-gateway reservations show ${holder}\``,
      );
  });
}

function shared(entry: ReservationEntry, others: readonly Reservation[], holder: OutsideId): string {
  const theirs = new Set(others.filter(({ id }) => id === holder).flatMap(claimedBy));
  const isAddress = entry.address !== undefined && theirs.has(`ip ${entry.address}`);
  const what =
    isAddress && entry.address !== undefined ? ipv4ToText(entry.address) : 'its card, identifier or port';
  return `the reservation ${holder}, which is none of the settings file, has ${what}`;
}

/** Keeps the reservations of the settings file in force: what differs is ordered, as by the API, until all of it is durable. */
export class FileReservations {
  readonly #control: ReservationControl;
  readonly #wanted: () => readonly FileReservation[];
  /** With shared leases other gateways have files of their own: what this one's never had is not removed. */
  readonly #isShared: boolean;
  readonly #clock: Clock;
  /** Those that the file had when they were put in force last. */
  #before: ReadonlySet<OutsideId> = new Set();
  #failures: readonly string[] = [];
  /** Seconds to the next attempt; undefined: all is in force. */
  #left: number | undefined = 0;
  #run: Promise<void> | undefined;

  constructor(
    control: ReservationControl,
    wanted: () => readonly FileReservation[],
    { clock, clusterPeers }: Pick<ServerParts, 'clock' | 'clusterPeers'>,
  ) {
    this.#control = control;
    this.#wanted = wanted;
    this.#clock = clock;
    this.#isShared = clusterPeers !== undefined;
  }

  /** Before the first message is answered: one attempt, which a store that does not answer holds up for a short time only. */
  async begin(): Promise<void> {
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.#clock.after(BEGIN_LIMIT, resolve);
    });
    await Promise.race([this.apply(), limit]);
    cancel();
  }

  /** Undefined: all of them are in force. */
  get problem(): RunningProblem | undefined {
    if (this.#failures.length === 0) return undefined;
    const more = this.#failures.length > MOST_SHOWN ? `; and ${this.#failures.length - MOST_SHOWN} more` : '';
    return {
      name: 'file-reservations',
      message: `reservations of the settings file are not in force: ${this.#failures.slice(0, MOST_SHOWN).join('; ')}${more}`,
      remedy:
        'what could not be stored is tried again; mend the others in the file, then `vps-gateway reload`',
      stopsNewGuests: false,
    };
  }

  /** Where the entry of an id stands; undefined: in no file of this gateway's. */
  placeOf(id: OutsideId): string | undefined {
    return this.#wanted().find(({ entry }) => entry.id === id)?.place;
  }

  /** Resolves after one attempt. */
  apply(): Promise<void> {
    this.#run = (this.#run ?? Promise.resolve()).then(() => this.#apply());
    return this.#run;
  }

  /** Once a second. */
  check(): void {
    if (this.#left === undefined) return;
    this.#left -= 1;
    if (this.#left <= 0) {
      this.#left = RETRY;
      void this.apply();
    }
  }

  async #apply(): Promise<void> {
    const { current } = this.#control;
    if (current === undefined) return;
    const wanted = this.#wanted();
    const ids = new Set(wanted.map(({ entry }) => entry.id));
    const failures: string[] = [];
    const leaving = [...current.all()].filter(
      ({ id, source, retiredUntil }) =>
        source === 'file' &&
        retiredUntil === undefined &&
        !ids.has(id) &&
        (!this.#isShared || this.#before.has(id)),
    );
    for (const { id } of leaving) {
      const order = { kind: 'remove', id, source: 'file', isFinal: true, author: AUTHOR } as const;
      note(id, await this.#control.submit(order), failures);
    }
    const entries = wanted
      .map(({ entry }) => entry)
      .filter((entry) => !isInForce(entry, current.get(entry.id)));
    const model = new ClaimModel([...current.all()]);
    for (const group of orderOfPuts(entries, model))
      await Promise.all(group.map((step) => this.#put(step, failures)));
    this.#failures = failures;
    this.#left = failures.length === 0 ? undefined : RETRY;
    this.#before = ids;
  }

  async #put(step: PutStep, failures: string[]): Promise<void> {
    if (step.length > 1) {
      const results = await this.#control.exchange({ entries: step, source: 'file', author: AUTHOR });
      if (results !== 'impossible') {
        for (const [index, { id }] of step.entries()) note(id, results[index], failures);
        return;
      }
    }
    for (const entry of step) {
      const order = { kind: 'put', entry, source: 'file', author: AUTHOR } as const;
      note(entry.id, await this.#control.submit(order), failures);
    }
  }
}

/** True: it is so already, and needs no order. */
function isInForce(entry: ReservationEntry, known: Reservation | undefined): boolean {
  if (known === undefined || known.retiredUntil !== undefined || known.source !== 'file') return false;
  return isSameReservation(known, { ...known, ...entry, address: entry.address ?? known.address });
}

function note(id: OutsideId, result: ReservationResult | undefined, failures: string[]): void {
  if (result === undefined || result.outcome === 'committed' || result.outcome === 'unchanged') return;
  if (result.outcome !== 'refused') failures.push(`${id}: ${result.outcome}`);
  else if (result.refusal.why !== 'unknown')
    failures.push(
      `${id}: ${'problems' in result.refusal ? result.refusal.problems.map(({ detail }) => detail).join(', ') : result.refusal.why}`,
    );
}
