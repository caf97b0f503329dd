import { describe, expect, test } from 'vitest';
import { type DirectoryFacts, directoryLines } from '../../../src/diagnosis/doctor/directory-lines.ts';
import {
  bad,
  type DoctorLine,
  good,
  statusOfLines,
  unknown,
  warning,
} from '../../../src/diagnosis/doctor/doctor-line.ts';
import { gatewayLines } from '../../../src/diagnosis/doctor/gateway-lines.ts';
import { type LinkFacts, linkLines } from '../../../src/diagnosis/doctor/link-lines.ts';
import { type MachineFacts, machineLines } from '../../../src/diagnosis/doctor/machine-lines.ts';
import { portLines } from '../../../src/diagnosis/doctor/port-lines.ts';
import { type SegmentFacts, segmentLines } from '../../../src/diagnosis/doctor/segment-lines.ts';
import { withoutConsequences } from '../../../src/diagnosis/doctor/without-consequences.ts';
import { interfaceDown } from '../../../src/diagnosis/running-problem.ts';

const VNET: LinkFacts = {
  name: 'vnet0',
  isUp: true,
  hasCarrier: true,
  mtu: 1450,
  addresses: ['10.15.3.10/24'],
  vrf: undefined,
  isBridge: true,
  vxlans: [{ name: 'vxlan_vnet0', underlay: 'eno1', underlayMtu: 1500 }],
  filtersVlans: false,
  ownVlan: undefined,
  reversePath: 0,
  callsIptables: undefined,
  dropForwarded: [],
};
const MACHINE: MachineFacts = {
  nodeVersion: '24.1.0',
  koffiFault: undefined,
  sqliteFault: undefined,
  capabilities: (1n << 10n) | (1n << 12n) | (1n << 13n),
  isOfGateway: true,
  isClockSynchronized: true,
  clockSource: 'kvm-clock',
};
const DIRECTORY: DirectoryFacts = {
  directory: '/var/lib/obiente/vps-gateway',
  fault: undefined,
  fileSystem: 'ext4',
  syncMilliseconds: 0.4,
  freeOctets: 2 ** 40,
};
const SEGMENT: SegmentFacts = {
  interfaceName: 'vnet0',
  listenIp: '10.15.3.10',
  router: '10.15.3.1',
  rivals: [],
  isRouter: false,
  routers: ['52:54:00:00:00:01'],
  offerers: [],
  known: [],
  silentBy: undefined,
  isGatewayAddress: (address) => address === '10.15.3.11',
};

/** Those that are not good, as `level check`. */
const found = (lines: readonly DoctorLine[]) =>
  lines.filter(({ level }) => level !== 'good').map(({ level, check }) => `${level} ${check}`);

test('of a node that is as it should be every line is good, and the status is 0', () => {
  const lines = [
    ...linkLines(VNET),
    ...machineLines(MACHINE),
    ...directoryLines(DIRECTORY),
    ...segmentLines(SEGMENT),
    ...portLines([{ address: '10.15.3.10', program: 'node', pid: 7, isGateway: true }]),
    ...gatewayLines([], [], ''),
  ];

  expect(found(lines)).toEqual([]);
  expect(statusOfLines(lines)).toBe(0);
});

describe('the interface', () => {
  test.each<[string, Partial<LinkFacts>, readonly string[]]>([
    ['is down', { isUp: false }, ['bad interface']],
    ['has nothing plugged in', { hasCarrier: false }, ['warning interface']],
    ['has no address', { addresses: [] }, ['bad addresses']],
    ['has packets that its tunnel has no room for', { mtu: 1500 }, ['warning mtu']],
    [
      'has a tunnel over an interface of unknown MTU',
      { vxlans: [{ name: 'v', underlay: undefined, underlayMtu: undefined }] },
      ['unknown mtu'],
    ],
    ['could not be looked at below', { vxlans: undefined }, ['unknown mtu']],
    ['filters VLANs and is in none itself', { filtersVlans: true, ownVlan: 0 }, ['bad vlan']],
    ['filters VLANs and is in one', { filtersVlans: true, ownVlan: 1 }, []],
    [
      'filters VLANs, and no program tells which',
      { filtersVlans: true, ownVlan: undefined },
      ['unknown vlan'],
    ],
    ['is in a VRF', { vrf: 'vrf-guests' }, []],
    ['has its forwarded frames pass rules that drop no DHCP', { callsIptables: true }, ['note bridge-nf']],
    [
      'has its forwarded frames pass rules that could not be read',
      { callsIptables: true, dropForwarded: undefined },
      ['unknown bridge-nf'],
    ],
    [
      'has its forwarded frames dropped',
      { callsIptables: true, dropForwarded: [{ text: 'a rule', letIn: 'a command' }] },
      ['warning bridge-nf'],
    ],
    ['has an unknown rp_filter', { reversePath: undefined }, ['unknown rp-filter']],
  ])('%s', (_, facts, lines) => {
    expect(found(linkLines({ ...VNET, ...facts }))).toEqual(lines);
  });

  test('whose packets are too large is told the MTU that fits, for the zone and for the guests', () => {
    const line = linkLines({ ...VNET, mtu: 1500 }).find(({ check }) => check === 'mtu');

    expect(line?.command).toContain('GATEWAY_DHCP_MTU=1450');
  });
});

