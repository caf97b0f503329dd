import { afterAll, beforeAll, expect } from 'vitest';
import { DEVICE, LabSegment } from '../../src/cli/lab/segment.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { CLIENTS, type GuestKind } from '../support/guest-kind.ts';
import { Guests } from '../support/guests.ts';
import type { ToldLease } from '../support/lease-client.ts';
import { type HeldAddress, isDiscover, RealGuest } from '../support/real-guest.ts';
import { Seen, testEach } from '../support/seen.ts';
import { describeSystem, TestSegment } from '../support/system.ts';

const SETTINGS = { GATEWAY_DHCP_ARP_PROBE: '300ms', GATEWAY_DHCP_LEASE_TIME: '8s' };
const POOL = /^10\.15\.3\.(2\d|[3-9]\d|1\d\d|2[0-4]\d|25[0-4])\/24$/;

/** Long enough for dhclient, which asks every two seconds, to ask once at the least between T2 and the lease's end. */
const REBINDABLE = { ...SETTINGS, GATEWAY_DHCP_LEASE_TIME: '16s', GATEWAY_PEERS: 'off' };

/** dhcpcd is not here: it keeps an address for twenty seconds, however short its lease. */
const LETTING_GO = CLIENTS.filter(({ name }) => name !== 'dhcpcd');

/** Guests whose settings add an option 50 to each message, also where the message has one already. */
const INSISTENT: readonly GuestKind[] = [
  { name: 'systemd-networkd', software: 'systemd-networkd', words: [sendOption('10.15.3.150')] },
  { name: 'another-systemd-networkd', software: 'systemd-networkd', words: [sendOption('10.15.3.150')] },
  { name: 'udhcpc', software: 'udhcpc', words: ['-x', '0x32:0a0f0397'] },
  { name: 'another-udhcpc', software: 'udhcpc', words: ['-x', '0x32:0a0f0397'] },
  { name: 'udhcpc-r', software: 'udhcpc', words: ['-r', '10.15.3.152', '-x', '0x32:0a0f0399'] },
];

/** Copies of one machine: all show the same identifier, and no two have the same card. */
const COPIES: readonly GuestKind[] = [1, 2, 3].map((copy) => ({
  name: `copy-${copy}`,
  software: 'systemd-networkd',
  words: duid(9, 'duid-only'),
}));

/** What one machine boots, one after the other: each shows an identifier of its own, and the first shows none. */
const BOOTS: readonly GuestKind[] = [
  { name: 'its boot loader', software: 'udhcpc', words: ['-C'] },
  { name: 'its installer', software: 'systemd-networkd', words: duid(1) },
  { name: 'its initial file system', software: 'systemd-networkd', words: duid(2) },
  { name: 'its system', software: 'NetworkManager' },
  { name: 'its rescue system', software: 'dhclient', words: ['-i'] },
];

interface Returned {
  readonly address: string;
  /** How many of its DHCPDISCOVERs the gateway heard. */
  readonly questions: number;
}

interface Extended {
  readonly first: Seen<HeldAddress>;
  readonly byUnicast: Seen<HeldAddress>;
  readonly byBroadcast: Seen<HeldAddress>;
}

describeSystem('real clients in situations that other servers have failed in', [], () => {
  const segments: (TestSegment | LabSegment)[] = [];
  let returned: Seen<Returned>;
  let secondBridge: Extended;
  let kept: Seen<string>;
  let endless: Seen<ToldLease>;
  let boots: Seen<string>;

  // Each situation on a segment of its own, all at the same time.
  beforeAll(async () => {
    const open = async () => {
      const segment = await TestSegment.open();
      segments.push(segment);
      return segment;
    };
    const other = await LabSegment.open();
    segments.push(other);
    [returned, secondBridge, kept, endless, boots] = await Promise.all([
      open().then(leaseEndsWhileNobodyAnswers),
      open().then((segment) => onTheSecondBridge(segment, other)),
      open().then((segment) => leasedAndRenewed(segment, [...INSISTENT, ...COPIES])),
      open().then(leasedWithoutEnd),
      open().then(bootedInTurn),
    ]);
  }, 120_000);

  afterAll(async () => {
    for (const segment of segments) {
      if (segment instanceof TestSegment) await segment.endAll();
      await segment.close();
    }
  });

  testEach(
    LETTING_GO,
    '%s gets an address at once when its lease ended while no gateway was there',
    (who) => {
      const { address, questions } = returned.by(who);

      expect(address).toMatch(POOL);
      expect(questions).toBeLessThanOrEqual(1);
    },
  );

  testEach(
    CLIENTS,
    'RFC 2131 §4.4.5: %s renews by unicast on the second bridge of one subnet, silent to ARP',
    (who) => {
      const first = secondBridge.first.by(who);
      const extended = secondBridge.byUnicast.by(who);

      expect(extended.address).toBe(first.address);
      expect(extended.endsAt - first.endsAt, 'at T1 and not at T2').toBeLessThan(11_000);
    },
  );

  testEach(
    CLIENTS,
    'RFC 2131 §4.4.5: %s rebinds by broadcast on the second bridge of one subnet, silent to ARP',
    (who) => {
      const { first, byBroadcast } = secondBridge;

      expect(byBroadcast.by(who).address).toBe(first.by(who).address);
    },
  );

  testEach(INSISTENT, '%s that sends option 50 twice gets a lease and keeps it', (who) => {
    expect(kept.by(who)).toMatch(POOL);
  });

  testEach(CLIENTS, 'RFC 2131 §3.3: %s takes a lease that never ends', (who) => {
    expect(endless.by(who)).toMatchObject({ leaseSeconds: '4294967295', router: '10.15.3.1' });
  });

  testEach(COPIES, '%s of a machine has an address of its own and keeps it', (who) => {
    const others = COPIES.filter(({ name }) => name !== who).map(({ name }) => kept.by(name));

    expect(kept.by(who)).toMatch(POOL);
    expect(others).not.toContain(kept.by(who));
  });

  testEach(BOOTS, 'a machine has one address, whatever identifiers it shows: %s', (who) => {
    expect(boots.by(who)).toBe(boots.by('its boot loader'));
  });
});

