import { keyOfEthernet } from '../lease/client-key.ts';
import { type Instant, NEVER } from '../lease/lease.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { FoundLease, LeaseRow, LeaseRows, LeftOut, SourceFault } from './found.ts';

export interface SettledLeases {
  /** Those that run, by address; each address once, and each client once. */
  readonly leases: readonly FoundLease[];
  readonly faults: readonly SourceFault[];
  /** How many records are left out, and why. */
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

/**
 * What counts of the records of lease files, in the order in which the other server reads them: the last record of an address,
 * if its lease runs. Of two addresses of one client only the one that ends last does: a client has one here. So it is with
 * records of one address in the files of several servers, where each file has an address once.
 *
 * @param repeats How often an address may stand there. often: each change adds a record. once: a second one is a mistake.
 */
export function settleLeases(
  files: readonly LeaseRows[],
  now: Instant,
  repeats: 'often' | 'once',
): SettledLeases {
  const faults = files.flatMap((file) => file.faults);
  const leftOut = new Map<LeftOut, number>();
  const leave = (why: LeftOut, count = 1) => leftOut.set(why, (leftOut.get(why) ?? 0) + count);
  for (const { ipv6 } of files) if (ipv6 > 0) leave('IPv6', ipv6);
  const last = new Map<Ipv4, LeaseRow>();
  for (const row of files.flatMap(({ rows }) => rows)) {
    const before = last.get(row.address);
    last.set(row.address, row);
    if (before === undefined) continue;
    if (repeats === 'often') leave('older entry');
    else if (before.file === row.file)
      faults.push(fault(before, `${ipv4ToText(row.address)} stands again in line ${row.line}, which counts`));
    else {
      const [kept, other] = endOf(before) > endOf(row) ? [before, row] : [row, before];
      last.set(row.address, kept);
      if (endOf(other) > now) faults.push(fault(other, elsewhere(kept)));
      else leave('leftOut' in other ? other.leftOut : 'expired');
    }
  }
  const running: FoundLease[] = [];
  for (const row of last.values()) {
    if ('leftOut' in row) leave(row.leftOut);
    else if (row.expiresAt <= now) leave('expired');
    else running.push(row);
  }
  const { leases, refused } = oneEach(running);
  return { leases, faults: [...faults, ...refused], leftOut };
}

/** 0: it is no lease. */
function endOf(row: LeaseRow): number {
  return 'leftOut' in row ? 0 : row.expiresAt;
}

function elsewhere(kept: LeaseRow): string {
  const whose = 'leftOut' in kept ? '' : ` for ${hardwareToText(kept.hardware)}`;
  return `${ipv4ToText(kept.address)} stands in ${kept.file}, line ${kept.line}, too,${whose}, where it ends later`;
}

/** Of each client the lease that ends last. */
function oneEach(running: readonly FoundLease[]): {
  readonly leases: readonly FoundLease[];
  readonly refused: readonly SourceFault[];
} {
  const ofClient = new Map<string, FoundLease>();
  const refused: SourceFault[] = [];
  for (const lease of running.toSorted((a, b) => b.expiresAt - a.expiresAt)) {
    const key = `${lease.identifier ?? keyOfEthernet(lease.hardware)} ${lease.hardware}`;
    const kept = ofClient.get(key);
    if (kept === undefined) ofClient.set(key, lease);
    else refused.push(fault(lease, secondOf(lease, kept)));
  }
  return { leases: [...ofClient.values()].sort((a, b) => a.address - b.address), refused };
}

function secondOf({ address, hardware, file: own }: FoundLease, kept: FoundLease): string {
  const end = kept.expiresAt === NEVER ? 'has no end' : 'ends later';
  const file = kept.file === own ? '' : `${kept.file}, `;
  const where = `${ipv4ToText(kept.address)} (${file}line ${kept.line})`;
  return `${ipv4ToText(address)}: ${hardwareToText(hardware)} has ${where} too, which ${end}; a client has one address here`;
}

function fault({ file, line }: LeaseRow, what: string): SourceFault {
  return { file, line, what };
}
