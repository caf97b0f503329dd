import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { Daemon, fileOf, hideMachine } from './daemon.ts';
import type { LeaseClient, ToldLease } from './lease-client.ts';

export const NETWORKD = '/lib/systemd/systemd-networkd';

/** systemd-networkd alone, without systemd, udev and D-Bus. */
export class Networkd implements LeaseClient {
  readonly #host: NamespaceHost;
  readonly #daemon: Daemon;

  constructor(host: NamespaceHost, folder: string, words: readonly string[]) {
    this.#host = host;
    this.#daemon = new Daemon(host, join(folder, 'systemd-networkd.log'));
    hideMachine(host, '/etc/systemd');
    const settings = fileOf(host, '/etc/systemd/network');
    mkdirSync(settings);
    writeFileSync(join(settings, `${DEVICE}.network`), networkOf(words));
    // It makes its folders in here, but not this one.
    mkdirSync(fileOf(host, '/run/systemd'), { recursive: true });
    // It gives up what it may to be this user. Staying root, it still ends with the process that started it.
    writeFileSync(fileOf(host, '/run/passwd'), USERS);
  }

  async start(): Promise<void> {
    this.#daemon.start(NETWORKD);
  }

  kill(): Promise<void> {
    return this.#daemon.end('SIGKILL');
  }

  release(): Promise<void> {
    return this.#daemon.end('SIGTERM');
  }

  renew(): void {}

  told(): ToldLease | undefined {
    const [lease] = leaseFiles(fileOf(this.#host, '/run/systemd/netif/leases'));
    if (lease === undefined) return undefined;
    const fields = new Map(lease.split('\n').map((line) => fieldOf(line)));
    return {
      address: fields.get('ADDRESS') ?? '',
      router: fields.get('ROUTER') ?? '',
      dns: fields.get('DNS') ?? '',
      domain: fields.get('DOMAINNAME') ?? '',
      mtu: fields.get('MTU') ?? '',
      leaseSeconds: fields.get('LIFETIME') ?? '',
      server: fields.get('SERVER_ADDRESS') ?? '',
    };
  }

  story(): string {
    return this.#daemon.story();
  }
}

function leaseFiles(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  } catch {
    return []; // It has made none yet, or is just putting a new one in its place.
  }
}

function fieldOf(line: string): [name: string, value: string] {
  const [name = '', value = ''] = line.split('=');
  return [name, value];
}

const USERS = 'root:x:0:0::/:/bin/sh\nsystemd-network:x:0:0::/:/bin/sh\n';

function networkOf(words: readonly string[]): string {
  return `[Match]
Name=${DEVICE}
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
[DHCPv4]
UseHostname=no
UseTimezone=no
${words.join('\n')}
`;
}
