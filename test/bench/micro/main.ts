import { measureExchanges } from './exchanges.ts';
import { measureOperations } from './operations.ts';

/** Writes all results as JSON. Needs --expose-gc, and a young generation that holds what is counted. */
console.log(JSON.stringify([...measureOperations(), ...(await measureExchanges())]));
