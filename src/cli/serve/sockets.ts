import { poolRanges, rangesToText } from '../../config/pools.ts';
import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../log/logger.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import { prefixOf } from '../../net/prefix.ts';
import type { Medium } from '../../server/parts/server-parts.ts';
import { openTransport } from '../../transport/open-transport.ts';

/** Opens sockets and ARP on a listen address, and logs what could not be opened. */
export class Sockets {
  /** True if ARP could be used when the sockets were last opened. */
  canAsk = false;
  readonly #settings: () => Settings;
  readonly #log: Logger;

  constructor(settings: () => Settings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  async open({ interfaceName, listenIp }: ListenAddress): Promise<Medium> {
    const settings = this.#settings();
    const { gateway, subnetMask, allowSeveralInterfaces } = settings;
    const prefix = prefixOf(gateway, subnetMask);
    const checksChaddr = settings.chaddrCheck;
    const options = { interfaceName, listenIp, prefix, allowSeveralInterfaces, checksChaddr };
    const opened = await openTransport(options);
    const { transport, arp, ports, shortcomings } = opened;
    for (const shortcoming of shortcomings) this.#log.warn({ transport: transport.kind }, shortcoming);
    this.canAsk = arp.canAsk;
    this.#log.info(
      {
        interface: interfaceName,
        listenIp: ipv4ToText(listenIp),
        router: ipv4ToText(gateway),
        pool: rangesToText(poolRanges(settings)),
        transport: transport.kind,
        arp: arp.canAsk,
        bridge: ports?.hasBridge === true,
      },
      'sockets opened',
    );

    let failure: string | undefined;
    transport.onLost((reason) => (failure = reason));
    arp.onLost((reason) => (failure = reason));
    return {
      transport,
      arp,
      ports,
      shortcomings,
      lost: () => opened.lost(),
      sentinelFrames: () => opened.sentinelFrames(),
      hasCarrier: () => opened.hasCarrier(),
      isUp: () => opened.isUp(),
      countFrames: () => opened.countFrames(),
      failure: () => failure,
      close: () => opened.close(),
    };
  }
}
