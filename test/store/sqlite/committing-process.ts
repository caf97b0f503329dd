import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { address, at, changeOf } from '../changes.ts';

// A process of its own: binds address after address in the store of the directory that it is told, and says so after
// each commit, until it is killed; or so many times, if it is told how large the journal is, and how many.
const [, , directory = '', journalBytes, commits = Number.POSITIVE_INFINITY] = process.argv;
const size = journalBytes === undefined ? {} : { journalBytes: Number(journalBytes) };
const store = openSqliteStore({ directory, inFlight: new Set(), now: at(0), seed: 0, ...size });
const first = address('10.0.0.0');

for (let number = store.leases.revision; number < 4 * Number(commits); number += 4) {
  const numbers = [number, number + 1, number + 2, number + 3];
  const changes = numbers.map((each) =>
    changeOf(store.leases, { client: each, address: (first + each) as typeof first }),
  );
  const outcomes = await store.commit(changes);
  if (outcomes.some((outcome) => outcome !== 'committed')) throw new Error(`${outcomes}: ${store.failure}`);
  await new Promise<void>((written) => process.stdout.write(`${numbers.join('\n')}\n`, () => written()));
}