/** The kernel of the node has forgotten the guests' hardware addresses, as after a restart of the node. */
async function leaseEndsWhileNobodyAnswers(test: TestSegment): Promise<Seen<Returned>> {
  const folder = test.folder();
  const before = await test.gateway(SETTINGS, folder);
  const guests = await Guests.boot(LETTING_GO, test.segment, () => test.folder());
  await guests.each((guest) => guest.untilLeased());
  await before.end();
  await guests.each((guest) => guest.untilBare());
  test.node.ip('neigh flush all');

  const back = Date.now();
  const gateway = await test.gateway(SETTINGS, folder);
  return guests.each(async (guest) => {
    guest.renew();
    const { address } = await guest.untilLeased();
    const logged = await guest.untilLogged(gateway, back);
    return { address, questions: logged.filter(isDiscover).length };
  });
}

/**
 * Two gateways of one node, each with a bridge of its own; the subnet is the same. The guests are on the second: their
 * addresses are routed to the first, and no answer to ARP says otherwise.
 */
async function onTheSecondBridge(test: TestSegment, second: LabSegment): Promise<Extended> {
  second.router.ip(`link add port type veth peer name eth1 netns ${test.node.pid}`);
  second.router.ip('link set port master br0 up');
  test.node.ip('addr add 10.15.3.11/24 dev eth1');
  test.node.ip('link set eth1 up');
  await test.gateway({ ...REBINDABLE, GATEWAY_DHCP_INTERFACE: DEVICE });
  const settings = {
    ...REBINDABLE,
    GATEWAY_DHCP_INTERFACE: 'eth1',
    GATEWAY_DHCP_LISTEN_IP: '10.15.3.11',
  };
  const options = { directory: test.folder(), settings };
  const gateway = await GatewayProcess.start(test.node, options, '10.15.3.11');
  const guests = await Guests.boot(CLIENTS, second, () => test.folder());

  const first = await guests.each((guest) => guest.untilLeased());
  await guests.each(async (guest) => {
    guest.host.run('sh', '-c', 'echo 8 > /proc/sys/net/ipv4/conf/all/arp_ignore');
  });
  test.node.ip('neigh flush all');
  const byUnicast = await guests.each((guest) => guest.untilExtended(gateway));
  const byBroadcast = await guests.each(async (guest) => {
    loseUnicasts(guest, '10.15.3.11');
    return guest.untilExtended(gateway);
  });
  return { first, byUnicast, byBroadcast };
}

/** What a guest sends to the server's address goes to nobody; for udhcpc, which tries it for a minute, it fails. */
function loseUnicasts(guest: RealGuest, server: string): void {
  if (guest.name === 'udhcpc') guest.host.ip(`route add unreachable ${server}/32`);
  else guest.host.ip(`neigh replace ${server} lladdr 02:00:00:00:00:01 nud permanent dev ${DEVICE}`);
}

/** The address that each guest of these kinds has been leased, and has kept over a renewal. */
async function leasedAndRenewed(test: TestSegment, kinds: readonly GuestKind[]): Promise<Seen<string>> {
  const gateway = await test.gateway(SETTINGS);
  const guests = await Guests.boot(kinds, test.segment, () => test.folder());
  return guests.each(async (guest) => {
    const first = await guest.untilLeased();
    const extended = await guest.untilExtended(gateway);
    expect(extended.address).toBe(first.address);
    return first.address;
  });
}

async function leasedWithoutEnd(test: TestSegment): Promise<Seen<ToldLease>> {
  await test.gateway({ GATEWAY_DHCP_LEASE_TIME: 'infinite' });
  const guests = await Guests.boot(CLIENTS, test.segment, () => test.folder());
  return guests.each(async (guest) => {
    await guest.untilLeased();
    return guest.untilTold();
  });
}

async function bootedInTurn(test: TestSegment): Promise<Seen<string>> {
  await test.gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
  const machine = await RealGuest.plug(test.segment, 'machine', test.folder());
  let last: Promise<unknown> = Promise.resolve();
  return Seen.together(BOOTS, (kind) => {
    const address = last.catch(() => undefined).then(() => leasedOnce(machine, kind));
    last = address;
    return address;
  });
}

/** The address that a machine is leased with this software. Its power is cut then, and nothing is released. */
async function leasedOnce(machine: RealGuest, { software, words = [] }: GuestKind): Promise<string> {
  await machine.boot(software, ...words);
  try {
    const { address } = await machine.untilLeased();
    return address;
  } finally {
    await machine.powerOff();
  }
}

function sendOption(address: string): string {
  return `SendOption=50:ipv4address:${address}`;
}

/** @param identifier duid: with a number of the interface, which is its card's */
function duid(number: number, identifier = 'duid'): string[] {
  return [
    `ClientIdentifier=${identifier}`,
    'DUIDType=vendor',
    `DUIDRawData=00:00:ab:11:00:00:00:00:00:00:00:0${number}`,
  ];
}
