#!/usr/bin/env node
import { refuseOldNode } from './node-version.js';

refuseOldNode();
process.on('SIGUSR1', () => {}); // Its default would open a debugger in a privileged process.
const args = process.argv.slice(2);
const listening = args[0] === 'serve' ? import('../dist/cli/serve/stop-signal.js') : Promise.resolve();
listening
  .then(() => import('../dist/cli/program.js'))
  .then(({ run }) => run(args))
  .then((status) => process.exit(status));
