import type { Database, Statement } from 'better-sqlite3';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../../net/ipv4.ts';
import type { LastHeard } from '../../lease-store.ts';

/**
 * When other gateways, which ARP had found, were last heard, as the lease file keeps it: {"10.15.3.11":7200000}. Versions that
 * asked nobody whether a gateway is there kept theirs as `heard`: that is not read.
 */
export class LastHeardNote {
  readonly #put: Statement;
  #value: LastHeard;
  #isDue = false;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('gateways', ?)");
    const text: unknown = database.prepare("SELECT value FROM meta WHERE key = 'gateways'").pluck().get();
    this.#value = typeof text === 'string' ? lastHeardFromText(text) : new Map();
  }

  get value(): LastHeard {
    return this.#value;
  }

  /** True if the newest value is not in the file. */
  get isDue(): boolean {
    return this.#isDue;
  }

  note(value: LastHeard): void {
    this.#isDue ||= value.size > 0 || this.#value.size > 0;
    this.#value = value;
  }

  /**
   * Writes the value.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void {
    const entries = [...this.#value].map(([peer, milliseconds]) => [ipv4ToText(peer), milliseconds]);
    this.#put.run(JSON.stringify(Object.fromEntries(entries)));
    this.#isDue = false;
  }
}

/** Skips what another program has written: it must not keep the leases from being served. */
function lastHeardFromText(text: string): LastHeard {
  const lastHeard = new Map<Ipv4, number>();
  for (const [name, milliseconds] of Object.entries(parsed(text) ?? {})) {
    const peer = ipv4FromText(name);
    if (peer !== undefined && Number.isFinite(milliseconds))
      lastHeard.set(peer, Math.max(0, Number(milliseconds)));
  }
  return lastHeard;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
