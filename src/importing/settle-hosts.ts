import { hardwareToText } from '../net/hardware-address.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { FoundHost, FoundLease, Hosts } from './found.ts';

/**
 * What counts of hosts: of those that name one card, one identifier or one address, the first. A host without an address has
 * that of its lease, so that it stays where it is.
 */
export function settleHosts(files: readonly Hosts[], leases: readonly FoundLease[]): Hosts {
  const faults = files.flatMap((file) => file.faults);
  const leased = new Map(leases.map(({ hardware, address }) => [hardware, address]));
  const claimed = new Map<string, FoundHost>();
  const hosts: FoundHost[] = [];
  for (const host of files.flatMap((file) => file.hosts)) {
    const claims = claimsOf(host);
    const taken = claims.find((claim) => claimed.has(claim));
    const other = taken === undefined ? undefined : claimed.get(taken);
    if (other !== undefined) {
      const { file, line } = host;
      faults.push({ file, line, what: `${taken} stands in ${other.file}, line ${other.line}, already` });
      continue;
    }
    for (const claim of claims) claimed.set(claim, host);
    const own = host.macs.map((mac) => leased.get(mac)).find((address) => address !== undefined);
    hosts.push(host.address === undefined && own !== undefined ? { ...host, address: own } : host);
  }
  return { hosts, faults };
}

function claimsOf({ macs, identifier, address }: FoundHost): readonly string[] {
  return [
    ...macs.map(hardwareToText),
    ...(identifier === undefined ? [] : [`the client identifier ${identifier}`]),
    ...(address === undefined ? [] : [ipv4ToText(address)]),
  ];
}
