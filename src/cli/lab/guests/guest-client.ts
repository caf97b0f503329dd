import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../is-running.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import { DEVICE } from '../segment.ts';

/** What a client told its script, in the order of the fields of RECORD. */
export interface GuestEvent {
  /** The client's own word: BOUND, RENEW, bound, deconfig, ... */
  readonly event: string;
  readonly address: string;
  readonly mask: string;
  readonly router: string;
  /** Parted by blanks. */
  readonly dns: string;
  readonly domain: string;
  readonly mtu: string;
  readonly leaseSeconds: string;
  readonly server: string;
}

export type ClientName = 'dhclient' | 'udhcpc' | 'dhcpcd';

interface Call {
  readonly args: readonly string[];
}

interface ClientRow {
  /** Debian's and Ubuntu's package. */
  readonly package: string;
  /** Whether the client sets the address itself. */
  readonly configures: boolean;
  readonly start: (files: GuestFiles, hostname: string) => Call;
  /** How a lease is given back: a signal to the client, or another call of it. */
  readonly release: NodeJS.Signals | ((files: GuestFiles) => Call);
}

interface GuestFiles {
  readonly script: string;
  readonly leases: string;
  readonly pid: string;
  readonly settings: string;
}

/** The clients that guests run, and how each is told to keep its hands off this machine. */
export const CLIENTS: Readonly<Record<ClientName, ClientRow>> = {
  dhclient: {
    package: 'isc-dhcp-client',
    configures: false,
    start: (files) => ({ args: ['-4', '-d', '-v', ...dhclientFiles(files), DEVICE] }),
    release: (files) => ({ args: ['-4', '-r', ...dhclientFiles(files), DEVICE] }),
  },
  udhcpc: {
    package: 'udhcpc',
    configures: false,
    start: (files, hostname) => ({
      args: `-f -i ${DEVICE} -s ${files.script} -p ${files.pid} -x hostname:${hostname} -O mtu -t 5 -T 1 -A 1`.split(
        ' ',
      ),
    }),
    release: 'SIGUSR2',
  },
  dhcpcd: {
    package: 'dhcpcd-base',
    configures: true,
    start: (files, hostname) => ({
      args: ['-4', '-B', '-L', '-A', '-f', files.settings, '-c', files.script, '-h', hostname, DEVICE],
    }),
    release: () => ({ args: ['-4', '-k', DEVICE] }),
  },
};

export const CLIENT_NAMES = Object.keys(CLIENTS) as readonly ClientName[];

function dhclientFiles(files: GuestFiles): string[] {
  return ['-sf', files.script, '-lf', files.leases, '-pf', files.pid, '-cf', files.settings];
}

/** A real client on a machine of the segment, with its files in a folder of its own. */
export class GuestClient {
  readonly name: ClientName;
  readonly host: NamespaceHost;
  readonly #program: string;
  readonly #files: GuestFiles;
  readonly #record: string;
  readonly #hostname: string;
  #child: ChildProcess | undefined;

  constructor(name: ClientName, program: string, host: NamespaceHost, folder: string) {
    mkdirSync(folder, { recursive: true });
    this.name = name;
    this.host = host;
    this.#hostname = host.name;
    this.#record = join(folder, 'record');
    this.#files = {
      script: join(folder, 'script'),
      leases: join(folder, 'leases'),
      pid: join(folder, 'pid'),
      settings: join(folder, 'settings'),
    };
    // A copy, as a distribution's AppArmor profile of dhclient names its path and knows no other script.
    this.#program = name === 'dhclient' ? join(folder, name) : program;
    if (name === 'dhclient') copyFileSync(program, this.#program);
    writeFileSync(this.#record, '');
    writeFileSync(this.#files.settings, settingsOf(name, host.name));
    writeFileSync(this.#files.script, scriptOf(this.#record, CLIENTS[name].configures));
    chmodSync(this.#files.script, 0o755);
  }

  /**
   * Starts the client; a second time it finds what it was leased before, if it is one that remembers.
   *
   * @param more further words of its command
   */
  start(...more: readonly string[]): void {
    const { args } = CLIENTS[this.name].start(this.#files, this.#hostname);
    this.#child = this.host.spawn(this.#program, [...more, ...args], { stdio: 'ignore' });
  }

  /** Ends the client at once; it gives nothing back. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    const end = once(child, 'exit');
    child.kill('SIGKILL');
    await end;
  }

  /** Gives the lease back. */
  release(): void {
    const how = CLIENTS[this.name].release;
    if (typeof how === 'string') this.signal(how);
    else this.host.run(this.#program, ...how(this.#files).args);
  }

  /** Calls the client's program once more beside the one that runs. */
  call(...args: readonly string[]): void {
    this.host.run(this.#program, ...args);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** All that the client told its script so far. */
  events(): readonly GuestEvent[] {
    return readFileSync(this.#record, 'utf8').split('\n').slice(0, -1).map(eventOf);
  }
}

/** True for the events that bring or prolong a lease. */
export function isLease(event: GuestEvent): boolean {
  return /^(bound|renew|rebind|reboot)$/i.test(event.event);
}

function eventOf(line: string): GuestEvent {
  const [event = '', address = '', mask = '', router = '', dns = '', domain = '', ...rest] = line.split('|');
  const [mtu = '', leaseSeconds = '', server = ''] = rest;
  return { event, address, mask, router, dns, domain, mtu, leaseSeconds, server };
}

function settingsOf(name: ClientName, hostname: string): string {
  if (name === 'dhclient') {
    return `send host-name "${hostname}";
request subnet-mask, routers, domain-name-servers, domain-name, interface-mtu;
initial-interval 1;
backoff-cutoff 2;
retry 2;
reboot 2;
`;
  }
  return 'option domain_name_servers, domain_name, interface_mtu\nreboot 2\nnoipv4ll\n';
}

/** dhclient and dhcpcd put words into the environment as new_...; udhcpc has names of its own and says why in $1. */
function scriptOf(record: string, configures: boolean): string {
  return `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
event=\${1:-$reason}
address=\${ip:-$new_ip_address}
mask=\${subnet:-$new_subnet_mask}
router=\${router:-$new_routers}
seconds=\${lease:-$new_dhcp_lease_time}
configure() {
  case $event in
    PREINIT) ip link set ${DEVICE} up ;;
    BOUND|RENEW|REBIND|REBOOT|bound|renew)
      ip addr replace "$address/$mask" dev ${DEVICE} valid_lft "$seconds" preferred_lft "$seconds"
      ip route replace default via "$router" ;;
    EXPIRE|FAIL|RELEASE|STOP|deconfig) ip addr flush dev ${DEVICE} ;;
  esac
}
${configures ? '' : 'configure'}
printf '%s|%s|%s|%s|%s|%s|%s|%s|%s\\n' "$event" "$address" "$mask" "$router" \\
  "\${dns:-$new_domain_name_servers}" "\${domain:-$new_domain_name}" "\${mtu:-$new_interface_mtu}" "$seconds" \\
  "\${serverid:-$new_dhcp_server_identifier}" >> '${record}'
exit 0
`;
}
