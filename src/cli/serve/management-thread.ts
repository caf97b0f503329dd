import { parentPort, workerData } from 'node:worker_threads';
import type { FromGateway } from '../../management/gateway-calls.ts';
import type { ManagementOptions } from '../../management/options.ts';
import { runManagement } from '../../management/run-management.ts';

// The thread of API and metrics; `ManagementThread` starts it.
const port = parentPort;
if (port === null) throw new Error('this is to run in a thread of the gateway');

await runManagement(
  workerData as ManagementOptions,
  {
    post: (message) => port.postMessage(message),
    hear: (take) => void port.on('message', (message: FromGateway) => take(message)),
  },
  () => process.exit(0), // Of this thread alone.
);
