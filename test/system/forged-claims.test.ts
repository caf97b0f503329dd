import { expect, test } from 'vitest';
import { ip, messageType } from '../support/packet.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import type { RawClient } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const [FIRST, LAST] = [20, 254];
const GUESTS = 20;
const INVENTED = '10.15.3.11';
/** Milliseconds from one forged message to the next: all of them take half a second. */
const APART = 2;

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
        await claim(attacker, 1); // The gateway finds what it names by ARP.
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }

      for (const round of [0, 1]) {
        const before = round === 0 ? gateway : await segment().gateway(settings, directory);
        await claim(attacker);
        const leases = await Promise.all(
          Array.from({ length: GUESTS }, (_, number) =>
            bootUntilLeased(client, `52:54:00:ff:1${round}:${digits(number)}`, milliseconds),
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
    await claim(segment().client());
    await gateway.end('SIGTERM');
    await segment().gateway(settings, directory);

    const lease = await bootUntilLeased(client, '52:54:00:ff:02:01', 5000);

    expect(lease.yiaddr).toMatch(/^10\.15\.3\./);
  });
});

/** One message for each address, each in a name of its own. */
async function claim(attacker: RawClient, count = LAST - FIRST + 1): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    attacker.send({
      chaddr: `52:54:77:00:00:${digits(number)}`,
      options: [messageType('DHCPREQUEST'), [50, ...ip(`10.15.3.${FIRST + number}`)], [54, ...ip(INVENTED)]],
    });
    await new Promise((resolve) => setTimeout(resolve, APART));
  }
}

function digits(number: number): string {
  return number.toString(16).padStart(2, '0');
}
