import type { OutsideId } from '../../lease/outside-id.ts';
import { changedBetween, claimedBy } from '../../lease/reservation/claims.ts';
import type { ReservationEntry } from '../../lease/reservation/reservation.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ClaimModel } from './claim-model.ts';
import { componentsOf } from './components.ts';
import { MOST_AT_ONCE, weightOf } from './order-groups.ts';
import { MOST_COMPARED, MOST_EXCHANGED } from './reservation-order.ts';

/** One order: of one entry a put, of several an exchange. */
export type PutStep = readonly [ReservationEntry, ...ReservationEntry[]];

/**
 * The order in which entries of different ids can be put, so that what one gives up another can take: steps that may be under
 * way at once, one group after the other. Entries that take from each other in a circle are one step: none of them could be
 * the first. An entry that wants what nobody gives up is a step like any other, and is refused then.
 */
export function orderOfPuts(
  entries: readonly ReservationEntry[],
  model: ClaimModel,
): readonly (readonly PutStep[])[] {
  const needs = needsOf(entries, model);
  const groups = new Groups();
  for (const component of componentsOf(entries.length, (index) => needs[index] ?? [])) {
    const members = component.map((index) => entries[index]).filter((entry) => entry !== undefined);
    const needed = new Set(
      component.flatMap((index) => needs[index] ?? []).map((index) => entries[index]?.id),
    );
    const [first, ...others] = members;
    if (first === undefined) continue;
    if (members.length === 1 || fitsInOne(members, model)) groups.add([first, ...others], needed);
    else for (const step of turnedInPieces(component, needs, entries, model)) groups.addAlone(step);
  }
  return groups.all;
}

/** Of each entry those that have what it claims, and give it up. */
function needsOf(entries: readonly ReservationEntry[], model: ClaimModel): readonly (readonly number[])[] {
  const wanted = new Map<OutsideId, { readonly index: number; readonly claims: ReadonlySet<string> }>();
  for (const [index, entry] of entries.entries())
    wanted.set(entry.id, { index, claims: new Set(model.claimsOf(entry)) });
  return entries.map((entry) => {
    const found = new Set<number>();
    for (const claim of wanted.get(entry.id)?.claims ?? []) {
      const holder = model.holderOf(claim);
      const giver = holder === undefined || holder === entry.id ? undefined : wanted.get(holder);
      if (giver !== undefined && !giver.claims.has(claim)) found.add(giver.index);
    }
    return [...found];
  });
}

/**
 * A circle that is too long for one exchange, in pieces: after each but the last one its last member waits for what it takes. If
 * its own address is taken, it has the address of the first one for a moment. Where one takes from several others, or would be
 * refused, nothing can be cut: each entry is a step then, and is refused.
 */
function turnedInPieces(
  component: readonly number[],
  needs: readonly (readonly number[])[],
  entries: readonly ReservationEntry[],
  model: ClaimModel,
): readonly PutStep[] {
  const circle = circleOf(component, needs, entries, model);
  const [first] = circle;
  const parked = first === undefined ? undefined : model.addressOf(first.id);
  if (circle.length < component.length || parked === undefined)
    return component.flatMap((index): PutStep[] => {
      const entry = entries[index];
      return entry === undefined ? [] : [[entry]];
    });
  const steps: PutStep[] = [];
  const most = mostOf(circle, model);
  let rest = circle;
  while (rest.length > most) {
    const piece = rest.slice(0, most);
    const last = piece.at(-1);
    if (last !== undefined)
      steps.push([...piece.slice(0, -1), waiting(last, parked, model)] as unknown as PutStep);
    rest = rest.slice(most - 1);
  }
  steps.push(rest as unknown as PutStep);
  return steps;
}

/** An entry of a circle that has given what it gives, and has not yet what it takes. */
function waiting(entry: ReservationEntry, parked: Ipv4, model: ClaimModel): ReservationEntry {
  const rest = withoutHeld(entry, model);
  return keepsAddress(entry, model) ? rest : { ...rest, address: parked };
}

