import { describe, expect, test } from 'vitest';
import { Guest } from '../support/guest.ts';
import { SeededRandom } from '../support/random.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const THIRD = '10.15.3.12';

describe('many guests that boot at once before three gateways', () => {
  test.each(Array.from({ length: 20 }, (_, index) => index))(
    'no address is acknowledged to two of them (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const three = new SharedSegment([FIRST, SECOND, THIRD]);
      const guests = Array.from({ length: 200 }, (_, index) => {
        return new Guest(`52:54:00:00:01:${index.toString(16).padStart(2, '0')}`);
      });
      const owners = new Map<string, string>();
      const doubles: string[] = [];
      const strangers: string[] = [];
      const chosen = new Map<string, string>();
      let waiting = [...guests];

      for (let round = 0; round < 40 && waiting.length > 0; round += 1) {
        for (const guest of waiting) {
          await three.broadcast(guest.discover());
          if (random.chance(50)) await three.clock.pass(random.below(5));
        }
        const offers = new Map<string, string[]>();
        for (const reply of three.replies()) {
          const [server = '', type, address = '', , mac = ''] = reply.split(' ');
          if (type === 'DHCPOFFER') offers.set(mac, [...(offers.get(mac) ?? []), `${server} ${address}`]);
        }
        for (const guest of waiting) {
          const [first, ...more] = offers.get(guest.mac) ?? [];
          if (first === undefined) continue;
          const [server = '', address = ''] = random.pick([first, ...more]).split(' ');
          chosen.set(guest.mac, server);
          await three.broadcast(guest.select(address, server));
          if (random.chance(50)) await three.clock.pass(random.below(5));
        }
        await three.clock.pass(100);
        for (const reply of three.replies()) {
          const [server = '', type, address = '', , mac = ''] = reply.split(' ');
          if (chosen.get(mac) !== server) strangers.push(reply);
          if (type !== 'DHCPACK') continue;
          const owner = owners.get(address);
          if (owner !== undefined && owner !== mac) doubles.push(`${address}: ${owner} and ${mac}`);
          owners.set(address, mac);
          waiting = waiting.filter((guest) => guest.mac !== mac);
        }
      }

      expect(doubles).toEqual([]);
      expect(strangers).toEqual([]);
      expect(owners.size).toBe(200);
    },
    30_000,
  );
});
