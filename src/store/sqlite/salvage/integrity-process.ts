import { constants, setPriority } from 'node:os';
import { integrityProblemOf } from './damage.ts';

// A process of its own: the full check reads the whole file, cannot be interrupted, and must not hold up an end of the
// server. Its one line is what is wrong, or empty.
setPriority(constants.priority.PRIORITY_LOW);
console.log(integrityProblemOf(String(process.argv[2])) ?? '');
