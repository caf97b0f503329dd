import { expect, test } from 'vitest';
import { OCTETS_LIMIT } from '../../src/reporting/decision-lines.ts';
import { WARNING_OCTETS } from '../../src/reporting/decision-log.ts';
import { floodOf } from '../support/flood-of.ts';
import { ip, messageType, type PacketFields, type PacketOption } from '../support/packet.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';
import { untilRead } from '../support/udp-queue.ts';

const GUESTS = 20;
/** Datagrams of the flood of all kinds. */
const FLOOD = 30_000;
/** How much of the log a flood may fill. */
const OCTETS_A_MINUTE = 1_000_000;

describeSystem('beside a flood of DHCPDISCOVERs in forged names', [], () => {
  const segment = useTestSegment();

  test.each([500, 2000])(
    'of %i a second every new guest gets a lease, and a known one renews',
    async (rate) => {
      const gateway = await segment().gateway({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
      const client = segment().client();
      const known = await client.lease('52:54:00:ff:01:01');
      const attacker = segment().client();
      const begin = performance.now();
      const flood = floodOf(attacker, rate);
      const { leases, renewed } = await beside().finally(flood);
      const sent = flood();
      const minutes = (performance.now() - begin) / 60_000;

      expect(new Set(leases.map(({ yiaddr }) => yiaddr)).size).toBe(GUESTS);
      expect(sent).toBeGreaterThan(rate);
      expect(renewed.yiaddr).toBe(known.yiaddr);
      expect(gateway.log.filter((line) => line['level'] === 'error')).toEqual([]);
      expect(octetsOf(gateway.log)).toBeLessThan(OCTETS_A_MINUTE * Math.max(1, minutes));

      async function beside() {
        await new Promise((resolve) => setTimeout(resolve, 1500)); // Until all that may be held is held.
        const boot = (number: number) =>
          bootUntilLeased(client, `52:54:00:ff:02:${number.toString(16).padStart(2, '0')}`, 90_000);
        const leases = await Promise.all(Array.from({ length: GUESTS }, (_, number) => boot(number)));
        return { leases, renewed: await rebind(client, known, 20) };
      }
    },
    150_000,
  );
});

/** Messages that the log may tell of, each from a hardware address and a client identifier of its own. */
function worstForLog(number: number, victim: string): PacketFields {
  const octets = [number >> 16, number >> 8, number].map((octet) => octet & 255);
  const [one = '', two = '', three = ''] = octets.map((octet) => octet.toString(16).padStart(2, '0'));
  const own: PacketFields = { chaddr: `52:54:78:${one}:${two}:${three}` };
  const identifier: PacketOption = [61, ...octets, ...Array<number>(200).fill(255)];
  const server: PacketOption = [54, ...ip('10.15.3.10')];
  const ask = (type: Parameters<typeof messageType>[0], ...more: PacketOption[]) => [
    messageType(type),
    identifier,
    ...more,
  ];
  const kinds: readonly PacketFields[] = [
    { options: ask('DHCPDISCOVER') },
    { options: ask('DHCPDISCOVER', [50, ...ip(victim)]) },
    { options: ask('DHCPREQUEST', [50, ...ip(victim)]) }, // INIT-REBOOT
    { options: ask('DHCPREQUEST', [50, ...ip(victim)], server) }, // SELECTING
    { options: ask('DHCPREQUEST', [50, ...ip('192.0.2.7')]) },
    { options: ask('DHCPREQUEST'), ciaddr: victim }, // RENEWING or REBINDING
    { options: ask('DHCPDECLINE', [50, ...ip(victim)], server) },
    { options: ask('DHCPRELEASE', server), ciaddr: victim },
    { options: ask('DHCPINFORM'), ciaddr: victim },
    { options: ask('DHCPDISCOVER'), giaddr: '192.0.2.1' }, // through a relay that is not listed
    { options: ask('DHCPDISCOVER'), cookie: [1, 2, 3, 4] },
    { options: [[53, 1, 1]] },
  ];
  return { ...own, ...kinds[number % kinds.length] };
}

describeSystem('a flood of all that the log may tell of', [], () => {
  const segment = useTestSegment();

  test('adds to it no more than its burst, and a megabyte a minute', async () => {
    const gateway = await segment().gateway({ GATEWAY_DHCP_LIMIT_PORTS: 'off' });
    const client = segment().client();
    const { yiaddr } = await client.lease('52:54:00:ff:03:01');
    const attacker = segment().client();
    const before = octetsOf(gateway.log);

    const begin = performance.now();
    for (let sent = 0; sent < FLOOD; sent += 1) {
      attacker.send(worstForLog(sent, yiaddr));
      if (sent % 128 === 0) await untilRead(() => gateway.udpTable());
    }
    await bootUntilLeased(client, '52:54:00:ff:03:02', 60_000);
    await gateway.end(); // What was counted last is said before the end.
    const seconds = (performance.now() - begin) / 1000;
    const added = octetsOf(gateway.log) - before;

    const burst = OCTETS_LIMIT.burst + WARNING_OCTETS.burst;
    expect(gateway.words).toEqual([]);
    expect(added).toBeGreaterThan(OCTETS_LIMIT.burst / 2);
    expect(added).toBeLessThan(burst + (OCTETS_A_MINUTE / 60) * seconds);
  }, 120_000);
});

function octetsOf(log: readonly object[]): number {
  return log.reduce((sum, line) => sum + Buffer.byteLength(`${JSON.stringify(line)}\n`), 0);
}
