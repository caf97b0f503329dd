// Runs on any Node.js since 12.20: nothing here that only a later one understands.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** sysexits.h EX_CONFIG. */
const EX_CONFIG = 78;

/** Ends the process with one sentence and status 78 if this Node.js is older than package.json allows. */
export function refuseOldNode() {
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  const wanted = JSON.parse(readFileSync(file, 'utf8')).engines.node.replace('>=', '');
  if (!isOlder(process.versions.node, wanted)) return;
  process.stderr.write(
    `vps-gateway: this is Node.js ${process.versions.node} (${process.execPath}), and ${wanted} or newer is needed: ` +
      'install it from nodejs.org or nodesource.com (Debian 12 brings 18)\n',
  );
  process.exit(EX_CONFIG);
}

function isOlder(version, wanted) {
  const numbers = version.split('.').map(Number);
  for (const [at, number] of wanted.split('.').map(Number).entries()) {
    if (numbers[at] !== number) return numbers[at] < number;
  }
  return false;
}
