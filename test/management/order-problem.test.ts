import { describe, expect, it } from 'vitest';
import { orderProblem } from '../../src/management/routes/order-problem.ts';
import { ipv4FromText } from '../../src/net/ipv4.ts';
import type { Figures } from '../../src/server/status/figures.ts';

const ADDRESS = ipv4FromText('10.15.3.72') ?? expect.fail();
const refused = { outcome: 'refused', why: 'granted-by-peer' } as const;

describe('an order about a lease of a gateway that shares none with this one', () => {
  it.each([
    ['10.15.3.11', ['10.15.3.11', '10.15.3.12'], 'the gateway 10.15.3.11'],
    ['10.15.3.13', [], 'the gateway 10.15.3.13'],
    ['pve1', ['10.15.3.11', '10.15.3.12'], 'one of 10.15.3.11, 10.15.3.12'],
    [null, ['10.15.3.12'], 'the gateway 10.15.3.12'],
    [undefined, [], 'another gateway'],
  ])('its row says %j and %j are heard: it is told as far as it is known', (node, peers, granter) => {
    const problem = orderProblem(ADDRESS, refused, { peers } as unknown as Figures, node);

    expect(problem.message).toBe(`${granter} has granted 10.15.3.72 and shares no leases: order this there`);
  });
});
