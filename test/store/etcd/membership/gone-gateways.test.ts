import { expect, test } from 'vitest';
import { ipv4ToText } from '../../../../src/net/ipv4.ts';
import { GoneGateways } from '../../../../src/store/etcd/membership/gone-gateways.ts';
import { FakeClock } from '../../../support/clock.ts';

const DAY = 86_400_000;

test('a gateway whose heartbeat has run out is told for a day, and one that is back is not', () => {
  const clock = new FakeClock();
  const gone = new GoneGateways(clock);
  for (const node of ['pve2', 'pve3']) gone.heard(node);
  clock.stall(10_000);
  gone.ended('pve2', '10.15.3.11');
  gone.ended('pve3', '10.15.3.12');
  const nodes = () => gone.problems.map(({ message }) => /gateway (\w+)/.exec(message)?.[1]);

  const both = nodes();
  expect([...gone.addresses].map(ipv4ToText)).toEqual(['10.15.3.11', '10.15.3.12']);
  expect(gone.byNode).toEqual({ pve2: '10.15.3.11', pve3: '10.15.3.12' });
  gone.heard('pve3');
  clock.stall(DAY - 1);
  const dayAfter = nodes();
  clock.stall(2);

  expect([both, dayAfter, nodes()]).toEqual([['pve2', 'pve3'], ['pve2'], []]);
});

test('a gateway that ends its heartbeat as soon as it was heard has left in order', () => {
  const clock = new FakeClock();
  const gone = new GoneGateways(clock);
  gone.heard('pve2');
  clock.stall(3000);

  gone.ended('pve2', '10.15.3.11');

  expect(gone.problems).toEqual([]);
});
