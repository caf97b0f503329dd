import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { SERVER_PROCESSOR } from '../clients/generate.ts';
import { Program } from '../machine/program.ts';
import { boundPorts, type Segment } from '../machine/segment.ts';

/** How long a server may take to bind its port: milliseconds. */
const START_LIMIT = 20_000;

export interface Start {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server in one configuration. */
export interface Peer {
  readonly name: string;
  readonly configuration: string;
  /** What it writes about each exchange, and where. */
  readonly log: string;
  /** Whether a lease is synced to the disk before its ACK leaves. */
  readonly synced: boolean;
  /** The program, and the Debian package that has it. */
  readonly program: string;
  readonly debianPackage: string | undefined;
  /** Addresses that it may give out. */
  readonly poolSize: number;
  /** Writes its files into an empty folder; the lease file among them is empty. */
  prepare(folder: string): Start;
}

/** Where a program is; undefined: nowhere. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return name;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** Starts a peer with a fresh lease file and waits until it has bound its port; tries once more if that fails. */
export async function startPeer(peer: Peer, segment: Segment, folder: string): Promise<Program> {
  const start = () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    return startIn(peer.prepare(folder), segment, join(folder, 'output.log'));
  };
  return start().catch(start);
}

/** Starts a server, on the servers' processor, and waits until it has bound its port. */
export async function startIn(
  { command, environment = {} }: Start,
  segment: Pick<Segment, 'server'>,
  log: string,
): Promise<Program> {
  const program = new Program(command, {
    namespace: segment.server,
    processor: SERVER_PROCESSOR,
    log,
    environment,
  });
  for (let waited = 0; waited < START_LIMIT; waited += 10) {
    await pass(10);
    if (program.status !== undefined) break;
    // Until it has entered the namespace, the ports are those of ours.
    if (isElsewhere(program.pid) && boundPorts(program.pid).has(67)) return program;
  }
  await program.end();
  const said = readFileSync(log, 'utf8').slice(-2000);
  throw new Error(`${command.join(' ')}: it did not come to serve (${program.status}): ${said}`);
}

function isElsewhere(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
  } catch {
    return false; // It has just ended.
  }
}
