import { expect, test } from 'vitest';
import { claimAll } from '../support/forged-claims.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const GUESTS = 20;
const INVENTED = '10.15.3.11';

describeSystem('beside forged DHCPREQUESTs that claim every address from another gateway', [], () => {
  const segment = useTestSegment();

  test.each([
    { there: 'is not there', milliseconds: 5000 },
    { there: 'answers ARP, as the forger does it', milliseconds: 30_000 },
  ])(
    'which $there: every new guest has a lease in $milliseconds ms, also after a restart, and a known one renews',
    async ({ there, milliseconds }) => {
      const directory = segment().folder();
      const settings = { GATEWAY_DHCP_ARP_PROBE: '300ms' };
      const gateway = await segment().gateway(settings, directory);
      const client = segment().client();
      const known = await client.lease('52:54:00:ff:01:01');
      const attacker = segment().client();
      if (there !== 'is not there') {
        attacker.holds.set(INVENTED, '52:54:77:ff:ff:ff');
        await claimAll(attacker, INVENTED, 1); // The gateway finds what it names by ARP.
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }

      for (const round of [0, 1]) {
        const before = round === 0 ? gateway : await segment().gateway(settings, directory);
        await claimAll(attacker, INVENTED);
        const leases = await Promise.all(
          Array.from({ length: GUESTS }, (_, number) =>
            bootUntilLeased(
              client,
              `52:54:00:ff:1${round}:${number.toString(16).padStart(2, '0')}`,
              milliseconds,
            ),
          ),
        );
        const renewed = await rebind(client, known);
        if (round === 0) await before.end('SIGTERM');

        expect(new Set(leases.map(({ yiaddr }) => yiaddr)).size).toBe(GUESTS);
        expect(renewed.yiaddr).toBe(known.yiaddr);
      }
    },
    120_000,
  );

  test('what was claimed before a restart gives way after it', async () => {
    const directory = segment().folder();
    const settings = { GATEWAY_DHCP_ARP_PROBE: '300ms' };
    const gateway = await segment().gateway(settings, directory);
    const client = segment().client();
    await claimAll(segment().client(), INVENTED);
    await gateway.end('SIGTERM');
    await segment().gateway(settings, directory);

    const lease = await bootUntilLeased(client, '52:54:00:ff:02:01', 5000);

    expect(lease.yiaddr).toMatch(/^10\.15\.3\./);
  });
});
