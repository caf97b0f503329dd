import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../diagnosis/find-program.ts';
import { GatewayError } from '../../errors.ts';
import { openLeaseReader } from '../../store/sqlite/lease-reader.ts';
import { CLIENT_NAMES, type ClientName, GuestClient, isLease } from './guest-client.ts';
import type { LabEvent, LabGuest } from './lab-event.ts';
import { logEvent } from './log-event.ts';
import type { NamespaceHost } from './namespace-host.ts';
import { ROUTER, Segment } from './segment.ts';

const GATEWAY = '10.15.3.10';
const GUESTS = 3;
/** How often the guests' records are read: milliseconds. */
const LOOK_MILLISECONDS = 100;

interface Guest extends LabGuest {
  readonly process: GuestClient;
  /** Of its client's events, how many have been told. */
  told: number;
  address: string | undefined;
}

export interface LabSettings {
  /** An empty folder for all files. */
  readonly folder: string;
  /** What starts the gateway: Node's arguments up to the command's name. */
  readonly program: readonly string[];
  /** As GATEWAY_DHCP_LEASE_TIME takes it. */
  readonly leaseTime: string;
}

/** A segment with one gateway and three guests; what happens on it is told as it happens. */
export class Lab {
  readonly #settings: LabSettings;
  readonly #tell: (event: LabEvent) => void;
  readonly #guests: Guest[] = [];
  #segment: Segment | undefined;
  #host: NamespaceHost | undefined;
  #gateway: ChildProcess | undefined;
  #isEnding = false;

  constructor(settings: LabSettings, tell: (event: LabEvent) => void) {
    this.#settings = settings;
    this.#tell = tell;
  }

  /** Builds the segment and starts everything. @throws GatewayError lab-unavailable: no client is installed here. */
  async start(): Promise<void> {
    const clients = this.#installed();
    const segment = await Segment.open();
    this.#segment = segment;
    this.#host = await segment.attach('gateway', { address: `${GATEWAY}/24` });
    for (let index = 1; index <= GUESTS; index += 1) {
      const [client, program] = clients[(index - 1) % clients.length] ?? ['dhclient', ''];
      const name = `guest-${index}`;
      const hardware = `52:54:00:15:03:0${index}`;
      const host = await segment.attach(name, { hardware });
      const folder = join(this.#settings.folder, name);
      const process = new GuestClient(client, program, host, folder);
      this.#guests.push({ name, client, hardware, process, told: 0, address: undefined });
    }
    this.#tell({
      kind: 'segment',
      router: ROUTER,
      gateway: GATEWAY,
      guests: this.#guests.map(({ name, client, hardware }) => ({ name, client, hardware })),
    });
    this.#startGateway(this.#host);
    for (const guest of this.#guests) guest.process.start();
  }

  /** Tells what the guests' clients say, until all have a lease, the gateway ends, or the time is over. */
  async untilAllLeased(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!this.#isEnding && Date.now() < end && this.without.length > 0) await this.look();
  }

