import { join } from 'node:path';
import { GuestClient, isLease } from '../../src/cli/lab/guests/guest-client.ts';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { NetworkManager } from './network-manager.ts';
import { Networkd } from './networkd.ts';

/** The DHCP clients that guests run. */
export const SOFTWARE = ['dhclient', 'udhcpc', 'dhcpcd', 'NetworkManager', 'systemd-networkd'] as const;
export type Software = (typeof SOFTWARE)[number];

/** What a client was told with its lease, as it says itself. */
export interface ToldLease {
  readonly address: string;
  readonly router: string;
  /** Parted by blanks. */
  readonly dns: string;
  readonly domain: string;
  readonly mtu: string;
  readonly leaseSeconds: string;
  readonly server: string;
}

/** A real DHCP client on a machine of the segment. It sets the interface's address, with its lease's end, itself. */
export interface LeaseClient {
  start(): Promise<void>;
  /** Ends it at once, as a loss of power does: nothing is given back. */
  kill(): Promise<void>;
  /** Ends it as it ends by itself; all but NetworkManager, before its 1.48, give the lease back. */
  release(): Promise<void>;
  /** Has it extend its lease now, if it would not do so at T1. */
  renew(): void;
  told(): ToldLease | undefined;
  /** The end of what it has written. */
  story(): string;
}

/**
 * @param words its own: for systemd-networkd, lines of the section [DHCPv4]; for NetworkManager, lines of the section
 *   [ipv4]; for the others, words of the command
 */
export function leaseClient(
  software: Software,
  host: NamespaceHost,
  folder: string,
  words: readonly string[] = [],
): LeaseClient {
  if (software === 'NetworkManager') return new NetworkManager(host, folder, words);
  if (software === 'systemd-networkd') return new Networkd(host, folder, words);
  return new ScriptClient(
    new GuestClient(software, findProgram(software) ?? software, host, join(folder, software)),
    words,
  );
}

/** dhclient, udhcpc and dhcpcd, which tell a script. */
class ScriptClient implements LeaseClient {
  readonly #client: GuestClient;
  readonly #words: readonly string[];

  constructor(client: GuestClient, words: readonly string[]) {
    this.#client = client;
    this.#words = words;
  }

  async start(): Promise<void> {
    this.#client.start(...this.#words);
  }

  kill(): Promise<void> {
    return this.#client.kill();
  }

  async release(): Promise<void> {
    this.#client.release();
  }

  /** udhcpc takes each lease for one of two minutes at least, so it must be told. */
  renew(): void {
    if (this.#client.name === 'udhcpc') this.#client.signal('SIGUSR1');
  }

  told(): ToldLease | undefined {
    return this.#client.events().findLast(isLease);
  }

  story(): string {
    return this.#client
      .events()
      .map((event) => JSON.stringify(event))
      .join('\n');
  }
}