function keepsAddress({ id, address }: ReservationEntry, model: ClaimModel): boolean {
  return address === undefined || address === model.addressOf(id);
}

/** True: they can be put by one exchange. */
function fitsInOne(entries: readonly ReservationEntry[], model: ClaimModel): boolean {
  const changed = new Set(entries.flatMap((entry) => changedClaims(entry, model)));
  return entries.length <= MOST_EXCHANGED && entries.length * 2 + changed.size <= MOST_COMPARED;
}

/** How many of them one exchange may have, if all of them changed as much as the one that changes most. */
function mostOf(entries: readonly ReservationEntry[], model: ClaimModel): number {
  const largest = Math.max(...entries.map((entry) => 2 + changedClaims(entry, model).length));
  return Math.min(MOST_EXCHANGED, Math.max(2, Math.floor(MOST_COMPARED / largest)));
}

/** What a reservation gains or loses by its entry. */
function changedClaims(entry: ReservationEntry, model: ClaimModel): readonly string[] {
  return changedBetween(model.claimsOfId(entry.id), model.claimsOf(entry));
}

/** What others have is left out, but for the address. */
function withoutHeld(entry: ReservationEntry, model: ClaimModel): ReservationEntry {
  const { id, clientId, circuitId, port } = entry;
  const isFree = (claim: string) => [undefined, id].includes(model.holderOf(claim));
  const only = {
    ...entry,
    address: undefined,
    macs: [],
    clientId: undefined,
    circuitId: undefined,
    port: undefined,
  };
  const keeps = (part: Partial<ReservationEntry>) => claimedBy({ ...only, ...part }).every(isFree);
  return {
    ...entry,
    macs: entry.macs.filter((mac) => keeps({ macs: [mac] })),
    clientId: keeps({ clientId }) ? clientId : undefined,
    circuitId: keeps({ circuitId }) ? circuitId : undefined,
    port: keeps({ port }) ? port : undefined,
  };
}

/**
 * Each member before the one that it takes from; fewer than all if one takes from several, or wants what nobody gives up: after
 * some of the pieces another one would be refused, and its guest would have nothing. The first one gives up its address, if any
 * of them does.
 */
function circleOf(
  component: readonly number[],
  needs: readonly (readonly number[])[],
  entries: readonly ReservationEntry[],
  model: ClaimModel,
): readonly ReservationEntry[] {
  const circle: ReservationEntry[] = [];
  const members = new Set(component);
  const moves = (index: number) => entries[index] !== undefined && !keepsAddress(entries[index], model);
  let at = component.find(moves) ?? component[0];
  while (at !== undefined && circle.length < component.length) {
    const within: readonly number[] = (needs[at] ?? []).filter((index) => members.has(index));
    const entry = entries[at];
    if (entry === undefined || within.length !== 1) return [];
    const givers = new Set(needs[at]?.map((index) => entries[index]?.id));
    if (![...model.holdersOf(entry)].every((holder) => givers.has(holder))) return [];
    circle.push(entry);
    at = within[0];
  }
  return circle;
}

/** Collects steps into groups in which none needs another one. */
class Groups {
  readonly all: PutStep[][] = [];
  readonly #now = new Set<OutsideId>();
  #weight = 0;

  add(step: PutStep, needed: ReadonlySet<OutsideId | undefined>): void {
    const last = this.all.at(-1);
    const weight = step.reduce((sum, entry) => sum + weightOf(entry), 0);
    const fits = last !== undefined && this.#now.size > 0 && this.#weight + weight <= MOST_AT_ONCE;
    if (fits && ![...needed].some((id) => id !== undefined && this.#now.has(id))) last.push(step);
    else this.#begin(step);
    for (const { id } of step) this.#now.add(id);
    this.#weight += weight;
  }

  addAlone(step: PutStep): void {
    this.#begin(step);
  }

  #begin(step: PutStep): void {
    this.all.push([step]);
    this.#now.clear();
    this.#weight = 0;
  }
}
