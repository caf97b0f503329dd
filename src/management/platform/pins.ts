import { setTimeout as delay } from 'node:timers/promises';
import type { OutsideId } from '../../lease/outside-id.ts';
import { readEntry } from '../../lease/reservation/read-entry.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { entryToJson } from '../../lease/reservation/reservation-fields.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { CallError } from '../../platform/call-error.ts';
import { noteReservation } from '../routes/note-reservation.ts';
import { isFailed, reservationProblem } from '../routes/reservation-problem.ts';
import type { PlatformCaller, PlatformParts } from './platform-parts.ts';
import { NODE, PUBLIC } from './read-fields.ts';

/** The most cards of a reservation; the one that was named longest ago is forgotten first. */
const MOST_CARDS = 16;
/** How often a put is tried again after others have changed the reservation, and the time between: milliseconds. */
const ATTEMPTS = 5;
const PAUSE = 20;

/** What the platform says of an address of a VPS. */
export interface Said {
  /** Of the reservation: the VPS, or for a further address of it an id of its own. */
  readonly id: OutsideId;
  readonly vpsId: OutsideId;
  readonly organizationId: OutsideId | undefined;
  /** As colon pairs. */
  readonly card: string | undefined;
  /** Of one that is new; undefined: the server picks. */
  readonly address: Ipv4 | undefined;
  /** True: also one that is known is to have this address. Else it keeps its own, as the older gateway does. */
  readonly moves?: boolean;
  readonly isPublic?: boolean;
  /** True: it gets the address that its guest has now. */
  readonly adopt?: boolean;
}

export interface Pinned {
  readonly reservation: Reservation;
  readonly isNew: boolean;
}

export function inForce(reservation: Reservation | null | undefined): Reservation | undefined {
  return reservation?.retiredUntil === undefined ? (reservation ?? undefined) : undefined;
}

/**
 * The entry, as JSON, that what is said comes to. What others have added to a known one stays: its name, its options. Cards are
 * added and none is taken away: the platform's list may have the card that it guessed before the VM was made.
 *
 * @param known In force.
 */
export function pinnedEntry(
  known: Reservation | undefined,
  said: Said,
  node: string,
): Readonly<Record<string, unknown>> {
  const { address: _, ...before } = known === undefined ? {} : entryToJson(known);
  const cards = [...(said.card === undefined ? [] : [said.card]), ...(known?.macs.map(hardwareToText) ?? [])];
  const isOurs = known === undefined || known.source === 'platform';
  const labels = { [NODE]: node, ...(said.isPublic === true && { [PUBLIC]: 'true' }) };
  const address = known === undefined || said.moves === true ? said.address : undefined;
  return {
    ...before,
    id: said.id,
    vps_id: said.vpsId,
    mac: [...new Set(cards)].slice(0, MOST_CARDS),
    ...(said.organizationId !== undefined && { organization_id: said.organizationId }),
    ...(isOurs && { labels: { ...known?.labels, ...labels } }),
    ...(address !== undefined && { address: ipv4ToText(address) }),
  };
}

/** Makes what is said a reservation, and answers when it is durable. @throws ApiProblem, CallError */
export async function pin(parts: PlatformParts, said: Said, caller: PlatformCaller): Promise<Pinned> {
  for (let attempt = 1; ; attempt += 1) {
    const known = inForce(await parts.gateway.reservationOf(said.id));
    // The settings file keeps it: its address is the answer, and nothing is changed here.
    if (known?.source === 'file') return { reservation: known, isNew: false };
    const read = readEntry(pinnedEntry(known, said, parts.options.node));
    if ('problems' in read)
      throw reservationProblem({
        outcome: 'refused',
        refusal: { why: 'invalid', problems: read.problems },
      });
    const result = await parts.gateway.orderReservation({
      kind: 'put',
      entry: read.entry,
      source: known?.source ?? 'platform',
      expectedVersion: known?.version ?? 0,
      author: caller.author,
      ...(said.adopt === true && { adopt: true }),
    });
    const isChanged = result.outcome === 'refused' && result.refusal.why === 'another-version';
    if (isChanged && attempt < ATTEMPTS) {
      await delay(PAUSE * attempt, undefined, { signal: caller.signal });
      continue;
    }
    if (isFailed(result)) throw reservationProblem(result);
    const { reservation } = result;
    if (reservation === undefined) throw new CallError('aborted', 'others have changed it: send it again');
    if (result.outcome === 'committed')
      noteReservation(parts, {
        id: said.id,
        address: reservation.address,
        author: caller.author,
        change: 'put',
      });
    return { reservation, isNew: result.outcome === 'committed' && result.isNew };
  }
}

/** Removes a reservation, and ends the lease at its address. @throws ApiProblem */
export async function unpin(
  parts: PlatformParts,
  { id, address }: Pick<Reservation, 'id' | 'address'>,
  { author }: PlatformCaller,
): Promise<void> {
  const result = await parts.gateway.orderReservation({ kind: 'remove', id, address, author });
  if (isFailed(result)) throw reservationProblem(result);
  noteReservation(parts, { id, address, author, change: 'remove' });
  const note = 'the platform released it';
  await parts.gateway.order({ kind: 'release', address, author, note }); // Refused where nothing is leased.
}
