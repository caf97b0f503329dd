import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { bootUntilLeased, rebind } from '../support/patient-guest.ts';
import type { Lie, RawClient } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const GUESTS = 20;
const KNOWN = 5;
const POOL = Array.from({ length: 64 }, (_, index) => `10.15.3.${20 + index}`);
const SETTINGS = {
  GATEWAY_DHCP_ARP_PROBE: '300ms',
  GATEWAY_DHCP_POOL_START: '10.15.3.20',
  GATEWAY_DHCP_POOL_END: '10.15.3.83',
};
const LIAR = '52:54:00:ee:00:01';

const byte = (number: number) => (number & 255).toString(16).padStart(2, '0');
const fresh = (group: string, number: number) =>
  `52:54:${group}:${byte(number >> 16)}:${byte(number >> 8)}:${byte(number)}`;
const guestMac = (number: number) => `52:54:00:ab:00:${byte(number)}`;

/** What a hostile guest answers for each address that the gateway asks for. */
const LIARS: Readonly<Record<string, () => (target: string) => Lie>> = {
  'one MAC for every address': () => () => ({ holder: LIAR, source: LIAR }),
  'a fresh MAC each time, in frames of one': () => {
    let count = 0;
    return () => {
      count += 1;
      return { holder: fresh('e1', count), source: LIAR };
    };
  },
  'a fresh MAC each time, in frames of its own': () => {
    let count = 0;
    return () => {
      count += 1;
      return { holder: fresh('e2', count), source: fresh('e2', count) };
    };
  },
  'a MAC of its own for every address': () => (target) => {
    const mac = fresh('e3', Number(target.split('.')[3]));
    return { holder: mac, source: mac };
  },
};

describeSystem('beside a machine that answers ARP for every address', [], () => {
  const segment = useTestSegment();

  async function asked(client: RawClient): Promise<void> {
    const isQuiet = (address: string) => client.asked.filter((each) => each === address).length >= 2;
    const isHeld = (address: string) => client.holds.has(address);
    await eventually('all addresses were asked for twice', () =>
      POOL.every((address) => isHeld(address) || isQuiet(address)),
    );
    await new Promise((resolve) => setTimeout(resolve, 600)); // The answers to the second question count so long.
  }

  async function bootGuests(client: RawClient): Promise<string[]> {
    const boots = Array.from({ length: GUESTS }, (_, number) =>
      bootUntilLeased(client, guestMac(number), 30_000),
    );
    return (await Promise.all(boots)).map(({ yiaddr }) => yiaddr);
  }

  describe.each(Object.keys(LIARS))('%s', (name) => {
    test('every new guest gets a lease within 30 s, the known ones renew and boot with theirs, and little is quarantined', async () => {
      const gateway = await segment().gateway(SETTINGS);
      const client = segment().client();
      const known = [];
      for (let number = 0; number < KNOWN; number += 1)
        known.push(await client.lease(guestMac(100 + number)));
      await asked(client);
      const attacker = segment().client();
      attacker.lies = LIARS[name]?.() ?? (() => ({ holder: LIAR, source: LIAR }));

      const addresses = await bootGuests(client);
      const kept: string[] = [];
      for (const lease of known) {
        kept.push((await rebind(client, lease)).yiaddr);
        kept.push((await client.reboot(lease.chaddr, lease.yiaddr)).yiaddr);
      }

      expect(new Set(addresses).size).toBe(GUESTS);
      expect(kept).toEqual(known.flatMap(({ yiaddr }) => [yiaddr, yiaddr]));
      const quarantined = gateway.log.filter(({ reason }) => reason === 'address-in-use');
      expect(new Set(quarantined.map(({ address }) => address)).size).toBeLessThanOrEqual(8);
      const said = gateway.log.filter(({ msg }) => msg === 'ARP answers are not believed');
      expect(said.length).toBeGreaterThan(0);
      expect(said.length).toBeLessThanOrEqual(6);
      expect(gateway.log.filter((line) => line['level'] === 'error')).toEqual([]);
    }, 120_000);
  });

  test.each(['one MAC for every address', 'a fresh MAC each time, in frames of its own'])(
    '%s: also when it did so before the gateway started',
    async (name) => {
      const attacker = segment().client();
      attacker.lies = LIARS[name]?.() ?? (() => undefined);
      await segment().gateway(SETTINGS);

      const addresses = await bootGuests(segment().client());

      expect(new Set(addresses).size).toBe(GUESTS);
    },
    120_000,
  );
});
