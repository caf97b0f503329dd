import { measureExchanges } from './exchanges.ts';
import { measureOperations } from './operations.ts';
import { measureOrders } from './orders.ts';

// Once for V8's compiler: the loop that all operations share has met each of them then.
measureOperations();

// Needs --expose-gc, and a young generation that holds what is counted.
console.log(JSON.stringify([...measureOperations(), ...(await measureExchanges()), ...measureOrders()]));
