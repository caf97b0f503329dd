import { EVERYBODY, type HardwareAddress } from '../../../net/hardware-address.ts';
import { type Ipv4, LIMITED_BROADCAST } from '../../../net/ipv4.ts';
import { BOOTREPLY } from '../../../wire/layout.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import { DEVICE } from '../segment.ts';
import { bootMessage } from './boot-message.ts';
import { DhcpLink } from './dhcp-link.ts';

/** Slower than a gateway that has to ask by ARP first, so that guests take the gateways' offers: milliseconds. */
const SLOWNESS = 800;
const LEASE_SECONDS = 3600;

/** A DHCP server that should not be on the segment: it offers one address to all clients, with itself as the router. */
export class RogueServer {
  readonly #link: DhcpLink;
  /** The DHCPDISCOVERs that have come. */
  requests = 0;
  #isClosed = false;

  constructor(host: NamespaceHost, address: Ipv4, hardware: HardwareAddress, offered: Ipv4) {
    this.#link = new DhcpLink(host, DEVICE, {
      holderOf: (asked) => (asked === address ? hardware : undefined),
      onRequest: (request) => {
        if (request.type !== 'DHCPDISCOVER') return;
        this.requests += 1;
        const reply = bootMessage({
          op: BOOTREPLY,
          type: 'DHCPOFFER',
          xid: request.xid,
          yiaddr: offered,
          hardware: request.hardware,
          options: [
            [54, address],
            [51, LEASE_SECONDS],
            [1, 0xffffff00],
            [3, address],
          ],
        });
        const envelope = {
          sourceHardware: hardware,
          targetHardware: EVERYBODY,
          source: address,
          target: LIMITED_BROADCAST,
        };
        setTimeout(() => this.#offer(reply, envelope), SLOWNESS).unref();
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#link.close();
  }

  #offer(reply: Uint8Array, envelope: Parameters<DhcpLink['toClient']>[1]): void {
    if (this.#isClosed) return;
    this.#link.toClient(reply, envelope);
  }
}
