#!/usr/bin/env node
// CommonJS, which takes less time to start than a module, and without words that Node.js 10 does not understand.
// Nothing is loaded before `serve` hears the signals that stop it: process 1 of a container has no default for them.
'use strict';
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

/**
 * Ends with this status, also where the terminal is gone. At its end Node.js gives each standard descriptor that was a terminal
 * its modes back, and aborts where that fails; so another file is put in the place of one that is gone.
 */
function end(status) {
  process.once('exit', () => {
    const { closeSync, fstatSync, openSync } = require('node:fs');
    const { isatty } = require('node:tty');
    for (const descriptor of [0, 1, 2]) {
      try {
        if (!fstatSync(descriptor).isCharacterDevice() || isatty(descriptor)) continue;
        closeSync(descriptor);
        openSync('/dev/null', 'r+'); // The kernel gives the lowest number, which is the one that has just been closed.
      } catch {} // It was closed before.
    }
  });
  process.exit(status);
}

/** Here, since no file can be opened any more then. Status 69: sysexits.h EX_UNAVAILABLE. */
function endWithout(error) {
  if (error.code === 'MODULE_NOT_FOUND' && /Cannot find module '\.\.\/dist\//.test(error.message)) {
    process.stderr.write(
      'vps-gateway: this copy is not built, or is being built now: npm run ready && npm run build, in its directory\n',
    );
    end(69);
  }
  // Node.js gives no code where it was a package.json that could not be opened.
  const code = /package config .* too many open files/.test(error.message) ? 'EMFILE' : error.code;
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  const whose =
    code === 'EMFILE'
      ? 'this process may open too few files: raise its limit (ulimit -n 1024; LimitNOFILE= in a systemd unit; ' +
        'docker run --ulimit nofile=1024)'
      : 'this machine has no room for more open files: raise its limit (sysctl fs.file-max), or end what holds them (lsof)';
  process.stderr.write(`vps-gateway: ${whose} (${code})\n`);
  end(69);
}

async function start() {
  require('./node-version.cjs').refuseOldNode();
  const program = require(`../dist/run/${args[0] === 'serve' ? 'serve' : 'vps-gateway'}.js`);
  if (STOPPING.length > 0) await program.hearStopSignals().then(handOver);
  end(await program.run(args));
}

start().catch(endWithout);
