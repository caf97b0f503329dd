import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { programFolders } from '../diagnosis/find-program.ts';
import { GatewayError } from '../errors.ts';
import { API_SOCKET } from '../management/listen/socket-file.ts';
import { refuseWithoutEtcd } from './lab/installed-programs.ts';
import { directoryOf, nodeNames, roomOf } from './lab/lab-equipment.ts';
import { fullDisk, withLabFolder } from './lab/lab-folder.ts';
import { PagePort } from './lab/page-port.ts';
import { AS_NAMESPACE_ROOT, namespacePrivilege } from './lab/privileges.ts';
import { HUNG_UP, isInteractive, type LabOptions, runLab } from './lab/run-lab.ts';

/** The folder of the lab. This command sets it for the process that it starts in a user namespace. */
const INSIDE = 'VPS_GATEWAY_LAB_INSIDE';
/** One for each address of the plan: 10.15.3.10 to .19. */
const MOST_NODES = 10;
/** The request of the process in the user namespace for a link to the page, which the process outside serves. */
const LINK_REQUEST = 'new-page-link';

export function addLabCommand(program: Command): void {
  program
    .command('lab')
    .description('nodes with gateways and guests in network namespaces: see leases happen, and break things')
    .option('--nodes <number>', `nodes with a gateway each, 1 to ${MOST_NODES}`, nodesOf, 3)
    .option('--etcd', 'the gateways share their leases in etcd, which must be installed')
    .option('--script', 'carry out every order, and end with what was promised; status 1 if not all was kept')
    .option('--once', 'end when every guest has its lease, with status 0, or 1 if one has none after 30 s')
    .option('--json', 'one event a line, as JSON')
    .option(
      '--lease-time <duration>',
      'lease time of the guests, who renew after half of it; udhcpc takes none below 2m',
      '3m',
    )
    .option('--page-port <port>', 'of 127.0.0.1, for the web page; 0: one that is free', portOf, 0)
    .action(run);
}

/** @throws InvalidArgumentError */
function nodesOf(text: string): number {
  return numberOf(text, 1, MOST_NODES);
}

/** @throws InvalidArgumentError */
function portOf(text: string): number {
  return numberOf(text, 0, 65_535);
}

function numberOf(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new InvalidArgumentError(`Write a number from ${least} to ${most}.`);
  return number;
}

async function run(options: LabOptions): Promise<void> {
  process.env['PATH'] = programFolders().join(delimiter);
  const status = await runWithRights(options).catch((error: unknown) => {
    throw fullDisk(error);
  });
  if (status === HUNG_UP) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exitCode = status;
}

async function runWithRights(options: LabOptions): Promise<number> {
  const folder = process.env[INSIDE];
  if (folder !== undefined) return runLab(options, { folder, newLink: askForLink, inUserNamespace: true });
  const privilege = namespacePrivilege();
  if (typeof privilege === 'object') throw new GatewayError('lab-unavailable', privilege.missing);
  if (options.etcd === true) refuseWithoutEtcd();
  return withLabFolder(roomOf(options.nodes, options.etcd === true), async (made) => {
    const page = isInteractive(options) ? await openPage(made, options) : undefined;
    try {
      if (privilege === 'user-namespace') return await runInUserNamespace(made, page);
      const newLink = page && (async () => page.newLink());
      return await runLab(options, { folder: made, newLink, inUserNamespace: false });
    } finally {
      await page?.close();
    }
  });
}

/** The gateways' pages at a port of this machine. */
function openPage(folder: string, { nodes, pagePort }: LabOptions): Promise<PagePort> {
  const gateways = nodeNames(nodes).map((name) => ({
    name,
    socket: join(directoryOf(folder, name), API_SOCKET),
  }));
  return PagePort.open(gateways, pagePort);
}

/** Runs the same command once more as root of a user namespace, and returns its exit status. It dies with this process. */
async function runInUserNamespace(folder: string, page: PagePort | undefined): Promise<number> {
  const [unshare = '', ...flags] = AS_NAMESPACE_ROOT;
  const diesWithParent = ['setpriv', '--pdeathsig', 'KILL'];
  const command = [...flags, ...diesWithParent, process.execPath, ...process.argv.slice(1)];
  const child: ChildProcess = spawn(unshare, command, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [INSIDE]: folder },
  });
  child.on('message', (asked) => {
    if (asked === LINK_REQUEST) child.send(page?.newLink() ?? '');
  });
  // The terminal sends Ctrl-C to the child too.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [status, signal] = await once(child, 'exit');
  if (signal === 'SIGHUP') return HUNG_UP;
  return typeof status === 'number' ? status : 1;
}

async function askForLink(): Promise<string> {
  process.send?.(LINK_REQUEST);
  const [link] = await once(process, 'message');
  return String(link);
}
