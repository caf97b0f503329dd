import { bad, type DoctorLine, good, unknown, warning } from './doctor-line.ts';

/** The machine and what the program needs of it. */
export interface MachineFacts {
  readonly nodeVersion: string;
  /** Why koffi cannot be loaded; undefined: it can. */
  readonly koffiFault: string | undefined;
  readonly sqliteFault: string | undefined;
  /** The capabilities of the running gateway, or of this process where none runs: CapEff of /proc; undefined: unknown. */
  readonly capabilities: bigint | undefined;
  /** Whose they are. */
  readonly isOfGateway: boolean;
  /** Whether the kernel says that the clock is synchronized; undefined: it does not tell. */
  readonly isClockSynchronized: boolean | undefined;
  /** The kernel's clock source: `kvm-clock`; undefined: unknown. */
  readonly clockSource: string | undefined;
}

/** capabilities(7). */
const CAPABILITIES = [
  ['NET_BIND_SERVICE', 10n, 'it may not open UDP port 67'],
  ['NET_RAW', 13n, 'it answers clients without an address by broadcast, sees no ARP and no other servers'],
  ['NET_ADMIN', 12n, 'its receive buffers are small, so that messages are lost while a disk is slow'],
] as const;
const RIGHTS =
  'run it as root, or as in docs/examples/vps-gateway.service (AmbientCapabilities=), or with --cap-add of each';
/** Clock sources that jump or drift in virtual machines and on old hardware. */
const DOUBTFUL_SOURCES = ['jiffies', 'refined-jiffies', 'pit'];

export function machineLines(facts: MachineFacts): readonly DoctorLine[] {
  const { nodeVersion, koffiFault, sqliteFault } = facts;
  const install = 'npm ci (with this Node.js, in the folder of the gateway)';
  return [
    good('node', `Node.js ${nodeVersion}`),
    koffiFault === undefined
      ? good('koffi', "koffi is loaded: the system's sockets can be called")
      : warning(
          'koffi',
          koffiFault,
          'without it the gateway answers by broadcast alone, and asks nobody by ARP',
          install,
        ),
    sqliteFault === undefined
      ? good('sqlite', 'better-sqlite3 is loaded: the lease file can be opened')
      : bad('sqlite', sqliteFault, 'no lease can be stored, so none is promised', install),
    ...capabilityLines(facts),
    clockLine(facts),
  ];
}

function capabilityLines({ capabilities, isOfGateway }: MachineFacts): readonly DoctorLine[] {
  const whose = isOfGateway ? 'the running gateway' : 'this user';
  if (capabilities === undefined)
    return [unknown('capabilities', 'the capabilities could not be read', 'grep CapEff /proc/self/status')];
  const missing = CAPABILITIES.filter(([, bit]) => ((capabilities >> bit) & 1n) === 0n);
  if (missing.length === 0)
    return [good('capabilities', `${whose} has NET_BIND_SERVICE, NET_RAW and NET_ADMIN`)];
  return missing.map(([name, , why]) => {
    const message = `${whose} lacks the capability ${name}`;
    if (!isOfGateway)
      return unknown(
        'capabilities',
        `${message}, and no gateway runs whose could be looked at`,
        "run this as root, or as the gateway's user",
      );
    return name === 'NET_BIND_SERVICE'
      ? bad('capabilities', message, why, RIGHTS)
      : warning('capabilities', message, why, RIGHTS);
  });
}

function clockLine({ isClockSynchronized, clockSource }: MachineFacts): DoctorLine {
  const source = clockSource === undefined ? '' : `; its source is ${clockSource}`;
  if (isClockSynchronized === undefined)
    return unknown(
      'clock',
      `the kernel does not tell whether the clock is synchronized${source}`,
      'timedatectl; chronyc tracking',
    );
  if (!isClockSynchronized)
    return warning(
      'clock',
      `the clock is not synchronized${source}`,
      'leases end by the wall clock; with a wrong one they end too early or too late',
      'apt-get install chrony && chronyc tracking',
    );
  if (clockSource !== undefined && DOUBTFUL_SOURCES.includes(clockSource))
    return warning(
      'clock',
      `the clock is synchronized, but its source is ${clockSource}, which drifts`,
      'leases end by the wall clock',
      'cat /sys/devices/system/clocksource/clocksource0/available_clocksource',
    );
  return good('clock', `the clock is synchronized${source}`);
}