  /** Tells what has happened since; takes LOOK_MILLISECONDS. */
  async look(): Promise<void> {
    await delay(LOOK_MILLISECONDS);
    for (const guest of this.#guests) this.#hear(guest);
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The guests that have no lease. */
  get without(): readonly string[] {
    return this.#guests.filter((guest) => guest.address === undefined).map((guest) => guest.name);
  }

  get leased(): number {
    return this.#guests.length - this.without.length;
  }

  /** How a shell on the gateway and on the first guest is opened from outside. */
  enterCommands(inUserNamespace: boolean): readonly string[] {
    const how = inUserNamespace ? 'nsenter --user --preserve-credentials' : 'nsenter';
    const hosts = [this.#host, this.#guests[0]?.process.host].filter((host) => host !== undefined);
    return hosts.map((host) => `${how} --net --mount --target ${host.pid}   # a shell on ${host.name}`);
  }

  get file(): string {
    return join(this.#settings.folder, 'leases', 'leases.sqlite');
  }

  /** The leases, read while the gateway runs. */
  tellRows(): void {
    this.#tell({ kind: 'rows', file: this.file, rows: existsSync(this.file) ? rowsOf(this.file) : [] });
  }

  end(): void {
    this.#isEnding = true;
  }

  /** Stops the gateway as an operator would, then everything else. */
  async close(): Promise<void> {
    this.#isEnding = true;
    const gateway = this.#gateway;
    if (gateway !== undefined && gateway.exitCode === null && gateway.signalCode === null) {
      gateway.kill('SIGTERM');
      await Promise.race([once(gateway, 'exit'), delay(2000, undefined, { ref: false })]);
    }
    await this.#segment?.close();
  }

  #installed(): readonly (readonly [ClientName, string])[] {
    const found: [ClientName, string][] = [];
    const missing: ClientName[] = [];
    for (const name of CLIENT_NAMES) {
      const program = findProgram(name);
      if (program === undefined) missing.push(name);
      else found.push([name, program]);
    }
    const install = installCommand(missing);
    if (found.length === 0)
      throw new GatewayError('lab-unavailable', `no DHCP client is installed here: ${install}`);
    if (missing.length > 0) this.#tell({ kind: 'missing', clients: missing, install });
    return found;
  }

  #startGateway(host: NamespaceHost): void {
    const own = Object.entries(process.env).filter(([name]) => !/^(GATEWAY|LOG)_/.test(name));
    const gateway = host.spawn(process.execPath, [...this.#settings.program, 'serve'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(own),
        GATEWAY_DHCP_LEASES_DIR: join(this.#settings.folder, 'leases'),
        GATEWAY_DHCP_LEASE_TIME: this.#settings.leaseTime,
        LOG_FORMAT: 'json',
      },
    });
    this.#gateway = gateway;
    for (const stream of [gateway.stdout, gateway.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => this.#tell(logEvent(line, this.#guests)));
    }
    gateway.once('exit', (status, signal) => {
      if (this.#isEnding) return;
      const text = `the gateway ended with ${signal ?? `status ${status}`}`;
      this.#tell({ kind: 'gateway', at: Date.now(), level: 'error', text, fields: {} });
      this.end();
    });
  }

  #hear(guest: Guest): void {
    const events = guest.process.events();
    for (const event of events.slice(guest.told)) {
      if (!isLease(event)) {
        if (/^(expire|fail|nak|deconfig|stop)$/i.test(event.event)) guest.address = undefined;
        continue;
      }
      const isNew = guest.address !== event.address;
      guest.address = event.address;
      this.#tell({
        kind: 'lease',
        at: Date.now(),
        guest: guest.name,
        client: guest.client,
        address: event.address,
        router: event.router,
        dns: event.dns,
        leaseSeconds: Number(event.leaseSeconds),
        isNew,
      });
    }
    guest.told = events.length;
  }
}

function rowsOf(file: string): readonly Readonly<Record<string, string | null>>[] {
  const reader = openLeaseReader(dirname(file));
  try {
    const leases = [...reader.leases({})];
    return leases.map(({ address, mac, hostname, state, expires }) => ({
      address,
      mac,
      hostname,
      state,
      expires,
    }));
  } finally {
    reader.close();
  }
}

/** What installs the clients on this machine. */
function installCommand(clients: readonly ClientName[]): string {
  const row = PACKAGES.find(({ manager }) => existsSync(manager)) ?? PACKAGES[0];
  return `${row.command} ${clients.map((client) => row[client]).join(' ')}`;
}

const PACKAGES = [
  {
    manager: '/usr/bin/apt-get',
    command: 'apt-get install',
    dhclient: 'isc-dhcp-client',
    udhcpc: 'udhcpc',
    dhcpcd: 'dhcpcd-base',
  },
  {
    manager: '/usr/bin/dnf',
    command: 'dnf install',
    dhclient: 'dhcp-client',
    udhcpc: 'udhcp',
    dhcpcd: 'dhcpcd',
  },
  {
    manager: '/usr/bin/pacman',
    command: 'pacman -S',
    dhclient: 'dhclient',
    udhcpc: 'busybox',
    dhcpcd: 'dhcpcd',
  },
  { manager: '/sbin/apk', command: 'apk add', dhclient: 'dhclient', udhcpc: 'busybox', dhcpcd: 'dhcpcd' },
] as const;