describe('the machine', () => {
  test.each<[string, Partial<MachineFacts>, readonly string[]]>([
    ['has no koffi for this Node.js', { koffiFault: 'no binary' }, ['warning koffi']],
    ['has no SQLite for this Node.js', { sqliteFault: 'wrong version' }, ['bad sqlite']],
    [
      'gives the gateway no right to port 67',
      { capabilities: (1n << 12n) | (1n << 13n) },
      ['bad capabilities'],
    ],
    ['gives it no raw sockets', { capabilities: (1n << 10n) | (1n << 12n) }, ['warning capabilities']],
    [
      'runs no gateway whose rights could be read',
      { capabilities: 0n, isOfGateway: false },
      ['unknown capabilities', 'unknown capabilities', 'unknown capabilities'],
    ],
    ['has a clock that nobody sets', { isClockSynchronized: false }, ['warning clock']],
    ['does not tell of its clock', { isClockSynchronized: undefined }, ['unknown clock']],
    ['counts time by jiffies', { clockSource: 'jiffies' }, ['warning clock']],
  ])('%s', (_, facts, lines) => {
    expect(found(machineLines({ ...MACHINE, ...facts }))).toEqual(lines);
  });
});

describe('the leases directory', () => {
  test.each<[string, Partial<DirectoryFacts>, readonly string[]]>([
    ['cannot be used', { fault: 'read-only' }, ['bad leases-directory']],
    ['is in memory', { fileSystem: 'tmpfs' }, ['warning leases-directory']],
    ['has little room', { freeOctets: 1e6 }, ['warning disk-space']],
    ['is on a slow disk', { syncMilliseconds: 12 }, ['warning sync']],
    ['is on a very slow disk', { syncMilliseconds: 120 }, ['warning sync']],
    ['could not be measured', { syncMilliseconds: undefined }, []],
  ])('%s', (_, facts, lines) => {
    expect(found(directoryLines({ ...DIRECTORY, ...facts }))).toEqual(lines);
  });
});

describe('the segment', () => {
  const offerer = {
    server: '10.15.3.11',
    mac: '52:54:00:00:00:11',
    offered: '10.15.3.30',
    router: '10.15.3.1',
  };

  test.each<[string, Partial<SegmentFacts>, readonly string[]]>([
    ['has another machine with the listen IP', { rivals: ['52:54:00:00:00:02'] }, ['bad listen-ip']],
    ['has no router', { routers: [] }, ['warning router']],
    ['has its router on this very interface, as in an EVPN zone', { routers: [], isRouter: true }, []],
    ['has two routers', { routers: ['a', 'b'] }, ['warning router']],
    ['has another gateway', { offerers: [offerer] }, []],
    [
      'has a server that is no gateway',
      { offerers: [{ ...offerer, server: '10.15.3.77' }] },
      ['bad other-servers'],
    ],
    [
      'has a server that names another router',
      { offerers: [{ ...offerer, router: '10.15.3.11' }] },
      ['bad other-servers'],
    ],
  ])('%s', (_, facts, lines) => {
    expect(found(segmentLines({ ...SEGMENT, ...facts }))).toEqual(lines);
  });

  const known = [
    { address: '10.15.3.11', state: 'there' },
    { address: '10.15.3.12', state: 'stopped' },
  ];

  test('has a known gateway that did not answer: it is named, with what may be the cause', () => {
    const lines = segmentLines({ ...SEGMENT, known, offerers: [offerer] });

    expect(lines.filter(({ check }) => check === 'other-gateways')).toEqual([
      {
        check: 'other-gateways',
        level: 'warning',
        message:
          'the gateway 10.15.3.12 is known, and did not answer a DHCPDISCOVER; only its machine answers ARP, as if its process had ended',
        why: 'its gateway has ended, or has no address left for a new guest, or broadcasts do not reach it',
        command: 'systemctl status vps-gateway; vps-gateway doctor   # on the node of 10.15.3.12',
      },
    ]);
  });

  test('has no known gateway that answered: this node may be the one that is cut off', () => {
    const lines = segmentLines({ ...SEGMENT, known });

    expect(found(lines)).toEqual(['warning other-gateways', 'warning other-gateways']);
    for (const { check, why } of lines)
      if (check === 'other-gateways') expect(why).toMatch(/this node is cut off from the others$/);
  });

  test('has known gateways that need not answer a stranger: that is unknown, and why', () => {
    const silentBy = 'GATEWAY_DHCP_KNOWN_CLIENTS_ONLY says who gets an answer';

    expect(found(segmentLines({ ...SEGMENT, known, silentBy, offerers: [offerer] }))).toEqual([
      'unknown other-gateways',
    ]);
  });

  test('that may not be asked is unknown, never good', () => {
    expect(found(segmentLines('no-right'))).toEqual([
      'unknown listen-ip',
      'unknown router',
      'unknown other-servers',
    ]);
  });
});

