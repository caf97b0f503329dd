// Runs on any Node.js since 10: nothing here that only a later one understands.
'use strict';
// biome-ignore lint/style/useNodejsImportProtocol: `require` does not know `node:` before Node.js 14.18
const { readFileSync } = require('fs');
// biome-ignore lint/style/useNodejsImportProtocol: as above
const { join } = require('path');

/** sysexits.h EX_CONFIG. */
const EX_CONFIG = 78;

/** Ends the process with one sentence and status 78 if this Node.js is older than package.json allows. */
exports.refuseOldNode = () => {
  const file = join(__dirname, '../package.json');
  const wanted = JSON.parse(readFileSync(file, 'utf8')).engines.node.replace('>=', '');
  if (!isOlder(process.versions.node, wanted)) return;
  process.stderr.write(
    `vps-gateway: this is Node.js ${process.versions.node} (${process.execPath}), and ${wanted} or newer is needed: ` +
      'install it from nodejs.org or nodesource.com (Debian 12 brings 18)\n',
  );
  process.exit(EX_CONFIG);
};

function isOlder(version, wanted) {
  const numbers = version.split('.').map(Number);
  for (const [at, number] of wanted.split('.').map(Number).entries()) {
    if (numbers[at] !== number) return numbers[at] < number;
  }
  return false;
}
