#!/usr/bin/env node
// Nothing is imported before `serve` hears the signals that stop it: process 1 of a container has no default for them.
const args = process.argv.slice(2);
const STOPPING = args[0] === 'serve' ? ['SIGTERM', 'SIGINT'] : [];
let early;
const keep = (signal) => (early = early || signal);
for (const signal of STOPPING) process.on(signal, keep);
process.on('SIGUSR1', () => {}); // Its default would open a debugger in a privileged process.

/** Hands over to the program's own listener, with the signal that came before. */
function handOver() {
  for (const signal of STOPPING) process.removeListener(signal, keep);
  if (early !== undefined) process.emit(early, early);
}

import('./node-version.js')
  .then(({ refuseOldNode }) => refuseOldNode())
  .then(() => (STOPPING.length > 0 ? import('../dist/cli/serve/stop-signal.js').then(handOver) : undefined))
  .then(() => import('../dist/cli/program.js'))
  .then(({ run }) => run(args))
  .then((status) => process.exit(status));
