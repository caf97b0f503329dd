import { readable } from '../../wire/readable-text.ts';
import { type Output, paint } from '../output/output.ts';
import { cutTo } from '../output/text-width.ts';
import type { SentEvent } from './event-frames.ts';

const KIND_WIDTH = 'unknown_mac'.length;
const ADDRESS_WIDTH = 'nnn.nnn.nnn.nnn'.length;
const MAC_WIDTH = 'nn:nn:nn:nn:nn:nn'.length;
/** Members that have columns of their own, or say nothing to people. */
const PLACED = ['at', 'address', 'mac', 'client', 'reason', 'xid'];
/** Kinds that somebody should look at. */
const WORRYING = ['conflict', 'rogue', 'store', 'pool'];

/** One event in one line: time, kind, address, MAC, reason, and what else it says. */
export function eventLine(output: Output, { kind, data }: SentEvent): string {
  const rest = Object.entries(data)
    .filter(([name, value]) => !PLACED.includes(name) && value !== null && value !== '')
    .map(([name, value]) => `${name}=${textOf(value)}`);
  const line = [
    textOf(data['at'] ?? '-'),
    kind.padEnd(KIND_WIDTH),
    textOf(data['address'] ?? '-').padEnd(ADDRESS_WIDTH),
    textOf(data['mac'] ?? '-').padEnd(MAC_WIDTH),
    textOf(data['reason'] ?? data['warning'] ?? '-'),
    ...rest,
  ].join('  ');
  const cut = cutTo(output.columns ?? Number.POSITIVE_INFINITY, readable(line));
  return `${WORRYING.includes(kind) ? paint(output, 'yellow', cut) : cut}\n`;
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
