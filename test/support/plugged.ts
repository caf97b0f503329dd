import { type BridgePort, bridgePortOf } from '../../src/net/bridge-port.ts';
import { type HardwareAddress, hardwareToText } from '../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { SegmentPorts } from '../../src/transport/transport.ts';
import { at } from './plan.ts';

/** A port by its name, as the kernel would tell it. */
export function portNamed(name: string): BridgePort {
  const type = name.startsWith('vx') ? 'vxlan' : /^(tap|vnet)/.test(name) ? 'tun' : 'veth';
  return bridgePortOf(
    { index: [...name].reduce((sum, each) => sum * 31 + each.charCodeAt(0), 7), name, type },
    () => false,
  );
}

/** A bridge, and where the test has plugged in which card. */
export class PluggedCards implements SegmentPorts {
  hasBridge = true;
  /** How many cards each question was about. */
  readonly asked: number[] = [];
  /** Called at each question. */
  meanwhile: () => void = () => {};
  refreshed = 0;
  tunnelEnds: readonly Ipv4[] = [];
  readonly #ports = new Map<string, string>();
  readonly #remotes = new Map<string, string>();

  plug(mac: string, port: string, remote?: string): void {
    this.#ports.set(mac, port);
    if (remote !== undefined) this.#remotes.set(mac, remote);
  }

  refresh(): void {
    this.refreshed += 1;
  }

  portsOf(cards: readonly HardwareAddress[]): readonly (BridgePort | undefined)[] {
    this.asked.push(cards.length);
    this.meanwhile();
    return cards.map((card) => {
      const name = this.#ports.get(hardwareToText(card));
      return name === undefined ? undefined : portNamed(name);
    });
  }

  hostsOf(cards: readonly HardwareAddress[], { kind }: BridgePort): readonly (Ipv4 | undefined)[] {
    return cards.map((card) => {
      const remote = this.#remotes.get(hardwareToText(card));
      return remote === undefined || kind !== 'tunnel' ? undefined : at(remote);
    });
  }
}
