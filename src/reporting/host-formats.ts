import { GuestNames, type NamedLease, type NamedReservation } from './guest-names.ts';

/** A guest with its address, for another server. */
export interface Host {
  readonly address: string;
  readonly mac: string | null;
  /** Names that DNS takes, its own first: GuestNames. */
  readonly names: readonly string[];
}

/** How each format writes hosts, and its media type. */
export const HOST_FORMATS = {
  hosts: { type: 'text/plain; charset=utf-8', write: hostsFile },
  json: {
    type: 'application/json',
    write: (hosts: readonly Host[]) => `${JSON.stringify({ items: hosts })}\n`,
  },
  csv: { type: 'text/csv; charset=utf-8', write: csv },
  dnsmasq: { type: 'text/plain; charset=utf-8', write: dnsmasq },
  kea: { type: 'application/json', write: kea },
} as const;
export type HostFormat = keyof typeof HOST_FORMATS;

/** What of leases another server may know. */
export function hostsOf(
  leases: readonly NamedLease[],
  reservations: Iterable<NamedReservation>,
): readonly Host[] {
  const names = new GuestNames(leases, reservations);
  return leases.map((lease) => ({ address: lease.address, mac: lease.mac, names: names.of(lease) }));
}

function hostsFile(hosts: readonly Host[], domain: string | null): string {
  return hosts
    .filter(({ names }) => names.length > 0)
    .map(({ address, names }) => {
      const all = names.flatMap((name) =>
        domain === null || name.includes('.') ? [name] : [name, `${name}.${domain}`],
      );
      return `${address} ${all.join(' ')}\n`;
    })
    .join('');
}

function csv(hosts: readonly Host[]): string {
  const rows = hosts.map(({ address, mac, names }) => `${address},${mac ?? ''},${names.join(' ')}\r\n`);
  return `address,mac,names\r\n${rows.join('')}`;
}

/** What dnsmasq takes for a lease time, an address or an order in a line of --dhcp-host, though a guest may call itself so. */
const OTHER_WORDS = /^(ignore|infinite|\d+[smhdw]?|[\d.]+)$/i;

/** Lines of --dhcp-host. */
function dnsmasq(hosts: readonly Host[]): string {
  return hosts
    .filter(({ mac }) => mac !== null)
    .map(({ address, mac, names }) => `dhcp-host=${[mac, address, ...dnsmasqName(names)].join(',')}\n`)
    .join('');
}

function dnsmasqName(names: Host['names']): readonly string[] {
  return names.filter((name) => !OTHER_WORDS.test(name)).slice(0, 1);
}

/** The `reservations` of a subnet4. */
function kea(hosts: readonly Host[]): string {
  const reservations = hosts
    .filter(({ mac }) => mac !== null)
    .map(({ address, mac, names: [hostname] }) => ({
      'hw-address': mac,
      'ip-address': address,
      ...(hostname !== undefined && { hostname }),
    }));
  return `${JSON.stringify({ reservations }, null, 2)}\n`;
}
