import { join } from 'node:path';
import type { Command } from 'commander';
import { SETTINGS } from '../config/settings.ts';
import { askHealth, HEALTH_SOCKET } from '../server/health.ts';
import type { Status } from '../server/status.ts';
import { standardOutput } from './output.ts';
import { complain } from './write-whole.ts';

/** How long the server may take to answer: milliseconds. */
const PATIENCE = 2000;

export function addHealthCommand(program: Command): void {
  const { variable, default: fallback } = SETTINGS.leasesDir;
  program
    .command('health')
    .description('ask the running gateway how it is: status 0 if it serves, 1 if it does not')
    .option('--leases-dir <directory>', `its leases directory (${variable}; default ${fallback})`)
    .option('--json', 'as JSON')
    .action(async ({ leasesDir, json }: { leasesDir?: string; json?: boolean }) => {
      const directory = leasesDir ?? (process.env[variable] || fallback || '.');
      process.exitCode = await health(join(directory, HEALTH_SOCKET), json === true);
    });
}

async function health(socket: string, asJson: boolean): Promise<number> {
  const output = standardOutput();
  let status: Status;
  try {
    status = await askHealth(socket, PATIENCE);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    complain(
      `vps-gateway: no gateway answers at ${socket} (${cause}): is it running, with this leases directory?\n`,
    );
    return 1;
  }
  output.write(asJson ? `${JSON.stringify(status, null, 2)}\n` : sentence(status));
  return status.status === 'serving' || status.status === 'degraded' ? 0 : 1;
}

function sentence(said: Status): string {
  const { status, listenIp, interface: name, transport, leases, shortcomings, problems } = said;
  const where = listenIp === null ? '' : ` on ${listenIp} (${name}, ${transport})`;
  const counts = Object.entries(leases).map(([state, count]) => `${count} ${state}`);
  const lines = [
    `${status}${where}`,
    `leases: ${counts.join(', ')}`,
    ...shortcomings.map((shortcoming) => `shortcoming: ${shortcoming}`),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
  return `${lines.join('\n')}\n`;
}
