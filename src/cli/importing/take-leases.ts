import type { FoundLease } from '../../importing/found.ts';
import { NEVER } from '../../lease/lease.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import type { ImportOutcome } from './outcome.ts';

/** Leases of one request. */
const AT_ONCE = 500;

interface Answer {
  readonly items: readonly {
    readonly outcome: 'taken' | 'known' | 'refused' | 'unknown';
    readonly detail: string | null;
  }[];
}

/**
 * Has the running gateway take over leases.
 *
 * @param done Called with what became of each, as soon as it is known.
 */
export async function takeLeases(
  api: GatewayApi,
  leases: readonly FoundLease[],
  { dryRun, reason }: { readonly dryRun?: boolean; readonly reason?: string },
  done: (outcomes: readonly ImportOutcome[]) => void,
): Promise<void> {
  for (let at = 0; at < leases.length; at += AT_ONCE) {
    const some = leases.slice(at, at + AT_ONCE);
    const { items } = await api.order<Answer>({
      method: 'POST',
      path: '/leases/import',
      body: { leases: some.map(toJson), dry_run: dryRun === true, reason },
      isLong: true,
    });
    done(some.map((lease, index) => outcomeOf(lease, items[index])));
  }
}

function toJson({ address, hardware, identifier, expiresAt, hostname }: FoundLease) {
  return {
    address: ipv4ToText(address),
    mac: hardwareToText(hardware),
    client_id: identifier,
    expires: endText(expiresAt),
    hostname,
  };
}

function outcomeOf(lease: FoundLease, item: Answer['items'][number] | undefined): ImportOutcome {
  const { file, line, address, hardware, hostname = null, expiresAt } = lease;
  const outcome = item?.outcome ?? 'unknown';
  return {
    what: outcome === 'taken' ? 'leased' : outcome,
    file,
    line,
    address: ipv4ToText(address),
    mac: hardwareToText(hardware),
    id: null,
    hostname,
    expires: endText(expiresAt),
    remark: item?.detail ?? null,
  };
}

function endText(end: number): string {
  return end === NEVER ? 'never' : new Date(end).toISOString().replace('.000Z', 'Z');
}
