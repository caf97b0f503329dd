import type { Database, Statement } from 'better-sqlite3';
import { type Ipv4, ipv4FromText, ipv4ToText } from '../../../net/ipv4.ts';
import type { Silences } from '../../lease-store.ts';

/** Other gateways that were heard, as the lease file keeps them: {"10.15.3.11":7200000}. */
export class Heard {
  readonly #put: Statement;
  #silences: Silences;
  #isDue = false;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('heard', ?)");
    const text: unknown = database.prepare("SELECT value FROM meta WHERE key = 'heard'").pluck().get();
    this.#silences = typeof text === 'string' ? silencesFromText(text) : new Map();
  }

  get silences(): Silences {
    return this.#silences;
  }

  /** True if what was noted is not in the file. */
  get isDue(): boolean {
    return this.#isDue;
  }

  note(silences: Silences): void {
    this.#isDue ||= silences.size > 0 || this.#silences.size > 0;
    this.#silences = silences;
  }

  /** Throws what SQLite says: then it is still due. */
  write(): void {
    const entries = [...this.#silences].map(([peer, milliseconds]) => [ipv4ToText(peer), milliseconds]);
    this.#put.run(JSON.stringify(Object.fromEntries(entries)));
    this.#isDue = false;
  }
}

/** Without what somebody else has written: it must not keep the leases from being served. */
function silencesFromText(text: string): Silences {
  const silences = new Map<Ipv4, number>();
  for (const [name, milliseconds] of Object.entries(parsed(text) ?? {})) {
    const peer = ipv4FromText(name);
    if (peer !== undefined && Number.isFinite(milliseconds))
      silences.set(peer, Math.max(0, Number(milliseconds)));
  }
  return silences;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
