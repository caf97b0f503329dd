import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../lease/system-clock.ts';
import { hostMirror, type MirrorHostOptions } from '../../store/sqlite/remote/mirror-host.ts';
import type { ToMirror } from '../../store/sqlite/remote/mirror-messages.ts';

// The thread that writes the lease file of a gateway whose leases are in etcd; `MirrorThread` starts it.
const port = parentPort;
if (port === null) throw new Error('this is to run in a thread of the gateway');

void hostMirror(
  workerData as MirrorHostOptions,
  systemClock,
  {
    post: (message) => port.postMessage(message),
    hear: (take) => void port.on('message', (message: ToMirror) => take(message)),
  },
  () => port.close(), // With it the thread has nothing left to wait for, and ends.
);
