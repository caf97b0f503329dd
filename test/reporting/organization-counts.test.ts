import { expect, test } from 'vitest';
import type { Decision } from '../../src/engine/decision/decision.ts';
import type { OutsideIds } from '../../src/lease/lease.ts';
import { OrganizationCounter } from '../../src/reporting/organization-counts.ts';
import { address, changeOf } from '../store/changes.ts';
import { memoryStore } from '../support/memory-store.ts';

const A = address('10.15.3.20');

function ids(organization: string): OutsideIds {
  return { organizationId: organization } as OutsideIds;
}

async function counting() {
  const store = memoryStore();
  const counter = new OrganizationCounter(store.leases);
  const decided = async (reason: 'bound' | 'renewed' | 'released', of: OutsideIds | undefined) => {
    const state = reason === 'released' ? 'free' : 'bound';
    const change = changeOf(store.leases, { client: 1, address: A, state, ...(of && { ids: of }) });
    const [outcome] = await store.commit([change]);
    const decision: Decision = { kind: 'silence', reason, change } as Decision;
    counter.decided(undefined, undefined, decision, outcome ?? 'failed');
    return { counter, decision };
  };
  return { counter, decided };
}

test('a lease is counted for the organization of its reservation, and its end too', async () => {
  const { counter, decided } = await counting();

  await decided('bound', ids('acme'));
  await decided('renewed', ids('acme'));
  await decided('released', undefined);
  await decided('bound', {});

  expect(counter.counts).toEqual({
    allocations: 2,
    releases: 1,
    of: { acme: { allocations: 1, releases: 1 } },
  });
});

test('what was not stored is not counted', async () => {
  const { counter, decided } = await counting();
  const { decision } = await decided('renewed', undefined);

  counter.ordered({ ...decision, reason: 'bound' }, 'failed');
  counter.ordered({ ...decision, reason: 'bound' }, 'unknown');

  expect(counter.counts.allocations).toBe(0);
});

test('a thousand organizations are counted one by one, and further ones together', async () => {
  const { counter, decided } = await counting();

  for (let number = 0; number < 1003; number += 1) await decided('bound', ids(`o${number}`));

  const { of, allocations } = counter.counts;
  expect(allocations).toBe(1003);
  expect(Object.keys(of)).toHaveLength(1001);
  expect(of['other']).toEqual({ allocations: 3, releases: 0 });
});
