import { instant } from '../../../src/lease/lease.ts';
import { ipv4 } from '../../../src/net/ipv4.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';

/**
 * Opens the lease folder in the first argument and writes, as JSON, the bytes that are in use after a collection: V8's
 * heap with what hangs on it. The pool in the other two is asked about, as the server does. Needs --expose-gc.
 */
const [directory = '', first = '0', last = '0'] = process.argv.slice(2);
const store = openSqliteStore({ directory, inFlight: new Set(), now: instant(Date.now()), seed: 0 });
store.leases.longestFree({ first: ipv4(Number(first)), last: ipv4(Number(last)), excluded: new Set() });
globalThis.gc?.();
globalThis.gc?.();
const { heapUsed, external, rss } = process.memoryUsage();
console.log(JSON.stringify({ heap: heapUsed + external, resident: rss }));
await store.close();
