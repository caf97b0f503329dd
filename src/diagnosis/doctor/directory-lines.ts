import { bad, type DoctorLine, good, warning } from './doctor-line.ts';

/** The leases directory and its disk. */
export interface DirectoryFacts {
  readonly directory: string;
  /** Why leases cannot be kept there, with the remedy; undefined: they can. */
  readonly fault: string | undefined;
  /** The type of its file system by df's name: `ext4`; undefined: unknown. */
  readonly fileSystem: string | undefined;
  /** The median time until 4 KiB are on the disk: milliseconds; undefined: not measured. */
  readonly syncMilliseconds: number | undefined;
  /** Octets that are free for the gateway's user; undefined: unknown. */
  readonly freeOctets: number | undefined;
}

const [SLOW, VERY_SLOW] = [10, 50];
/** The journal, its copies and a lease file of a million leases have room in it: octets. */
const LITTLE = 512 << 20;
const ON_MEMORY = ['tmpfs', 'ramfs'];

export function directoryLines(facts: DirectoryFacts): readonly DoctorLine[] {
  const { directory, fault, fileSystem, syncMilliseconds, freeOctets } = facts;
  if (fault !== undefined)
    return [
      bad(
        'leases-directory',
        fault,
        'no lease can be stored, so none is promised',
        `ls -ld ${directory}; df -h ${directory}`,
      ),
    ];
  const lines: DoctorLine[] = [];
  if (fileSystem !== undefined && ON_MEMORY.includes(fileSystem))
    lines.push(
      warning(
        'leases-directory',
        `${directory} is on ${fileSystem}`,
        'every lease is forgotten when this node restarts',
        'set GATEWAY_DHCP_LEASES_DIR to a directory on a disk, or mount a volume there',
      ),
    );
  else
    lines.push(
      good(
        'leases-directory',
        `${directory} can be written${fileSystem === undefined ? '' : `, on ${fileSystem}`}`,
      ),
    );
  if (freeOctets !== undefined && freeOctets < LITTLE)
    lines.push(
      warning(
        'disk-space',
        `${Math.floor(freeOctets / 2 ** 20)} MiB are free there`,
        'on a full disk no lease is promised',
        `df -h ${directory}`,
      ),
    );
  if (syncMilliseconds !== undefined) lines.push(syncLine(directory, syncMilliseconds));
  return lines;
}

function syncLine(directory: string, milliseconds: number): DoctorLine {
  const said = `one sync of that disk takes ${milliseconds < 1 ? milliseconds.toFixed(2) : milliseconds.toFixed(1)} ms`;
  if (milliseconds < SLOW) return good('sync', `${said}: each DHCPACK waits for one`);
  const command = `iostat -x 1 5; ioping -c 5 ${directory}`;
  if (milliseconds < VERY_SLOW)
    return warning('sync', said, 'each DHCPACK waits for one; it is a slow disk, or a busy one', command);
  return warning(
    'sync',
    `${said}, which is very slow`,
    'each DHCPACK waits for one: a node whose guests all boot at once is served slowly',
    command,
  );
}
