import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../../errors.ts';
import { LEASE_FILE } from '../disk/directory.ts';
import { diskErrorOf } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { newerSchema } from '../file/open-database.ts';
import { MIGRATIONS, schemaOf } from '../tables/schema.ts';

/** How long a read waits for a checkpoint or a recovery: milliseconds. */
const BUSY_MILLISECONDS = 1000;

/**
 * A connection of one's own to the lease file of a running gateway, for reading alone. It does not read the journal: the
 * gateway applies that first. No read may be long, since the log of the file grows meanwhile.
 */
export class LiveLeaseFile {
  readonly #file: string;
  #database: Database | undefined;
  /** Which file is open. */
  #inode = 0;

  constructor(directory: string) {
    this.#file = join(directory, LEASE_FILE);
  }

  /**
   * The file that has the name now: it may have been lost and made anew.
   *
   * @throws GatewayError if it cannot be read.
   */
  get database(): Database {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino;
    if (this.#database !== undefined && inode === this.#inode) return this.#database;
    this.close();
    this.#inode = inode ?? 0;
    this.#database = this.#open();
    return this.#database;
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #open(): Database {
    let database: Database | undefined;
    try {
      database = openSqlite(this.#file, { readonly: true, fileMustExist: true, timeout: BUSY_MILLISECONDS });
      const schema = schemaOf(database);
      if (schema !== MIGRATIONS.length) throw newerSchema(this.#file, schema, MIGRATIONS.length);
      const folded = (text: unknown) => (typeof text === 'string' ? text.toLowerCase() : null);
      database.function('folded', { deterministic: true }, folded);
      return database;
    } catch (error) {
      database?.close();
      throw error instanceof GatewayError ? error : diskErrorOf(this.#file, error);
    }
  }
}
