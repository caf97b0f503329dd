import { constants, setPriority } from 'node:os';
import { integrityProblemOf } from './damage.ts';

// A process of its own: the full check reads the whole file, cannot be interrupted, and must not keep the server from
// stopping. It prints one line: what is wrong, or nothing.
process.on('SIGUSR1', () => {}); // Its default would open a debugger, beside a privileged process.
setPriority(constants.priority.PRIORITY_LOW);
console.log(integrityProblemOf(String(process.argv[2])) ?? '');
