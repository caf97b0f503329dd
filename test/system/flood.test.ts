import { expect, test } from 'vitest';
import { floodOf } from '../support/flood-of.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const GUESTS = 20;
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
          bootUntilLeased(client, `52:54:00:ff:02:${number.toString(16).padStart(2, '0')}`, 60_000);
        const leases = await Promise.all(Array.from({ length: GUESTS }, (_, number) => boot(number)));
        return { leases, renewed: await rebind(client, known, 20) };
      }
    },
    120_000,
  );
});

function octetsOf(log: readonly object[]): number {
  return log.reduce((sum, line) => sum + Buffer.byteLength(`${JSON.stringify(line)}\n`), 0);
}
