import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { Daemon } from './daemon.ts';
import { eventually } from './eventually.ts';

/**
 * A dnsmasq as the older gateway of the platform sets it up on each node, but for what would make a test slow: it asks for no
 * address by ping, and clients renew early. It is authoritative, and knows nothing of those of other nodes.
 *
 * @param folder Has its files afterwards, by the names that the older gateway gives them: dnsmasq.leases is one.
 */
export class OldService {
  readonly #host: NamespaceHost;
  readonly #folder: string;
  readonly #daemon: Daemon;

  constructor(host: NamespaceHost, address: string, folder: string, renewalSeconds: number) {
    this.#host = host;
    this.#folder = folder;
    this.#daemon = new Daemon(host, join(folder, 'dnsmasq.log'));
    const file = (name: string) => join(folder, `dnsmasq.${name}`);
    writeFileSync(file('hosts'), '# dnsmasq hosts/dhcp file\n');
    const settings = [
      ...['user=root', 'no-ping', `dhcp-option=option:T1,${renewalSeconds}`],
      ...[`interface=${DEVICE}`, `listen-address=${address}`, 'listen-address=127.0.0.1'],
      ...['port=53', 'domain=vps.local', 'expand-hosts', 'local=/vps.local/', `addn-hosts=${file('hosts')}`],
      ...['dhcp-authoritative', 'dhcp-ignore-names'],
      ...['dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,12h', 'dhcp-option=option:router,10.15.3.1'],
      ...['server=192.0.2.53', 'dhcp-option=6,192.0.2.53'],
      ...[`dhcp-hostsfile=${file('hosts')}`, `dhcp-leasefile=${file('leases')}`, 'log-dhcp', 'log-queries'],
    ];
    writeFileSync(file('conf'), `${settings.join('\n')}\n`);
  }

  /** Starts it, and waits until it is bound to port 67. */
  async start(): Promise<void> {
    const words = ['--no-daemon', `--conf-file=${join(this.#folder, 'dnsmasq.conf')}`, '--log-facility=-'];
    this.#daemon.start('dnsmasq', ...words, '--pid-file=');
    await eventually(
      'dnsmasq listens',
      () => this.#host.run('ss', '-Hulpn', 'sport = :67').includes('dnsmasq'),
      15_000,
      () => this.#daemon.story(),
    );
  }

  async stop(): Promise<void> {
    await this.#daemon.end('SIGTERM');
  }
}
