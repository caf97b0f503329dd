import type { Database } from 'better-sqlite3';
import type { Beside, LookedAt } from './lease-search.ts';

/** A function of SQL that asks the search under way whether a lease is listed. */
export interface ListedFunction {
  /** Its call. */
  readonly sql: string;
  /** Statements that run until the next call ask this one. */
  use(beside: Pick<Beside, 'lists'>): void;
}

const FUNCTIONS = new WeakMap<Database, ListedFunction>();

/** One for each connection: to replace a function would change the statements of searches that run. */
export function listedFunction(database: Database): ListedFunction {
  const known = FUNCTIONS.get(database);
  if (known !== undefined) return known;
  let asked: Pick<Beside, 'lists'> | undefined;
  database.function(
    'is_listed',
    (position: number, hardware: number, state: string, reservationId: LookedAt['reservationId']) =>
      Number(asked?.lists({ position, hardware, state, reservationId }) ?? true),
  );
  const made: ListedFunction = {
    sql: 'is_listed(position, hardware, state, reservation_id)',
    use: (beside) => {
      asked = beside;
    },
  };
  FUNCTIONS.set(database, made);
  return made;
}
