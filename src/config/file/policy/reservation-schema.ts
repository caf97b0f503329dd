import { z } from 'zod';
import { claimedBy } from '../../../lease/reservation/claims.ts';
import { readEntry } from '../../../lease/reservation/read-entry.ts';
import type { ReservationEntry } from '../../../lease/reservation/reservation.ts';
import { hardwareToText } from '../../../net/hardware-address.ts';
import { ipv4ToText } from '../../../net/ipv4.ts';
import { seconds } from '../../setting-kinds.ts';
import { type Issues, read, wrong } from './faults.ts';
import { optionText, VALUE } from './option-schema.ts';

/** The most reservations of a file; it is read at once, and each of them is an order. */
const MOST = 4096;
const TEXT = z.union([z.string(), z.int()]);
const TIME = TEXT.transform((text, issues) => read(seconds(1, 0xfffffffe), text, issues));
const LEASE_TIME = seconds(60, 0xfffffffe, 'infinite');

const ENTRY = z
  .strictObject({
    id: TEXT.describe('a name of its own: that of the VPS'),
    mac: z
      .union([TEXT, z.array(TEXT)])
      .describe('the MAC of its network card, or several')
      .optional(),
    client_id: TEXT.describe('option 61, as hexadecimal digits').optional(),
    circuit_id: TEXT.describe('the circuit of option 82, as hexadecimal digits').optional(),
    port: z.string().describe('the port of the bridge: tap104i0').optional(),
    address: z.string().describe('the address that is kept for it'),
    hostname: TEXT.optional(),
    vps_id: TEXT.optional(),
    organization_id: TEXT.optional(),
    labels: z.record(z.string(), TEXT).optional(),
    options: z.record(z.string(), VALUE).describe('options of its own: docs/options.md').optional(),
    renewal_time: TIME.describe('T1, a duration: 15m').optional(),
    rebinding_time: TIME.describe('T2, a duration: 45m').optional(),
    lease_time: TEXT.transform((text, issues) => read(LEASE_TIME, text, issues)).optional(),
    note: TEXT.optional(),
  })
  .transform((given, issues): ReservationEntry => {
    const {
      mac,
      options = {},
      labels,
      lease_time: leaseTime,
      renewal_time: t1,
      rebinding_time: t2,
      ...texts
    } = given;
    const times = { ...(t1 === undefined ? {} : { 58: t1 }), ...(t2 === undefined ? {} : { 59: t2 }) };
    const found = readEntry({
      ...Object.fromEntries(
        Object.entries(texts).map(([name, value]) => [name, value === undefined ? null : String(value)]),
      ),
      ...(mac === undefined ? {} : { mac: (Array.isArray(mac) ? mac : [mac]).map(String) }),
      ...(labels === undefined ? {} : { labels: mapped(labels, String) }),
      options: mapped({ ...options, ...times }, optionText),
      ...(leaseTime === undefined ? {} : { lease_time: leaseTime }),
    });
    if ('entry' in found) return found.entry;
    for (const { pointer, detail } of found.problems) {
      const path = pathOf(pointer);
      const isOneCard = path[0] === 'mac' && !Array.isArray(mac);
      wrong(issues, isOneCard ? ['mac'] : path, detail, 'docs/options.md shows the form');
    }
    return undefined as never;
  });

/** Addresses that are each for one guest only. */
export const RESERVATIONS_SCHEMA = z
  .array(ENTRY)
  .max(MOST)
  .transform((entries, issues) => {
    refuseTwice(entries, issues);
    return entries;
  })
  .describe('addresses that are each kept for one guest: docs/options.md');

/** What two entries claim, which only one of them can have. */
function refuseTwice(entries: readonly ReservationEntry[], issues: Issues): void {
  const holders = new Map<string, ReservationEntry>();
  for (const [index, entry] of entries.entries()) {
    const { id, address } = entry;
    const claims = [`id ${id}`, ...claimedBy(entry)];
    const claim = claims.find((each) => holders.has(each));
    for (const each of claims) if (!holders.has(each)) holders.set(each, entry);
    if (claim === undefined) continue;
    const [member, what] = claimed(claim, entry);
    const other = holders.get(claim)?.id ?? '';
    const whose = member === 'id' ? 'two reservations have' : `the reservation ${other} has`;
    const remedy = address === undefined ? 'leave one out' : 'give each guest its own';
    wrong(issues, [index, member], `${whose} ${what} too`, remedy);
  }
}

function claimed(claim: string, { id, address, macs }: ReservationEntry): readonly [string, string] {
  const [kind = ''] = claim.split(' ');
  if (kind === 'id') return ['id', `the id ${id}`];
  if (kind === 'ip') return ['address', address === undefined ? '' : ipv4ToText(address)];
  if (kind === 'mac')
    return ['mac', macs.length === 1 ? macs.map(hardwareToText).join() : 'one of these MACs'];
  return [kind === 'port' ? 'port' : `${kind}_id`, 'it'];
}

function mapped<From>(record: Readonly<Record<string, From>>, to: (value: From) => string) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
}

/** RFC 6901 §4: the parts of a pointer; a number stands for a position in the only list, that of the cards. */
function pathOf(pointer: string): readonly (string | number)[] {
  const [member = '', ...rest] = pointer.split('/').slice(1);
  const parts = rest.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return [member, ...(member === 'mac' ? parts.map(Number) : parts)];
}
