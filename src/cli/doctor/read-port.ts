import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import type { PortHolder } from '../../diagnosis/doctor/port-lines.ts';
import { ipv4, ipv4ToText } from '../../net/ipv4.ts';

const PORT = '0043';

/** Who has a socket on UDP port 67 in this network namespace; undefined: /proc cannot be read. */
export function readPort(): readonly PortHolder[] | undefined {
  let table: string;
  try {
    table = readFileSync('/proc/net/udp', 'latin1');
  } catch {
    return undefined;
  }
  const sockets = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(`:${PORT}`) === true);
  if (sockets.length === 0) return [];
  const owners = ownersOf(new Set(sockets.map((fields) => fields[9] ?? '')));
  return sockets.map((fields) => {
    const pid = owners.get(fields[9] ?? '');
    const program = pid === undefined ? undefined : nameOf(pid);
    return {
      address: addressOf(fields[1] ?? ''),
      program,
      pid,
      isGateway: pid !== undefined && isGateway(pid),
    };
  });
}

/** The process of each socket, by the socket's inode. */
function ownersOf(inodes: ReadonlySet<string>): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) owners.set(inode, Number(pid));
    }
  }
  return owners;
}

/** The capabilities that a process has: CapEff of /proc; undefined: it cannot be read. */
export function capabilitiesOf(pid: number | 'self'): bigint | undefined {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

/** `0A03 0F0A:0043`, which the kernel writes in the order of the machine's bytes. */
function addressOf(local: string): string {
  const digits = local.split(':')[0] ?? '';
  const octets = Buffer.from(digits, 'hex');
  return ipv4ToText(ipv4(endianness() === 'LE' ? octets.readUInt32LE(0) : octets.readUInt32BE(0)));
}

function nameOf(pid: number): string | undefined {
  return readOrEmpty(`/proc/${pid}/comm`).trim() || undefined;
}

function isGateway(pid: number): boolean {
  const words = readOrEmpty(`/proc/${pid}/cmdline`).split('\0');
  return words.some((word) => /(^|\/)vps-gateway(\.js)?$/.test(word)) && words.includes('serve');
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // It has ended, or it is another user's.
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
