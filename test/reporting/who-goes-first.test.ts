import { expect, test } from 'vitest';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { nodeThatGoesFirst } from '../../src/reporting/who-goes-first.ts';
import { address } from '../store/changes.ts';

const POOL = { first: address('10.15.3.20'), last: address('10.15.3.254'), excluded: new Set<never>() };
const GATEWAYS = { n1: '10.15.3.10', n2: '10.15.3.11', n3: '10.15.3.12' };
const clients = Array.from({ length: 300 }, (_, number) => `01525400${number}` as ClientKey);

test('every gateway names the same one as first for a client, and each is first for its share', () => {
  const sharing = { node: 'n1', gateways: GATEWAYS, pools: [POOL] };
  const counts = new Map<string, number>();

  for (const client of clients) {
    const names = Object.keys(GATEWAYS).map((node) => nodeThatGoesFirst(client, { ...sharing, node }));
    expect(new Set(names).size).toBe(1);
    counts.set(names[0] ?? '', (counts.get(names[0] ?? '') ?? 0) + 1);
  }

  expect([...counts.keys()].sort()).toEqual(['n1', 'n2', 'n3']);
  for (const count of counts.values()) expect(count).toBeGreaterThan(50);
});

test('where the own address is not known, nobody is named', () => {
  const [client] = clients;

  expect(
    nodeThatGoesFirst(client as ClientKey, { node: 'n9', gateways: GATEWAYS, pools: [POOL] }),
  ).toBeUndefined();
});
