import { INFINITE_SECONDS, instant, NEVER } from '../lease/lease.ts';
import { ipv4FromText } from '../net/ipv4.ts';
import type { LeaseContent, LeaseRow, LeaseRows, LeftOut, SourceFault, SourceFile } from './found.ts';
import { cardFromText, octetsFromText } from './octets.ts';
import { runningLease } from './running-lease.ts';
import { wholeLines } from './whole-lines.ts';

/** The columns that matter; Kea has more, and other versions have others. */
const NEEDED = ['address', 'hwaddr', 'client_id', 'valid_lifetime', 'expire'] as const;
/** Those that an import reads, where the heading has them. */
const COUNTED: ReadonlySet<string> = new Set([...NEEDED, 'hostname', 'state']);
/** Kea's states of a lease; 0 is a lease, over or not. */
const STATES: Readonly<Record<string, LeftOut>> = {
  '1': 'declined or abandoned',
  '2': 'expired',
  '3': 'not leased',
  '4': 'not leased',
};

/**
 * Kea's memfile: CSV with a heading. Each change of a lease is a row behind the others, so the last one of an address counts.
 * Commas in a field are written `&#x2c`.
 */
export function readKeaLeases(source: SourceFile): LeaseRows {
  const rows: LeaseRow[] = [];
  const faults: SourceFault[] = [];
  let ipv6 = 0;
  let columns: readonly string[] | undefined;
  for (const { text: line, ...place } of wholeLines(source, faults)) {
    if (line.startsWith('address,')) {
      columns = line.split(',');
      const missing = NEEDED.filter((name) => columns?.includes(name) !== true);
      if (missing.length > 0) faults.push({ ...place, what: `the heading lacks ${missing.join(', ')}` });
      continue;
    }
    if (columns === undefined) {
      faults.push({ ...place, what: 'is no heading of Kea: a memfile begins with address,hwaddr,client_id' });
      return { rows, faults, ipv6 };
    }
    const fields = new Map(line.split(',').map((field, at) => [columns?.[at] ?? '', unescaped(field)]));
    if (fields.get('address')?.includes(':')) {
      ipv6 += 1;
      continue;
    }
    const row = rowOf(fields, columns);
    if (typeof row === 'string') faults.push({ ...place, what: row });
    else rows.push({ ...place, ...row });
  }
  return { rows, faults, ipv6 };
}

function rowOf(fields: ReadonlyMap<string, string>, columns: readonly string[]): LeaseContent | string {
  const [dotted = '', mac = '', client = '', lifetime = '', end = ''] = NEEDED.map((name) =>
    fields.get(name),
  );
  const address = ipv4FromText(dotted);
  if (address === undefined) return `${dotted} is no IPv4 address`;
  if (columns.some((name) => COUNTED.has(name) && !fields.has(name)))
    return 'the row has fewer columns than the heading';
  if (!/^\d+$/.test(lifetime)) return `${lifetime} is no lifetime in seconds`;
  if (!/^\d+$/.test(end)) return `${end} is no time in seconds since 1970`;
  const state = fields.get('state') ?? '0';
  const leftOut = STATES[state];
  if (leftOut !== undefined) return { address, leftOut };
  if (state !== '0') return `${state} is no state of a lease that Kea is known to write`;
  if (lifetime === '0') return { address, leftOut: 'not leased' }; // Released.
  const hardware = cardFromText(mac);
  if (hardware === undefined) return `${mac === '' ? 'nothing' : mac} is not the MAC of an Ethernet card`;
  const octets = client === '' ? undefined : octetsFromText(client);
  if (client !== '' && octets === undefined) return `${client} is no client identifier`;
  const expiresAt = Number(lifetime) === INFINITE_SECONDS ? NEVER : instant(Number(end) * 1000);
  return runningLease({ address, hardware, expiresAt }, octets, fields.get('hostname')?.replace(/\.$/, ''));
}

function unescaped(field: string): string {
  return field.replace(/&#x([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
