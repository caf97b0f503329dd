import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { DEVICE, type LabSegment } from '../../src/cli/lab/segment.ts';
import { eventually } from './eventually.ts';
import type { GatewayProcess, LogLine } from './gateway-process.ts';
import { type LeaseClient, leaseClient, type Software, type ToldLease } from './lease-client.ts';

/** How long a client may take to get what it is waiting for: milliseconds. */
const PATIENCE = 50_000;
/** How far the end of a lease must move to be told from the kernel's whole seconds: milliseconds. */
const NOTICEABLE = 2000;

/** The address that a guest has, by its kernel. */
export interface HeldAddress {
  /** With its prefix length: 10.15.3.20/24. */
  readonly address: string;
  /** Where its default route goes to. */
  readonly router: string;
  /** When its lease is over: milliseconds since 1970, give or take a second. */
  readonly endsAt: number;
}

/** A virtual machine of the segment that runs one of the clients of Debian, or one after the other. */
export class RealGuest {
  readonly name: string;
  readonly hardware: string;
  readonly host: NamespaceHost;
  readonly #folder: string;
  #client: LeaseClient | undefined;

  private constructor(name: string, hardware: string, host: NamespaceHost, folder: string) {
    this.name = name;
    this.hardware = hardware;
    this.host = host;
    this.#folder = folder;
  }

  /** @param folder for its files */
  static async plug(segment: Pick<LabSegment, 'attach'>, name: string, folder: string): Promise<RealGuest> {
    const host = await segment.attach(name);
    const hardware = host.run('cat', `/sys/class/net/${DEVICE}/address`).trim();
    return new RealGuest(name, hardware, host, folder);
  }

  /** @param words of leaseClient */
  async boot(software: Software, ...words: readonly string[]): Promise<void> {
    this.#client = leaseClient(software, this.host, this.#folder, words);
    await this.#client.start();
  }

  /** Its power is cut; then it boots the same as before, and its client has the files that it had. */
  async reboot(): Promise<void> {
    await this.powerOff();
    await this.#client?.start();
  }

  /** Without a word to the gateway. */
  async powerOff(): Promise<void> {
    await this.#client?.kill();
    this.host.ip(`addr flush dev ${DEVICE}`);
  }

  async release(): Promise<void> {
    await this.#client?.release();
  }

  /** Has a client that does nothing of itself before a minute is over extend its lease now. */
  renew(): void {
    this.#client?.renew();
  }

  /** What its client says of its lease, as soon as it does. */
  untilTold(): Promise<ToldLease> {
    return this.#until('said what it was leased', () => this.told());
  }

  /** What its client last said of its lease, if it has one. */
  told(): ToldLease | undefined {
    return this.#client?.told();
  }

  /** The end of what its client has said. */
  story(): string {
    return this.#client?.story() ?? '';
  }

  held(): HeldAddress | undefined {
    const [link] = JSON.parse(this.host.ip(`-j -4 addr show dev ${DEVICE}`));
    const [route] = JSON.parse(this.host.ip('-j -4 route show default'));
    const address = link?.addr_info?.[0];
    if (address === undefined || route === undefined) return undefined;
    return {
      address: `${address.local}/${address.prefixlen}`,
      router: route.gateway,
      endsAt: Date.now() + address.valid_life_time * 1000,
    };
  }

  /** Waits until it has an address and a default route. */
  untilLeased(): Promise<HeldAddress> {
    return this.#until('had an address', () => this.held());
  }

  /**
   * Waits until its lease ends later than it does now, whatever its address.
   *
   * @param gateway that extends it; throws if the guest had to begin anew with a DHCPDISCOVER
   */
  async untilExtended(gateway: GatewayProcess): Promise<HeldAddress> {
    const before = this.held();
    const since = Date.now();
    const renewal = setTimeout(() => this.renew(), NOTICEABLE + 500);
    try {
      const extended = await this.#until('had its lease extended', () => {
        const held = this.held();
        return held !== undefined && before !== undefined && held.endsAt > before.endsAt + NOTICEABLE && held;
      });
      const lines = await this.untilLogged(gateway, since);
      if (lines.some(isDiscover)) throw new Error(`${this.name} began anew:\n${storyOf(lines)}`);
      return extended;
    } finally {
      clearTimeout(renewal);
    }
  }

  /** What a gateway logs of it, from a time on and until a DHCPREQUEST, as soon as it is there. */
  untilLogged(gateway: GatewayProcess, since: number): Promise<readonly LogLine[]> {
    return this.#until('was in the log with a DHCPREQUEST', () => {
      const lines = gateway.log.filter(
        (line) => line['hardware'] === this.hardware && Date.parse(String(line['time'])) >= since,
      );
      return lines.some((line) => line['message'] === 'DHCPREQUEST') && lines;
    });
  }

  /** Waits until it has no address. */
  async untilBare(): Promise<void> {
    await this.#until('had no address', () => this.held() === undefined);
  }

  #until<Found>(what: string, look: () => Found | undefined | false): Promise<Found> {
    return eventually(`${this.name} ${what}`, look, PATIENCE, () => this.story());
  }
}

export function isDiscover(line: LogLine): boolean {
  return line['message'] === 'DHCPDISCOVER';
}

function storyOf(lines: readonly LogLine[]): string {
  return lines.map((line) => JSON.stringify(line)).join('\n');
}
