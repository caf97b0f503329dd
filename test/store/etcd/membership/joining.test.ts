import { describe, expect, test } from 'vitest';
import type { LeaseState } from '../../../../src/lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import type { KeptLease } from '../../../../src/store/mirror.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { MemoryMirror } from '../../../support/memory-mirror.ts';
import { putOlderOffer } from '../../../support/older-offer.ts';
import { at as dotted } from '../../../support/plan.ts';
import { beginSegment, openSharedStore } from '../../../support/shared-store.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const OTHER = dotted('10.15.3.11');

/** A row of a file that a gateway has had alone. */
function row(
  number: number,
  where: Ipv4,
  state: LeaseState = 'bound',
  more: Partial<KeptLease> = {},
): KeptLease {
  return {
    address: where,
    client: client(number),
    hardware: hardware(number),
    granter: UNSPECIFIED,
    state,
    expiresAt: at(state === 'free' ? -10 : 3600),
    updatedAt: at(-10),
    leaseSeconds: 0,
    version: number,
    hostname: undefined,
    node: 'pve1',
    ...more,
  };
}

/** Leases that stand in etcd already, by the gateway at .11; then node 1 joins with its file. */
async function join(standing: readonly Parameters<typeof bind>[1][], ...rows: readonly KeptLease[]) {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const clock = new FakeClock(at(0));
  const there = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
  for (const wish of standing) expect(await bind(there, wish)).toBe('committed');
  const said: string[] = [];
  const mirror = new MemoryMirror(rows);
  const joined = await openSharedStore({ etcd: cluster.connect(), clock, mirror, said });
  return { cluster, clock, there, joined, said, mirror };
}

describe('a node that joins', () => {
  test('brings up its leases, which all gateways have then, with its name and its address', async () => {
    const { there, joined, said, mirror } = await join(
      [],
      row(1, A, 'bound', { hostname: 'web' }),
      row(2, B, 'free'),
    );

    expect(joined.leases.canPromise).toBe(true);
    for (const store of [there, joined]) {
      expect(store.leases.at(A)).toMatchObject({
        client: client(1),
        granter: dotted('10.15.3.10'),
        state: 'bound',
      });
      expect(store.leases.bindingOf(client(2))).toMatchObject({ address: B, state: 'free' });
    }
    expect(said).toEqual(['info the leases of this node are in etcd {"uploaded":2,"kept":0,"conflicts":0}']);
    expect(mirror.position?.generation).toBe('first generation');
    expect(mirror.leases().find((lease) => lease.address === A)).toMatchObject({
      hostname: 'web',
      node: 'pve1',
    });
  });

  test('never writes over a lease that runs, and reports each that it could not bring up', async () => {
    const { there, said } = await join([{ client: 9, address: A }], row(1, A), row(2, B));

    expect(there.leases.at(A)?.client).toBe(client(9));
    expect(there.leases.at(B)?.client).toBe(client(2));
    const warnings = said.filter((line) => line.startsWith('warn'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`"address":"10.15.3.20","client":"${client(1)}"`);
    expect(warnings[0]).toContain('pve2');
  });

  test.each<[string, Parameters<typeof bind>[1]]>([
    ['a lease that has run out', { client: 9, address: A, at: at(-7200), expiresAt: at(-3600) }],
    ['a record that is free', { client: 9, address: A, state: 'free' }],
    [
      'what a peer was heard to grant',
      { client: 9, address: A, state: 'peer', expiresAt: at(9e6), granter: dotted('10.15.3.10') },
    ],
  ])('its own lease goes before %s', async (_, wish) => {
    const { there, said } = await join([wish], row(1, A));

    expect(there.leases.at(A)).toMatchObject({ client: client(1), state: 'bound' });
    expect(there.leases.bindingOf(client(9))).toBeUndefined();
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('what it has only heard keeps others from the address, and yields to the lease itself', async () => {
    const heard = row(1, A, 'peer', { granter: OTHER, expiresAt: at(9e6) });
    const first = await join([], heard);
    const second = await join([{ client: 1, address: A }], heard);

    expect(first.there.leases.at(A)).toMatchObject({ state: 'peer', granter: OTHER });
    expect(second.there.leases.at(A)).toMatchObject({ state: 'bound', granter: OTHER });
    expect(second.said.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('a client that has another lease in etcd keeps that; the address of its old one is given to nobody', async () => {
    const { there, said } = await join([{ client: 1, address: B }], row(1, A));

    expect(there.leases.bindingOf(client(1))?.address).toBe(B);
    expect(there.leases.at(A)?.state).toBe('declined');
    expect(there.leases.at(A)?.expiresAt).toBeGreaterThanOrEqual(at(3600));
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  test('of several addresses that a client had the newest counts', async () => {
    const { there } = await join(
      [],
      row(1, B, 'bound', { version: 9 }),
      row(1, A, 'free', { version: 3 }),
      ...[22, 23, 24, 25, 26, 27, 28].map((last) =>
        row(1, address(`10.15.3.${last}`), 'free', { version: last - 18 === 9 ? 1 : last - 30 }),
      ),
    );

    expect(there.leases.bindingOf(client(1))?.address).toBe(B);
  });

  test('what it has kept and not brought up is no sign of a loss, when an older gateway offers the address to another later', async () => {
    const { cluster, clock, there, joined } = await join(
      [],
      row(1, B, 'bound'),
      row(1, A, 'free', { version: 5000 }),
    );
    putOlderOffer(cluster, { to: 2, of: A, begun: at(0) });
    cluster.loseWatches();

    await clock.pass(2000);
    joined.idle();
    for (let turn = 0; turn < 20; turn += 1) await settle();

    expect(joined.failure).toBeUndefined();
    expect(there.leases.canPromise).toBe(true);
    expect(await bind(there, { client: 2, address: A, at: at(1) })).toBe('committed');
  });

  test('does it once: what happens afterwards is not undone by a restart', async () => {
    const { cluster, there, mirror } = await join([], row(1, A));
    await bind(there, { client: 1, address: A, state: 'free', at: at(5), reason: 'released' });
    await bind(there, { client: 2, address: A, at: at(6) });

    const again = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(at(10)), mirror });

    expect(again.leases.at(A)?.client).toBe(client(2));
  });

  test('many leases go up whole', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => row(index + 1, (A + index) as Ipv4));
    const { there } = await join([{ client: 1000, address: (A + 7) as Ipv4 }], ...rows);

    const holders = rows.map((_, index) => there.leases.at((A + index) as Ipv4)?.client);
    expect(holders).toEqual(rows.map((_, index) => client(index === 7 ? 1000 : index + 1)));
  });
});
