import { readable } from '../../wire/readable-text.ts';
import { type Output, paint } from '../output/output.ts';
import { cutTo } from '../output/text-width.ts';
import { decisionCause } from './decision-cause.ts';
import type { SentEvent } from './event-frames.ts';

const KIND_WIDTH = 'unknown_mac'.length;
const ADDRESS_WIDTH = 'nnn.nnn.nnn.nnn'.length;
const MAC_WIDTH = 'nn:nn:nn:nn:nn:nn'.length;
/** Members that have columns of their own, or say nothing to people. */
const PLACED = ['at', 'address', 'mac', 'client', 'reason', 'xid'];
/** Kinds that somebody should look at. */
const WORRYING = ['conflict', 'rogue', 'store', 'pool'];

/** Columns below which a time of day and narrow gaps make room for the reason. */
const WIDE = 100;
const TIME_OF_DAY = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z$/;

/** One event in one line: time (UTC), kind, address, MAC, reason, and what else it says. */
export function eventLine(output: Output, { kind, data }: SentEvent): string {
  const { columns = Number.POSITIVE_INFINITY } = output;
  const isNarrow = columns < WIDE;
  const time = memberText(data['at'] ?? '-');
  const rest = Object.entries(data)
    .filter(([name, value]) => !PLACED.includes(name) && value !== null && value !== '')
    .map(([name, value]) => namedMember(name, memberText(value), data));
  const line = [
    isNarrow ? time.replace(TIME_OF_DAY, '$1Z') : time,
    kind.padEnd(KIND_WIDTH),
    memberText(data['address'] ?? '-').padEnd(ADDRESS_WIDTH),
    memberText(data['mac'] ?? '-').padEnd(MAC_WIDTH),
    memberText(data['reason'] ?? data['warning'] ?? '-'),
    ...rest,
  ].join(isNarrow ? ' ' : '  ');
  const cut = cutTo(columns, readable(line));
  return `${WORRYING.includes(kind) ? paint(output, 'yellow', cut) : cut}\n`;
}

/** A decision may have another cause than a message of its guest: the cause then stands in the place of the message type. */
function namedMember(name: string, text: string, { reason }: SentEvent['data']): string {
  const cause = name === 'type' ? decisionCause(text, String(reason)) : text;
  return cause === text ? `${name}=${text}` : cause;
}

function memberText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
