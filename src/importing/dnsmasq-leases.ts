import { type Instant, instant, NEVER } from '../lease/lease.ts';
import { ipv4FromText } from '../net/ipv4.ts';
import type { LeaseContent, LeaseRow, LeaseRows, SourceFault, SourceFile } from './found.ts';
import { cardFromText, octetsFromText } from './octets.ts';
import { runningLease } from './running-lease.ts';
import { wholeLines } from './whole-lines.ts';

/** dnsmasq writes 0 for a lease without end. */
const WITHOUT_END = '0';

/**
 * The lease file of dnsmasq: `<end> <mac> <address> <name or *> <client identifier or *>` in each line. The leases of DHCPv6
 * stand behind a line `duid ...`, and have a number where the MAC is.
 */
export function readDnsmasqLeases(source: SourceFile): LeaseRows {
  const rows: LeaseRow[] = [];
  const faults: SourceFault[] = [];
  let ipv6 = 0;
  for (const { text, ...place } of wholeLines(source, faults)) {
    const words = text.trim().split(/\s+/);
    if (words[0] === 'duid') continue;
    if (words[2]?.includes(':')) {
      ipv6 += 1;
      continue;
    }
    const row = rowOf(words);
    if (typeof row === 'string') faults.push({ ...place, what: row });
    else rows.push({ ...place, ...row });
  }
  return { rows, faults, ipv6 };
}

function rowOf(words: readonly string[]): LeaseContent | string {
  const [end = '', mac = '', dotted = '', name = '*', client = '*'] = words;
  if (words.length < 4 || words.length > 5)
    return 'is no lease: dnsmasq writes 4 or 5 words: end, MAC, address, name, client identifier';
  const expiresAt = endOf(end);
  if (expiresAt === undefined) return `${end} is no time in seconds since 1970`;
  const address = ipv4FromText(dotted);
  if (address === undefined) return `${dotted} is no IPv4 address`;
  const hardware = cardFromText(mac);
  if (hardware === undefined) return `${mac} is not the MAC of an Ethernet card`;
  const octets = client === '*' ? undefined : octetsFromText(client);
  if (client !== '*' && octets === undefined) return `${client} is no client identifier`;
  return runningLease({ address, hardware, expiresAt }, octets, name === '*' ? undefined : name);
}

function endOf(text: string): Instant | undefined {
  if (text === WITHOUT_END) return NEVER;
  return /^\d{1,11}$/.test(text) ? instant(Number(text) * 1000) : undefined;
}
