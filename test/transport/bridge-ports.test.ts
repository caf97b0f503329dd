import { afterAll, beforeAll, expect, it } from 'vitest';
import { inNetworkOf } from '../../src/cli/lab/guests/packet-socket.ts';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import type { BridgePort } from '../../src/net/bridge-port.ts';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type BridgePorts, openBridgePorts } from '../../src/transport/linux/bridge-ports.ts';
import { at } from '../support/plan.ts';
import { describeSystem } from '../support/system.ts';
import { useClosing } from './node.ts';

function card(number: number): HardwareAddress {
  return hardwareFromText(`52:54:00:00:00:${number.toString(16).padStart(2, '0')}`) ?? NO_HARDWARE;
}

const REMOTE_GUEST = card(0x55);

describeSystem('the ports of a bridge', [], () => {
  let node: NamespaceHost;
  const closedAfter = useClosing();

  /** A port, and the card of a guest that the bridge has learnt there. */
  function plug(port: string, bridge: string, guest: HardwareAddress): void {
    node.ip(`link add ${port} type veth peer name peer${guest % 256}`);
    node.ip(`link set ${port} master ${bridge} up`);
    learn(port, guest);
  }

  function learn(port: string, guest: HardwareAddress, ...more: string[]): void {
    const mac = guest.toString(16).replace(/(..)(?=.)/g, '$1:');
    node.run('bridge', 'fdb', 'replace', mac, 'dev', port, 'master', 'static', ...more);
  }

  function open(interfaceName: string): BridgePorts {
    const ports = inNetworkOf(node, () => openBridgePorts(interfaceName));
    if (ports === undefined) throw new Error('no netlink');
    return closedAfter(ports);
  }

  beforeAll(async () => {
    node = await NamespaceHost.open('node');
    node.ip('link add OCvpsnet type bridge stp_state 0 mcast_snooping 0');
    node.ip('link set OCvpsnet up');
    node.ip('tuntap add dev tap104i0 mode tap');
    node.ip('link set tap104i0 master OCvpsnet up');
    plug('veth105i0', 'OCvpsnet', card(5));
    plug('fwpr106p0', 'OCvpsnet', card(6));
    node.ip('tuntap add dev tap106i0 mode tap');
    node.ip('link add vxlan_vps type vxlan id 7 local 192.0.2.10 dstport 4789 nolearning');
    node.ip('link set vxlan_vps master OCvpsnet up');
    learn('vxlan_vps', REMOTE_GUEST);
    node.run(
      ...(['bridge', 'fdb', 'append', '52:54:00:00:00:55', 'dev', 'vxlan_vps'] as const),
      ...['self', 'dst', '192.0.2.11'],
    );
  });
  afterAll(() => node?.close());

  it('are known of each card that the bridge has seen, however many are asked for at once', () => {
    const ports = open('OCvpsnet');
    const strangers = Array.from(
      { length: 300 },
      (_, index) => (card(0) + 0x10000 + index) as HardwareAddress,
    );
    const asked = [...strangers.slice(0, 150), card(5), ...strangers.slice(150), card(6), REMOTE_GUEST];

    const found = ports.portsOf(asked);

    expect(ports.hasBridge).toBe(true);
    expect(found.length).toBe(303);
    expect(found.filter((each) => each !== undefined).map(nameOf)).toEqual([
      'veth105i0: container 105',
      'fwpr106p0: VM 106',
      'vxlan_vps: tunnel',
    ]);
    expect(nameOf(found[150])).toBe('veth105i0: container 105');
  });

  it('name the host at the other end of a tunnel', () => {
    const ports = open('OCvpsnet');
    const [tunnel, own] = ports.portsOf([REMOTE_GUEST, card(5)]);

    const hosts = (tunnel && ports.hostsOf([card(77), REMOTE_GUEST], tunnel)) ?? [];
    expect(hosts).toEqual([undefined, at('192.0.2.11')]);
    expect(own && ports.hostsOf([card(5)], own)).toEqual([undefined]);
    expect(ports.tunnelEnds).toEqual([at('192.0.2.10')]);
  });

  it('follow a guest that is plugged in elsewhere, also at a port that is new', () => {
    const ports = open('OCvpsnet');
    expect(ports.portsOf([card(8)])).toEqual([undefined]);

    plug('veth108i0', 'OCvpsnet', card(8));
    expect(ports.portsOf([card(8)]).map(nameOf)).toEqual(['veth108i0: container 108']);
    learn('tap104i0', card(8));
    expect(ports.portsOf([card(8)]).map(nameOf)).toEqual(['tap104i0: VM 104']);
  });

  it('are found too from a port of the bridge', () => {
    expect(
      open('veth105i0')
        .portsOf([card(6)])
        .map(nameOf),
    ).toEqual(['fwpr106p0: VM 106']);
  });

  it('are nothing where there is no bridge, and come with it', () => {
    node.ip('link add eth7 type veth peer name eth7-peer');
    const ports = open('eth7');
    expect(ports.hasBridge).toBe(false);
    expect(ports.portsOf([card(5)])).toEqual([undefined]);

    node.ip('link set eth7 master OCvpsnet');
    ports.refresh();
    expect(ports.portsOf([card(5)]).map(nameOf)).toEqual(['veth105i0: container 105']);
  });

  it('a bridge that is deleted and made anew is lost, and found by the next refresh', () => {
    node.ip('link add vmbr9 type bridge');
    const ports = open('vmbr9');
    node.ip('link del vmbr9');
    expect(ports.portsOf([card(9)])).toEqual([undefined]);
    expect(ports.hasBridge).toBe(false);

    node.ip('link add vmbr9 type bridge');
    plug('veth109i0', 'vmbr9', card(9));
    ports.refresh();
    expect(ports.portsOf([card(9)]).map(nameOf)).toEqual(['veth109i0: container 109']);
  });
});

function nameOf(port: BridgePort | undefined): string {
  if (port === undefined) return 'unknown';
  if (port.kind !== 'guest') return `${port.name}: ${port.kind}`;
  return `${port.name}: ${port.guest?.kind} ${port.guest?.id}`;
}
