import type { Database, Statement } from 'better-sqlite3';
import { checkOf } from '../../../lease/lease.ts';
import { hardwareFromText, hardwareToText } from '../../../net/hardware-address.ts';
import { ipv4FromText, ipv4ToText } from '../../../net/ipv4.ts';
import type { HeardSelection } from '../../lease-store.ts';

/**
 * Whom guests have selected for addresses that have a record of this gateway's own, as the lease file keeps it: an array of
 * [address, gateway, client, MAC, milliseconds since 1970, version, 1 if another asked at the same moment, else 0].
 */
export class HeardSelectionsNote {
  readonly #put: Statement;
  #value: readonly HeardSelection[];
  #isDue = false;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('selections', ?)");
    const text: unknown = database.prepare("SELECT value FROM meta WHERE key = 'selections'").pluck().get();
    this.#value = typeof text === 'string' ? selectionsFromText(text) : [];
  }

  get value(): readonly HeardSelection[] {
    return this.#value;
  }

  /** True if the newest value is not in the file. */
  get isDue(): boolean {
    return this.#isDue;
  }

  note(value: readonly HeardSelection[]): void {
    this.#isDue ||= value.length > 0 || this.#value.length > 0;
    this.#value = value;
  }

  /**
   * Writes the value.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void {
    this.#put.run(JSON.stringify(this.#value.map(rowOf)));
    this.#isDue = false;
  }
}

function rowOf(selection: HeardSelection): readonly (string | number)[] {
  const { address, granter, client, hardware, on, revision, isOpen } = selection;
  const addresses = [ipv4ToText(address), ipv4ToText(granter)];
  return [...addresses, client, hardwareToText(hardware), Math.round(on), revision, isOpen ? 1 : 0];
}

/** Skips what another program has written: it must not keep the leases from being served. */
function selectionsFromText(text: string): readonly HeardSelection[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(rows) ? rows.flatMap((row: unknown) => selectionOf(row) ?? []) : [];
}

const isClient = checkOf('client');
const isInstant = checkOf('updatedAt');
const isVersion = checkOf('version');

function selectionOf(row: unknown): HeardSelection | undefined {
  if (!Array.isArray(row)) return undefined;
  const [first, second, client, mac, on, revision, open]: unknown[] = row;
  const address = ipv4FromText(String(first));
  const granter = ipv4FromText(String(second));
  const hardware = hardwareFromText(String(mac));
  if (address === undefined || granter === undefined || hardware === undefined) return undefined;
  if (!isClient(client) || !isInstant(on) || !isVersion(revision)) return undefined;
  return { address, granter, client, hardware, on, revision, isOpen: open === 1 };
}
