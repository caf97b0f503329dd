import { createRequire } from 'node:module';
import type BetterSqlite from 'better-sqlite3';
import type { Database, Options } from 'better-sqlite3';
import { GatewayError } from '../../../errors.ts';

/**
 * better-sqlite3 for this Node.js. Version 12 ends the process on Node.js 24.19 and newer as soon as one of its
 * statements is collected as garbage (better-sqlite3 issue 1515); version 13 needs Node.js 22, and crashes on 20.
 */
const PACKAGE = Number.parseInt(process.versions.node, 10) >= 22 ? 'better-sqlite3-13' : 'better-sqlite3';
const REMEDY =
  'run `npm ci` with this Node.js (it needs python3, make and g++ where no compiled module fits)';

let loaded: typeof BetterSqlite | undefined;

/**
 * Opens a database: a file, `:memory:`, or the bytes of one.
 *
 * @throws GatewayError 'store-unusable' where the package is not installed, or is not for this Node.js.
 * @throws SqliteError of better-sqlite3, with SQLite's extended code in `code`.
 */
export function openSqlite(file: string | Buffer, options?: Options): Database {
  return new (load())(file, options);
}

/** Not when this module is imported: commands that need no lease file run without. */
function load(): typeof BetterSqlite {
  if (loaded !== undefined) return loaded;
  try {
    const Sqlite = createRequire(import.meta.url)(PACKAGE) as typeof BetterSqlite;
    new Sqlite(':memory:').close(); // Only this loads the compiled module.
    loaded = Sqlite;
    return Sqlite;
  } catch (error) {
    const what = `better-sqlite3 cannot be loaded by Node.js ${process.versions.node}`;
    throw new GatewayError('store-unusable', `${what}: ${REMEDY}`, error);
  }
}
