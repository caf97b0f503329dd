import { parentPort, workerData } from 'node:worker_threads';
import { integrityProblemOf } from './damage.ts';

// A thread of its own: the full check reads the whole file. Its one message is what is wrong, or null.
parentPort?.postMessage(integrityProblemOf(String(workerData)) ?? null);
