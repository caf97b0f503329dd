import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { Daemon, fileOf, hideMachine } from './daemon.ts';
import { eventually } from './eventually.ts';
import type { LeaseClient, ToldLease } from './lease-client.ts';

const BUS = '/run/dbus/system_bus_socket';

/** NetworkManager with its own DHCP client, on a system bus of its own. */
export class NetworkManager implements LeaseClient {
  readonly #host: NamespaceHost;
  readonly #daemon: Daemon;
  readonly #bus: Daemon;

  constructor(host: NamespaceHost, folder: string, words: readonly string[]) {
    this.#host = host;
    this.#daemon = new Daemon(host, join(folder, 'NetworkManager.log'));
    this.#bus = new Daemon(host, join(folder, 'dbus-daemon.log'));
    hideMachine(host, '/etc/NetworkManager', '/var/lib/NetworkManager');
    const settings = fileOf(host, '/etc/NetworkManager');
    mkdirSync(fileOf(host, '/run/dbus'));
    writeFileSync(fileOf(host, '/run/dbus/settings'), BUS_SETTINGS);
    writeFileSync(join(settings, 'NetworkManager.conf'), SETTINGS);
    mkdirSync(join(settings, 'system-connections'));
    const connection = join(settings, 'system-connections', `${DEVICE}.nmconnection`);
    writeFileSync(connection, connectionOf(words), { mode: 0o600 });
  }

  async start(): Promise<void> {
    rmSync(fileOf(this.#host, BUS), { force: true });
    this.#bus.start('dbus-daemon', '--config-file=/run/dbus/settings', '--nofork', '--nopidfile');
    await eventually('dbus-daemon listened', () => existsSync(fileOf(this.#host, BUS)));
    this.#daemon.start('NetworkManager', '--debug', '--log-level=INFO', '--log-domains=ALL,DHCP4:DEBUG');
  }

  async kill(): Promise<void> {
    await this.#daemon.end('SIGKILL');
    await this.#bus.end('SIGTERM');
  }

  async release(): Promise<void> {
    this.#host.run('nmcli', 'device', 'disconnect', DEVICE);
  }

  renew(): void {}

  told(): ToldLease | undefined {
    const lines = this.#host.run('nmcli', '-t', '-f', 'DHCP4', 'device', 'show', DEVICE).split('\n');
    const options = new Map(lines.map((line) => optionOf(line)));
    const address = options.get('ip_address');
    if (address === undefined) return undefined;
    return {
      address,
      router: options.get('routers') ?? '',
      dns: options.get('domain_name_servers') ?? '',
      domain: options.get('domain_name') ?? '',
      mtu: options.get('interface_mtu') ?? '',
      leaseSeconds: options.get('dhcp_lease_time') ?? '',
      server: options.get('dhcp_server_identifier') ?? '',
    };
  }

  story(): string {
    return `${this.#bus.story()}\n${this.#daemon.story()}`;
  }
}

/** DHCP4.OPTION[27]:routers = 10.15.3.1 */
function optionOf(line: string): [name: string, value: string] {
  const found = /^DHCP4\.OPTION\[\d+\]:(\w+) = (.*)$/.exec(line);
  return [found?.[1] ?? '', found?.[2] ?? ''];
}

/** It touches neither the host's name nor its name servers, which namespaces of network and mounts do not part. */
const SETTINGS = `[main]
plugins=keyfile
dhcp=internal
dns=none
rc-manager=unmanaged
hostname-mode=none
auth-polkit=false
no-auto-default=*
`;

function connectionOf(words: readonly string[]): string {
  return `[connection]
id=${DEVICE}
type=ethernet
interface-name=${DEVICE}
[ipv4]
method=auto
${words.join('\n')}
[ipv6]
method=disabled
`;
}

const ALLOWED = ['method_call', 'signal', 'method_return', 'error'].flatMap((type) => [
  `<allow send_type="${type}"/>`,
  `<allow receive_type="${type}"/>`,
]);

const BUS_SETTINGS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${BUS}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    ${ALLOWED.join('\n    ')}
  </policy>
</busconfig>
`;
