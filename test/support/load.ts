import type { GatewayProcess } from './gateway-process.ts';
import { messageType } from './packet.ts';
import { type RawClient, selecting } from './raw-client.ts';

/** The hardware address of the client with this number. */
export function hardwareOf(number: number): string {
  return `02:00:${(number + 0x100000000).toString(16).slice(-8).match(/../g)?.join(':')}`;
}

/** Settings for a segment of 16 bits, where thousands of clients find room. */
export const WIDE_SETTINGS = {
  GATEWAY_DHCP_SUBNET_MASK: '16',
  GATEWAY_DHCP_POOL_START: '10.15.16.0',
  GATEWAY_DHCP_POOL_END: '10.15.79.255',
};

/** Leases addresses to ever new clients, so many at a time, until it is stopped; it waits for no answer for ever. */
export class Load {
  readonly #client: RawClient;
  readonly #stopped: Promise<undefined>;
  #isStopped = false;
  #stop: () => void = () => {};
  readonly #workers: readonly Promise<void>[];
  readonly #newClient: () => string;

  constructor(client: RawClient, concurrency: number, newClient: () => string) {
    this.#client = client;
    this.#newClient = newClient;
    this.#stopped = new Promise((resolve) => {
      this.#stop = () => resolve(undefined);
    });
    this.#workers = Array.from({ length: concurrency }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stop();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const discover = { chaddr: this.#newClient(), options: [messageType('DHCPDISCOVER')] };
      const offer = await Promise.race([this.#ask(discover), this.#stopped]);
      if (offer !== undefined) await Promise.race([this.#ask(selecting(offer)), this.#stopped]);
    }
  }

  #ask(fields: Parameters<RawClient['ask']>[0]) {
    return this.#client.ask(fields).catch(() => undefined);
  }
}

/** Kills the gateway in the moment in which so many DHCPACKs have been heard, and waits for its end. */
export async function killAfterAcks(
  gateway: GatewayProcess,
  client: RawClient,
  count: number,
): Promise<void> {
  let left = count;
  client.onReply((reply) => {
    if (reply.type !== 5) return;
    left -= 1;
    if (left === 0) gateway.signal('SIGKILL');
  });
  const end = await gateway.ended();
  if (left > 0) throw new Error(`the gateway ended by itself (${end}), ${left} DHCPACKs too early`);
}
