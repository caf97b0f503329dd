import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromGateway } from '../../management/gateway/gateway-calls.ts';
import type { ManagementOptions } from '../../management/gateway/options.ts';
import { runManagement } from '../../management/run-management.ts';

/** sched(7): where both want one processor, the thread that serves guests gets nearly all of it. */
const NICE = 10;

// The thread of API and metrics; `ManagementThread` starts it.
const port = parentPort;
if (port === null) throw new Error('this is to run in a thread of the gateway');

try {
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE); // setpriority(2): of one thread, on Linux.
} catch {
  // Without /proc both have the same.
}

void runManagement(
  workerData as ManagementOptions,
  {
    post: (message) => port.postMessage(message),
    hear: (take) => void port.on('message', (message: FromGateway) => take(message)),
  },
  () => process.exit(0), // Of this thread alone.
);