test('a server that has the port is named with what stops it; one of another user is unknown', () => {
  const holder = { address: '0.0.0.0', program: 'dnsmasq', pid: 12, isGateway: false };

  expect(portLines([holder])).toMatchObject([{ level: 'bad', command: 'systemctl disable --now dnsmasq' }]);
  expect(found(portLines([{ ...holder, program: undefined, pid: undefined }]))).toEqual(['unknown port-67']);
  expect(found(portLines([]))).toEqual([]);
});

test('the problems of the running gateway are lines; without one that answers it is unknown', () => {
  expect(gatewayLines([interfaceDown('vnet0')], [], '')).toMatchObject([
    { check: 'gateway-interface-down', level: 'bad', command: 'ip link set vnet0 up' },
  ]);
  expect(found(gatewayLines(undefined, [], 'no process'))).toEqual(['unknown gateway']);
});

test('the gateway says a note: nothing is wrong, and the note says what there is to do', () => {
  const note = { name: 'peers', message: 'm', remedy: 'r', stopsNewGuests: false, isNote: true } as const;
  const lines = gatewayLines([note], [], '');

  expect(lines).toMatchObject([
    { check: 'gateway', level: 'good' },
    { check: 'gateway-peers', level: 'note', message: 'm', command: 'r' },
  ]);
  expect(statusOfLines(lines)).toBe(0);
});

test('what a running gateway cannot do for want of a capability has one line, that of the capability', () => {
  const capabilities = machineLines({ ...MACHINE, capabilities: (1n << 10n) | (1n << 12n) });
  const shortcomings = ['frames may not be sent without the capability NET_RAW: broadcast', 'no koffi'];

  expect(found(withoutConsequences([...capabilities, ...gatewayLines([], shortcomings, '')]))).toEqual([
    'warning capabilities',
    'warning gateway-shortcoming',
  ]);
});

test('the status is 2 where something is bad, 1 for a warning, and 0 for what is unknown', () => {
  const line = { check: 'x', message: 'y' };

  expect(
    statusOfLines([
      { ...line, level: 'warning' },
      { ...line, level: 'bad' },
    ]),
  ).toBe(2);
  expect(
    statusOfLines([
      { ...line, level: 'unknown' },
      { ...line, level: 'warning' },
    ]),
  ).toBe(1);
  expect(statusOfLines([{ ...line, level: 'unknown' }])).toBe(0);
});

describe('a gateway that receives nothing', () => {
  const dropped = bad('firewall', 'a rule drops what guests send', 'no guest gets an address', 'nft ...');
  const clear = good('firewall', 'no rule drops what guests send');
  const unheard = bad('gateway-unheard', 'broadcasts come, and none reaches the gateway', 'why', 'what');
  const other = bad('gateway-clock', 'the clock is in doubt', 'why', 'what');

  test('has one line where the firewall drops what guests send, with what the gateway says as a reason', () => {
    const lines = withoutConsequences([dropped, unheard, other]);

    expect(found(lines)).toEqual(['bad firewall', 'bad gateway-clock']);
    expect(lines[0]).toEqual({
      ...dropped,
      why: 'no guest gets an address; the running gateway receives nothing of what comes to the interface',
    });
    expect(lines[1]).toEqual(other);
  });

  test('says so itself where the rules of the firewall are no cause, or could not be read', () => {
    const unread = unknown('firewall', 'the rules could not be read', 'as root');

    expect(withoutConsequences([clear, unheard])).toEqual([clear, unheard]);
    expect(withoutConsequences([unread, unheard])).toEqual([unread, unheard]);
  });

  test('and that it misses a gateway is not said again beside one that did not answer a DHCPDISCOVER', () => {
    const gone = warning(
      'gateway-gateway-gone',
      'the gateway 10.15.3.12 was heard last',
      'it says so',
      'look',
    );
    const silent = warning('other-gateways', 'the gateway 10.15.3.12 did not answer', 'it has ended', 'look');

    expect(withoutConsequences([silent, gone])).toEqual([
      {
        ...silent,
        why: 'it has ended; the running gateway misses one too: vps-gateway health names it, and says since when',
      },
    ]);
    expect(withoutConsequences([gone])).toEqual([gone]);
  });

  test('and is not said to receive nothing where it does receive', () => {
    expect(withoutConsequences([dropped, other])).toEqual([dropped, other]);
  });
});
