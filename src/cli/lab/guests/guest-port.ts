import type { NamespaceHost } from '../namespace-host.ts';
import { BuiltInClient, type GuestIdentity } from './built-in-client.ts';
import { DhcpLink } from './dhcp-link.ts';

/** A port with a built-in client behind it, which answers ARP while it has a lease. */
export class GuestPort {
  readonly link: DhcpLink;
  #client: BuiltInClient | undefined;

  constructor(host: NamespaceHost, device: string) {
    this.link = new DhcpLink(host, device, {
      onReply: (reply, from) => {
        const client = this.#client;
        if (client?.identity.hardware === reply.hardware) client.receive(reply, from);
      },
      holderOf: (address) =>
        this.#client?.lease?.address === address ? this.#client.identity.hardware : undefined,
    });
  }

  /** Undefined: nobody is plugged in. */
  get client(): BuiltInClient | undefined {
    return this.#client;
  }

  get isFree(): boolean {
    return this.#client === undefined || this.#client.isOff;
  }

  /** Replaces the machine at this port by another one, which does nothing yet. */
  plug(identity: GuestIdentity): BuiltInClient {
    this.#client?.off();
    this.#client = new BuiltInClient(this.link, identity);
    return this.#client;
  }

  close(): void {
    this.#client?.off();
    this.link.close();
  }
}
