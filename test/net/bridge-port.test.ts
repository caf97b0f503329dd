import { describe, expect, test } from 'vitest';
import { bridgePortOf, portToText } from '../../src/net/bridge-port.ts';

const NOTHING = () => false;

function port(name: string, type: string, exists: (name: string) => boolean = NOTHING) {
  return bridgePortOf({ index: 7, name, type }, exists);
}

describe('a port of the bridge', () => {
  test('is told by who is behind it', () => {
    expect(portToText(port('tap104i0', 'tun'))).toBe('VM 104, tap104i0');
    expect(portToText(port('vxlan_vps', 'vxlan'))).toBe('another node, vxlan_vps');
    expect(portToText(port('bond0', 'bond'))).toBe('bond0');
  });

  test.each([
    ['tap104i0', 'tun', 'VM 104, tap104i0'],
    ['tap104i12', 'tun', 'VM 104, tap104i12'],
    ['tap999999999i0', 'tun', 'VM 999999999, tap999999999i0'],
    ['veth105i1', 'veth', 'container 105, veth105i1'],
    ['fwpr106p0', 'veth', 'guest 106, fwpr106p0'],
    ['vnet3', 'tun', 'vnet3'],
  ])('%s (%s) is one guest, and is called "%s"', (name, type, text) => {
    expect(port(name, type).kind).toBe('guest');
    expect(portToText(port(name, type))).toBe(text);
  });

  test.each([
    ['vxlan_vpsnet', 'vxlan', 'tunnel'],
    ['tap104i0', 'vxlan', 'tunnel'],
    ['bond0', 'bond', 'shared'],
    ['eno1', '', 'shared'],
    ['eno1.100', 'vlan', 'shared'],
    ['tap104i0', 'bond', 'shared'],
    ['tap0', 'tun', 'shared'],
    ['tap104', 'tun', 'shared'],
    ['tapi0', 'tun', 'shared'],
    ['tap0104i0', 'tun', 'shared'],
    ['tap104i0x', 'tun', 'shared'],
    ['veth1a2b3c', 'veth', 'shared'],
    ['fwln104i0', 'veth', 'shared'],
    ['ln_vpsnet', 'veth', 'shared'],
    ['vnet3', 'veth', 'shared'],
  ])('%s (%s) is %s: nobody knows how many machines are behind it', (name, type, kind) => {
    expect(port(name, type)).toEqual({ kind, index: 7, name });
  });

  test("behind Proxmox's firewall, what stands in the firewall's own bridge tells a VM from a container", () => {
    const exists = (name: string) => name === 'tap106i0' || name === 'veth107i1';

    expect(portToText(port('fwpr106p0', 'veth', exists))).toBe('VM 106, fwpr106p0');
    expect(portToText(port('fwpr107p1', 'veth', exists))).toBe('container 107, fwpr107p1');
    expect(portToText(port('fwpr106p1', 'veth', exists))).toBe('guest 106, fwpr106p1');
  });
});
