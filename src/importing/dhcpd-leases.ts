import { type Instant, instant, NEVER } from '../lease/lease.ts';
import { ipv4FromText } from '../net/ipv4.ts';
import { readStatements, type Statement, type Word, wordText } from './dhcpd-statements.ts';
import type { LeaseContent, LeaseRow, LeaseRows, LeftOut, SourceFault, SourceFile } from './found.ts';
import { cardFromText, octetsFromText } from './octets.ts';
import { runningLease } from './running-lease.ts';

/** The states in which nobody has the address. */
const STATES: Readonly<Record<string, LeftOut>> = {
  free: 'not leased',
  backup: 'not leased',
  released: 'not leased',
  reset: 'not leased',
  expired: 'expired',
  abandoned: 'declined or abandoned',
};

/** dhcpd.leases. Each change of a lease is an entry behind the others, so the last one of an address counts. */
export function readDhcpdLeases(source: SourceFile): LeaseRows {
  const { statements, faults: broken } = readStatements(source);
  const rows: LeaseRow[] = [];
  const faults: SourceFault[] = [...broken];
  let ipv6 = 0;
  for (const statement of statements) {
    const kind = statement.words[0];
    if (kind === 'ia-na' || kind === 'ia-ta' || kind === 'ia-pd') ipv6 += 1;
    if (kind !== 'lease' || statement.isBroken === true) continue;
    const place = { file: source.name, line: statement.line };
    const row = rowOf(statement);
    if (typeof row === 'string') faults.push({ ...place, what: row });
    else rows.push({ ...place, ...row });
  }
  return { rows, faults, ipv6 };
}

function rowOf({ words, block = [] }: Statement): LeaseContent | string {
  const dotted = wordText(words[1] ?? '');
  const address = ipv4FromText(dotted);
  if (address === undefined) return `${dotted} is no IPv4 address`;
  const state = wordsAfter(block, 'binding', 'state')?.[0];
  const leftOut = state === undefined ? undefined : STATES[wordText(state)];
  if (leftOut !== undefined) return { address, leftOut };
  if (state !== undefined && state !== 'active') return `${wordText(state)} is no binding state of dhcpd`;
  const expiresAt = endOf(wordsAfter(block, 'ends') ?? []);
  if (expiresAt === undefined) return `lease ${dotted}: its end is no time of dhcpd`;
  const [type = '', mac = ''] = (wordsAfter(block, 'hardware') ?? []).map(wordText);
  const hardware = type === 'ethernet' ? cardFromText(mac) : undefined;
  if (hardware === undefined)
    return `lease ${dotted}: ${`${type} ${mac}`.trim() || 'nothing'} is not the MAC of an Ethernet card`;
  const uid = wordsAfter(block, 'uid')?.[0];
  const octets = uid === undefined ? undefined : octetsOf(uid);
  if (uid !== undefined && octets === undefined) return `lease ${dotted}: its uid is no client identifier`;
  const name = wordsAfter(block, 'client-hostname')?.[0];
  return runningLease(
    { address, hardware, expiresAt },
    octets,
    name === undefined ? undefined : wordText(name),
  );
}

/** What stands behind these words in the last statement that begins with them. */
export function wordsAfter(
  block: readonly Statement[],
  ...first: readonly string[]
): readonly Word[] | undefined {
  const found = block.findLast(({ words }) => first.every((word, at) => words[at] === word));
  return found?.words.slice(first.length);
}

/** A client identifier, in quotes or as hexadecimal pairs. */
export function octetsOf(word: Word): Uint8Array | undefined {
  return typeof word === 'string' ? octetsFromText(word) : word;
}

/** `never`; `epoch 1764345600`; or the day of the week, the date and the time, in UTC. */
function endOf(words: readonly Word[]): Instant | undefined {
  const [first = '', second = '', third = ''] = words.map(wordText);
  if (first === 'never') return NEVER;
  if (first === 'epoch') return /^\d{1,11}$/.test(second) ? instant(Number(second) * 1000) : undefined;
  const [, year = '', month = '', day = ''] = /^(\d{4})\/(\d\d?)\/(\d\d?)$/.exec(second) ?? [];
  const [, hour = '', minute = '', rest = ''] = /^(\d\d?):(\d\d?):(\d\d?)$/.exec(third) ?? [];
  if (year === '' || hour === '') return undefined;
  const parts = [year, month, day, hour, minute, rest].map((part) => part.padStart(2, '0'));
  const [y, m, d, ...time] = parts;
  const end = Date.parse(`${y}-${m}-${d}T${time.join(':')}Z`);
  // Date takes February 30th for one in March.
  const isReal = !Number.isNaN(end) && new Date(end).getUTCDate() === Number(day);
  return isReal ? instant(end) : undefined;
}
