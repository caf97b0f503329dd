import { expect, test } from 'vitest';
import type { OperatorOrder } from '../../src/engine/operator-order.ts';
import type { AskAnswer } from '../../src/management/gateway/gateway-calls.ts';
import { createApp } from '../../src/management/http/app.ts';
import { orderRoutes } from '../../src/management/routes/orders.ts';
import type { RouteParts } from '../../src/management/routes/route-parts.ts';

/** The API of a gateway whose ARP answers so. */
function apiOf(answer: AskAnswer) {
  const orders: OperatorOrder[] = [];
  const parts = {
    gateway: {
      ask: async () => answer,
      order: async (order: OperatorOrder) => {
        orders.push(order);
        return { outcome: 'committed', reason: 'released' };
      },
    },
    asked: { result: async () => ({ figures: { isShared: false } }) },
    options: {},
  } as unknown as RouteParts;
  const app = createApp({
    access: { listen: '127.0.0.1', secrets: [], openReads: true, hosts: [] },
    ...{ operations: orderRoutes(parts), open: [], say: () => {} },
  });
  const post = async (path: string, body: object = {}) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const request = new Request(`http://localhost/api/v1${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    const { signal } = new AbortController();
    return await app.fetch(request, { via: 'unix', remote: '', gone: signal });
  };
  return { orders, post };
}

test('while ARP has no room for a question, an operator is told so, and no lease is ended of a guest that may be alive', async () => {
  const { orders, post } = apiOf({ kind: 'too-many' });
  for (const path of ['/addresses/10.15.3.20/ask', '/leases/10.15.3.20/release']) {
    const refused = await post(path);

    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ type: 'urn:vps-gateway:problem:busy' });
  }
  expect(orders).toEqual([]);
});

test.each([
  ['by force', { kind: 'too-many' }, { force: true }],
  ['where nobody can be asked by ARP at all', { kind: 'no-arp' }, {}],
] as const)('but it is ended %s', async (_title, answer, body) => {
  const { orders, post } = apiOf(answer);

  const ended = await post('/leases/10.15.3.20/release', body);

  expect(await ended.json()).toMatchObject({ reason: 'released', answered_by: null });
  expect(orders).toMatchObject([{ kind: 'release' }]);
});
