import type { Database } from 'better-sqlite3';

/** This node's name in the lease file, for programs that read the journal beside it. */
export class NodeNote {
  readonly #database: Database;
  readonly #node: string;
  #isDue: boolean;

  constructor(database: Database, node = '') {
    this.#database = database;
    this.#node = node;
    this.#isDue = database.prepare("SELECT value FROM meta WHERE key = 'node'").pluck().get() !== node;
  }

  /** True if the file has another name or none. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /**
   * Writes the name.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void {
    this.#database.prepare("INSERT OR REPLACE INTO meta VALUES ('node', ?)").run(this.#node);
    this.#isDue = false;
  }
}
