import { expect, test } from 'vitest';
import { hostsAtBridge, readProxmox } from '../../src/importing/proxmox.ts';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';

/** As `tail -vn +1 /etc/pve/nodes/*\/*\/*.conf` prints them. */
const STREAM = `==> /etc/pve/nodes/pve1/lxc/105.conf <==
arch: amd64
hostname: db
net0: name=eth0,bridge=vpsnet,firewall=1,hwaddr=BC:24:11:00:00:05,ip=10.15.3.57/24,gw=10.15.3.1,type=veth
net1: name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:00:06,ip=dhcp,type=veth

==> /etc/pve/nodes/pve1/qemu-server/104.conf <==
#net9: virtio=BC:24:11:00:00:99,bridge=vpsnet
boot: order=scsi0;net0
ipconfig1: ip=10.15.3.58/24,gw=10.15.3.1
name: web
net0: virtio=BC:24:11:00:00:01,bridge=vpsnet,firewall=1,tag=7
net1: model=e1000,macaddr=BC:24:11:00:00:02,bridge=vpsnet
net2: virtio=BC:24:11:00:00:03

[before-upgrade]
net3: virtio=BC:24:11:00:00:04,bridge=vpsnet

==> /etc/pve/nodes/pve1/qemu-server/9000.conf <==
name: template
net0: virtio=BC:24:11:00:00:07,bridge=vpsnet
template: 1

==> /etc/pve/nodes/pve1/qemu-server/106.conf <==
net0: virtio=nonsense,bridge=vpsnet
`;
const RESOURCES = JSON.stringify([
  { type: 'node', node: 'pve1', status: 'online' },
  { type: 'qemu', vmid: 104, name: 'listed', node: 'pve1', template: 0 },
  { type: 'lxc', vmid: 107, name: 'lost', node: 'pve2' },
]);

test('each card of a guest is found in its configuration as it is now, with bridge, name and a static address', () => {
  const { cards, faults, templates } = readProxmox([{ name: 'standard input', text: STREAM }]);

  const shown = cards.map(({ id, macs, bridge, hostname, address, file, line }) =>
    [
      ...[id, macs.map(hardwareToText).join(), bridge, hostname ?? '-'],
      ...[address === undefined ? '-' : ipv4ToText(address), `${file.split('/').at(-1)}:${line}`],
    ].join(' '),
  );
  expect(shown).toEqual([
    '105-net0 bc:24:11:00:00:05 vpsnet db 10.15.3.57 105.conf:3',
    '105-net1 bc:24:11:00:00:06 vmbr0 db - 105.conf:4',
    '104-net0 bc:24:11:00:00:01 vpsnet web - 104.conf:5',
    '104-net1 bc:24:11:00:00:02 vpsnet web 10.15.3.58 104.conf:6',
  ]);
  expect(templates).toBe(1);
  expect(faults).toEqual([
    {
      file: '/etc/pve/nodes/pve1/qemu-server/106.conf',
      line: 1,
      what: 'net0 of guest 106 has no MAC: virtio=nonsense,bridge=vpsnet',
    },
  ]);
});

test('a guest is called by its number, and by its card too if it has several at the bridge', () => {
  const { cards } = readProxmox([{ name: '-', text: STREAM }]);

  const hosts = hostsAtBridge(cards.filter(({ bridge }) => bridge === 'vpsnet'));

  expect(hosts.map(({ id, vpsId }) => `${id} ${vpsId}`)).toEqual(['105 105', '104-net0 104', '104-net1 104']);
});

test('what pvesh lists gives names, and says which configurations are missing; it may stand before them in one stream', () => {
  const config = '==> 104.conf <==\nnet0: virtio=BC:24:11:00:00:01,bridge=vpsnet\n';

  const { cards, faults } = readProxmox([{ name: 'standard input', text: `${RESOURCES}\n${config}` }]);

  expect(cards.map(({ hostname }) => hostname)).toEqual(['listed']);
  expect(faults).toEqual([
    {
      file: 'standard input',
      line: 1,
      what: 'guest 107 is listed, and its configuration 107.conf is not among the files',
    },
  ]);
});

test('what is neither is named', () => {
  const { cards, faults } = readProxmox([
    { name: 'notes.txt', text: 'net0: virtio=BC:24:11:00:00:01,bridge=vpsnet\n' },
    { name: 'resources.json', text: '[{"type": "qemu"},\n {"type": ]' },
    { name: 'more.json', text: '[\n{"type": "qemu", "name": "x"}]' },
  ]);

  expect(cards).toEqual([]);
  expect(faults.map(({ file, line, what }) => `${file}:${line} ${what}`)).toEqual([
    'resources.json:2 is no JSON: ] where a value is expected',
    'more.json:2 is a guest without vmid',
    'notes.txt:1 is no configuration of a guest: its name is not like 104.conf',
  ]);
});
