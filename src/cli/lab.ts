import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { GatewayError } from '../errors.ts';
import { refuseWithoutEtcd } from './lab/installed-programs.ts';
import { withLabFolder } from './lab/lab-folder.ts';
import { AS_NAMESPACE_ROOT, namespacePrivilege } from './lab/privileges.ts';
import { type LabOptions, runLab } from './lab/run-lab.ts';

/** This command sets it for itself when it runs in a user namespace: the folder of the lab. */
const INSIDE = 'VPS_GATEWAY_LAB_INSIDE';
/** One for each address of the plan: 10.15.3.10 to .19. */
const MOST_NODES = 10;

export function addLabCommand(program: Command): void {
  program
    .command('lab')
    .description('nodes with gateways and guests in network namespaces: see leases happen, and break things')
    .option('--nodes <number>', `nodes with a gateway each, 1 to ${MOST_NODES}`, nodesOf, 3)
    .option('--etcd', 'the gateways share their leases in etcd, which must be installed')
    .option(
      '--script',
      'carry out every order, and end with what was promised and kept; status 1 if not all was',
    )
    .option('--once', 'end when every guest has its lease, with status 0, or 1 if one has none after 30 s')
    .option('--json', 'one event a line, as JSON')
    .option(
      '--lease-time <duration>',
      'lease time of the guests, who renew after half of it; udhcpc takes none below 2m',
      '3m',
    )
    .action(run);
}

/** @throws InvalidArgumentError */
function nodesOf(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MOST_NODES)
    throw new InvalidArgumentError(`Write a number from 1 to ${MOST_NODES}.`);
  return number;
}

async function run(options: LabOptions): Promise<void> {
  process.exitCode = await runWithRights(options);
}

async function runWithRights(options: LabOptions): Promise<number> {
  const folder = process.env[INSIDE];
  if (folder !== undefined) return runLab(options, { folder, link: undefined, inUserNamespace: true });
  const privilege = namespacePrivilege();
  if (typeof privilege === 'object') throw new GatewayError('lab-unavailable', privilege.missing);
  if (options.etcd === true) refuseWithoutEtcd();
  return withLabFolder((made) =>
    privilege === 'user-namespace'
      ? runInUserNamespace(made)
      : runLab(options, { folder: made, link: undefined, inUserNamespace: false }),
  );
}

/** Runs the same command once more as root of a user namespace, and returns its exit status. It dies with this process. */
async function runInUserNamespace(folder: string): Promise<number> {
  const [unshare = '', ...flags] = AS_NAMESPACE_ROOT;
  const dying = ['setpriv', '--pdeathsig', 'KILL'];
  const command = [...flags, ...dying, process.execPath, ...process.argv.slice(1)];
  const child = spawn(unshare, command, { stdio: 'inherit', env: { ...process.env, [INSIDE]: folder } });
  // The terminal sends Ctrl-C to the child too.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = await once(child, 'exit');
  return typeof status === 'number' ? status : 1;
}
