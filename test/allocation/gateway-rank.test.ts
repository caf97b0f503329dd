import { expect, test } from 'vitest';
import { goesFirst } from '../../src/allocation/gateway-rank.ts';
import { type Ipv4, ipv4 } from '../../src/net/ipv4.ts';
import { at } from '../support/plan.ts';

const GATEWAYS = ['10.15.3.10', '10.15.3.11', '10.15.3.12'].map(at);
const POOL = Array.from({ length: 235 }, (_, index) => ipv4(at('10.15.3.20') + index));

/** The gateways that think that they go first for an address. */
function first(address: Ipv4, gateways: readonly Ipv4[]): readonly Ipv4[] {
  return gateways.filter((self) =>
    goesFirst(
      self,
      address,
      gateways.filter((other) => other !== self),
    ),
  );
}

test('for each address exactly one gateway goes first, and each for about as many', () => {
  const counts = new Map<Ipv4, number>();
  for (const address of POOL) {
    const winners = first(address, GATEWAYS);
    expect(winners).toHaveLength(1);
    for (const winner of winners) counts.set(winner, (counts.get(winner) ?? 0) + 1);
  }

  for (const gateway of GATEWAYS) expect(counts.get(gateway)).toBeGreaterThan(55);
});

test('when a gateway goes, only its addresses go to others', () => {
  for (const address of POOL) {
    const [before] = first(address, GATEWAYS);
    const [after] = first(address, GATEWAYS.slice(0, 2));
    if (before !== GATEWAYS[2]) expect(after).toBe(before);
  }
});
