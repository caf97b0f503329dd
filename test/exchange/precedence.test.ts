import { describe, expect, test } from 'vitest';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';

const SERVER = '10.15.3.10';

function guest(number: number): Guest {
  const digits = number.toString(16).padStart(4, '0');
  return new Guest(`52:54:00:00:${digits.slice(0, 2)}:${digits.slice(2)}`);
}

describe('of what arrives together', () => {
  test('renewals are decided first, then the other DHCPREQUESTs, then DHCPDISCOVERs; a sender’s stay in their order', async () => {
    const bench = memoryBench();
    await bench.hear(guest(1).discover());
    await bench.hear(guest(1).select('10.15.3.20', SERVER));
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    bench.record.decisions.length = 0;

    const informs = Array.from({ length: 12 }, (_, number) => guest(100 + number).inform('10.15.3.250'));
    await bench.hear(
      guest(2).discover(),
      guest(3).reboot('10.15.3.77'),
      guest(4).discover(),
      guest(1).extend(address),
      ...informs,
      guest(4).reboot('10.15.3.78'),
    );

    const types = bench.record.decisions.map((each) => each.split(' ')[0]);
    expect(types.filter((type) => type !== 'DHCPINFORM')).toEqual([
      'DHCPREQUEST', // Of guest 3.
      'DHCPDISCOVER',
      'DHCPDISCOVER',
      'DHCPREQUEST', // Of guest 4, after its DHCPDISCOVER.
      'DHCPREQUEST', // Of guest 1, which has an address: told after its commit.
    ]);
    expect(types.slice(0, 12).every((type) => type === 'DHCPINFORM')).toBe(true);
  });
});

describe('when more arrives than can be decided', () => {
  /** Rounds of full sockets, a tenth of a second apart: each with DHCPDISCOVERs of ever new clients. */
  async function flood(rounds: number) {
    const bench = memoryBench();
    const known = guest(1);
    await bench.hear(known.discover());
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    await bench.hear(known.select(address, SERVER));
    bench.replies();
    const batch = 512;
    for (let number = 0; number < rounds * batch; number += 1)
      bench.transport.put(guest(1000 + number).discover());
    for (let round = 0; round < rounds - 1; round += 1) {
      bench.exchange.receive();
      await bench.clock.pass(100);
    }
    return { bench, known, address };
  }

  test('DHCPDISCOVERs of unknown clients are dropped first, and counted; renewals and known clients are answered', async () => {
    const { bench, known, address } = await flood(12);
    const dropped = bench.drops('overload');
    bench.transport.put(known.discover());
    bench.transport.put(known.extend(address));
    await bench.hear();

    expect(dropped).toBeGreaterThan(1000);
    const answers = bench.replies().filter((reply) => reply.endsWith(known.mac));
    expect(answers.map((reply) => reply.split(' ')[0]).sort()).toEqual(['DHCPACK', 'DHCPOFFER']);
  });

  test('nothing is dropped in the first half second', async () => {
    const { bench } = await flood(5);

    expect(bench.drops('overload')).toBe(0);
  });
});
