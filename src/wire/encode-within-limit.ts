import { FILE, FILE_BYTES, SNAME, SNAME_BYTES } from './layout.ts';
import { END, RELAY_AGENT_INFORMATION } from './option-fields.ts';
import { lengthThatFits, optionSize, partsSize, putOption, putParts } from './put-option.ts';
import type { OptionBlock, Reply } from './reply.ts';

/**
 * The order in which options get room where there is not enough for all. An option that finds no room is left out; a
 * shorter one after it may still find some.
 *
 * 1. The lease: server identifier and times (RFC 2131 §4.3.1, table 3: 54 and 51 MUST be there), then what MUST be
 *    returned: 80 (RFC 4039 §3.1), 118 (RFC 3011 §2) and 61 (RFC 6842 §3). They fit into the 548 octets that every client
 *    takes, if the client's identifier is not longer than one option can be.
 * 2. Option 82, whole or not at all (RFC 3046 §2.2), and in the options field.
 * 3. The options without which a guest reaches nobody: mask, router, classless routes, DNS servers, MTU.
 * 4. The others, in the order of the reply: those that the client asks for in its own order (RFC 2132 §9.8), then ours.
 *    249 is the last beside 121, which has the same content: a client that asks for both understands 121.
 */
const LEASE: readonly number[] = [54, 51, 58, 59, 80, 118, 61];
const NETWORK: readonly number[] = [1, 3, 121, 6, 26];
const ROUTES = 121;
const ROUTES_AGAIN = 249;

/** Octets of an option 52. */
const OVERLOAD_SIZE = 3;

/** The fields that may hold options, in the order of reading (RFC 2131 §4.1). */
type Field = 0 | 1 | 2;
const FIELDS: readonly Field[] = [0, 1, 2];

/** Octets, or offsets, by field. */
type ByField = [options: number, file: number, sname: number];

/** The octets [first, end) of a value in one field. */
interface Part {
  readonly field: Field;
  readonly first: number;
  readonly end: number;
}

/**
 * Writes options that are too many for the options field: some into `file` and `sname` (RFC 2132 §9.3) if the reply
 * may do that, the least important ones not at all. `start` is behind option 53, and `end` where the message must
 * end; returns the offset behind END.
 */
export function encodeWithinLimit(
  reply: Reply,
  bytes: Uint8Array,
  offset: number,
  start: number,
  end: number,
  omitted: ((code: number) => void) | undefined,
): number {
  // RFC 2131 §4.1: each field ends with an END of its own.
  const room: ByField = reply.mayOverload
    ? [end - start - OVERLOAD_SIZE - 1, reply.bootFile === undefined ? FILE_BYTES - 1 : 0, SNAME_BYTES - 1]
    : [end - start - 1, 0, 0];
  // The parts of each option, by its index; empty: it is left out.
  const parts: (readonly Part[])[] = [];
  const giveRoom = (code: number) => {
    const index = reply.options.findIndex((option) => option.code === code);
    const option = reply.options[index];
    if (option !== undefined) parts[index] = partsIn(option, room);
  };
  LEASE.forEach(giveRoom);
  // RFC 3046 §2.2: it is returned whole or not at all, and never in file or sname.
  const relayed = reply.relayAgentInformation;
  const returned = relayed !== undefined && optionSize(relayed) <= room[0] ? relayed : undefined;
  if (returned !== undefined) room[0] -= optionSize(returned);
  NETWORK.forEach(giveRoom);
  const hasRoutes = reply.options.some(({ code }) => code === ROUTES);
  if (!hasRoutes) giveRoom(ROUTES_AGAIN);
  for (const [index, option] of reply.options.entries())
    if (option.code !== ROUTES_AGAIN) parts[index] ??= partsIn(option, room);
  if (hasRoutes) giveRoom(ROUTES_AGAIN);

  const next: ByField = [start, offset + FILE, offset + SNAME];
  const overload = overloadOf(parts);
  if (overload !== 0) next[0] = putOption(bytes, start, 52, Uint8Array.of(overload));
  for (const [index, option] of reply.options.entries()) {
    const placed = parts[index] ?? [];
    for (const part of placed) next[part.field] = putPart(bytes, next[part.field], option, part);
    if (placed.length === 0) omitted?.(option.code);
  }
  if (returned !== undefined) next[0] = putOption(bytes, next[0], RELAY_AGENT_INFORMATION, returned);
  else if (relayed !== undefined) omitted?.(RELAY_AGENT_INFORMATION);
  bytes[next[0]] = END;
  if ((overload & 1) !== 0) bytes[next[1]] = END;
  if ((overload & 2) !== 0) bytes[next[2]] = END;
  return next[0] + 1;
}

/**
 * Takes the room that an option needs, whole in the first field that has it. RFC 3396 §4: only an option of more than 255
 * octets, which must be split anyway, is split over fields. No part: it does not fit.
 */
function partsIn(option: OptionBlock, room: ByField): readonly Part[] {
  const length = typeof option.value === 'number' ? 4 : option.value.length;
  for (const field of FIELDS) {
    if (partsSize(length) > room[field]) continue;
    room[field] -= partsSize(length);
    return [{ field, first: 0, end: length }];
  }
  if (length <= 255) return [];

  const parts: Part[] = [];
  let first = 0;
  for (const field of FIELDS) {
    const end = Math.min(length, first + lengthThatFits(room[field]));
    if (end > first) parts.push({ field, first, end });
    first = end;
  }
  if (first < length) return [];
  for (const part of parts) room[part.field] -= partsSize(part.end - part.first);
  return parts;
}

/** RFC 2132 §9.3: the value of option 52; 0: neither field is used. */
function overloadOf(parts: readonly (readonly Part[])[]): number {
  let overload = 0;
  for (const placed of parts) for (const part of placed) overload |= part.field;
  return overload;
}

function putPart(bytes: Uint8Array, at: number, option: OptionBlock, part: Part): number {
  if (typeof option.value === 'number') return putOption(bytes, at, option.code, option.value);
  return putParts(bytes, at, option.code, option.value, part.first, part.end);
}
