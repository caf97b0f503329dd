import { ipv4FromText } from '../../src/net/ipv4.ts';
import { openLeaseReader } from '../../src/store/sqlite/lease-reader.ts';

/** The state of an address as `vps-gateway leases` shows it, while the server runs; empty: there is no lease. */
export function stateOf(directory: string, address: string | undefined): string {
  const number = address === undefined ? undefined : ipv4FromText(address);
  if (number === undefined) return '';
  const reader = openLeaseReader(directory);
  try {
    return [...reader.leases({ address: number })].map(({ state }) => state).join();
  } finally {
    reader.close();
  }
}
