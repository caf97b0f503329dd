import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import { LiveLeaseFile } from '../../store/sqlite/query/live-file.ts';
import type { GatewayCalls } from '../gateway/gateway-calls.ts';
import { GatewayStandsStill } from '../gateway/remote-gateway.ts';
import { unavailable } from './problem.ts';
import { SharedWork } from './shared-work.ts';

/** How often the gateway applies its journal for readers, at most: milliseconds. */
const INTERVAL = 100;

/** The lease file, as fresh as a reader may expect. */
export interface FreshLeases {
  readonly database: Database;
  /** The file has all that was stored before this time, ISO 8601; null: it is not known. */
  readonly asOf: string | null;
}

/** Reads the lease file with a connection of its own, when the gateway has brought all it has stored into it. */
export class LeaseReading {
  readonly #file: LiveLeaseFile;
  readonly #carried: SharedWork<void>;
  #freshAt: number | undefined;

  constructor(directory: string, gateway: GatewayCalls) {
    this.#file = new LiveLeaseFile(directory);
    this.#carried = new SharedWork(INTERVAL, async () => {
      const { isComplete, at } = await gateway.carry();
      if (isComplete) this.#freshAt = at;
    });
  }

  close(): void {
    this.#file.close();
  }

  /** Reads with what `read` does, on a file that has all that was acknowledged before the call, if that can be. */
  async read<Result>(read: (leases: FreshLeases) => Result | Promise<Result>): Promise<Result> {
    await this.#carry();
    return await this.#read(read);
  }

  /** Reads the file as it is; what is in the journal alone is not in it yet. It asks nothing of the gateway. */
  async peek<Result>(read: (leases: FreshLeases) => Result | Promise<Result>): Promise<Result> {
    return await this.#read(read);
  }

  async #read<Result>(read: (leases: FreshLeases) => Result | Promise<Result>): Promise<Result> {
    const asOf = this.#freshAt === undefined ? null : new Date(this.#freshAt).toISOString();
    try {
      return await read({ database: this.#file.database, asOf });
    } catch (error) {
      if (error instanceof GatewayError) throw unavailable('lease-file', error.message);
      if (!isOfSqlite(error)) throw error;
      this.#file.close(); // The next reader opens it anew.
      throw unavailable('lease-file', `the lease file cannot be read now (${error.code})`);
    }
  }

  /** Where the gateway stands still, what the file has is better than nothing; `asOf` tells its age. */
  async #carry(): Promise<void> {
    try {
      await this.#carried.result();
    } catch (error) {
      if (!(error instanceof GatewayStandsStill)) throw error;
    }
  }
}

function isOfSqlite(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_');
}
