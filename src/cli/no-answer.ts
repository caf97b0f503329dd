import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SETTINGS } from '../config/settings.ts';
import { hasLeaseFile } from '../store/sqlite/lease-reader.ts';

/** Why no gateway has answered, and what to do. */
export interface NoAnswer {
  readonly reason: 'no-process' | 'no-right' | 'wrong-directory' | 'hangs' | 'other-version' | 'other';
  readonly message: string;
  readonly remedy: string;
}

const DIRECTORY = `${SETTINGS.leasesDir.variable} or --leases-dir`;
const START = 'start it; its log says why it ended (journalctl -u vps-gateway, docker compose logs)';
const IF_GATEWAY = `if it is a gateway, name its leases directory (${DIRECTORY})`;
const TAKEN = 'something listens on UDP port 67 here: a gateway waits while that is another server';

export function noAnswerToText({ message, remedy }: NoAnswer): string {
  return `vps-gateway: ${message}\nto mend it: ${remedy}\n`;
}

/** The meaning of a failed request to a gateway's socket. */
export function noAnswer(socket: string, error: unknown): NoAnswer {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const cause = error instanceof Error ? error.message : String(error);
  if (code === 'EACCES' || code === 'EPERM') return noRight(socket);
  if (code === 'ENOENT') return nothingThere(socket);
  if (code === 'ECONNREFUSED')
    return {
      reason: 'no-process',
      message: `no gateway runs: the one that had ${socket} has ended without closing it`,
      remedy: START,
    };
  if (error instanceof SyntaxError)
    return {
      reason: 'other-version',
      message: `what answers at ${socket} is not understood`,
      remedy: 'ask with the version that runs, or restart the gateway',
    };
  if (code === undefined)
    return {
      reason: 'hangs',
      message: `a gateway runs, but it gives no answer at ${socket}`,
      remedy: 'it stands still: see to the disk of its leases directory (dmesg, df), and to its log',
    };
  return { reason: 'other', message: `${socket} cannot be asked (${cause})`, remedy: 'see to its directory' };
}

function noRight(socket: string): NoAnswer {
  const owner = ownerOf(socket) ?? ownerOf(dirname(socket));
  const user = owner === undefined || owner === 0 ? 'root' : `root or as its user (uid ${owner})`;
  return {
    reason: 'no-right',
    message: `uid ${process.getuid?.() ?? '?'} has no right to ask at ${socket}; whether a gateway runs is not known`,
    remedy: `run this as ${user}`,
  };
}

function nothingThere(socket: string): NoAnswer {
  const directory = dirname(socket);
  if (hasLeaseFile(directory))
    return {
      reason: 'no-process',
      message: `no gateway runs with the leases directory ${directory}, or it is just starting`,
      remedy: isPortTaken() ? `${TAKEN}, which \`vps-gateway doctor\` names; ${IF_GATEWAY}` : START,
    };
  const what = existsSync(directory) ? 'no gateway has used the directory' : 'there is no directory';
  const remedy = isPortTaken()
    ? `something listens on UDP port 67 here: ${IF_GATEWAY}`
    : `nothing listens on UDP port 67 here: start the gateway; if it runs elsewhere, as in a container, ask there`;
  return {
    reason: 'wrong-directory',
    message: `no gateway answers at ${socket}: ${what} ${directory}`,
    remedy,
  };
}

/** The uid of the owner; undefined: the file does not exist, or cannot be read. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

/** True if something listens on UDP port 67 in this network namespace. */
function isPortTaken(): boolean {
  try {
    return /^ *\d+: [\dA-F]{8}:0043 /m.test(readFileSync('/proc/self/net/udp', 'latin1'));
  } catch {
    return false;
  }
}
