import { PacketSocket } from '../../src/cli/lab/guests/packet-socket.ts';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { hardwareText } from './frames.ts';
import type { TestSegment } from './system.ts';

const ETH_P_ALL = 3;

/** The node's way to the rest of the world: wan0 with 192.0.2.10, and behind it a router, 192.0.2.1, that hears all. */
export interface Uplink {
  readonly host: NamespaceHost;
  /** Whatever came from the node: ARP and IPv4, as hexadecimal text. */
  readonly frames: readonly string[];
  /** Ends the listening. */
  close(): void;
}

export async function addUplink(segment: TestSegment): Promise<Uplink> {
  const { node } = segment;
  const host = await segment.host('uplink');
  node.ip(`link add wan0 type veth peer name eth0 netns ${host.pid}`);
  node.ip('addr add 192.0.2.10/24 dev wan0');
  node.ip('link set wan0 up');
  host.ip('addr add 192.0.2.1/24 dev eth0');
  host.ip('link set eth0 up');
  node.ip('route add default via 192.0.2.1');
  const frames: string[] = [];
  const hardware = node.run('cat', '/sys/class/net/wan0/address').trim();
  const socket = new PacketSocket(host, 'eth0', ETH_P_ALL, (frame) => {
    if (hardwareText(frame, 6) === hardware) frames.push(frame.toString('hex'));
  });
  return { host, frames, close: () => socket.close() };
}
