import { describe, expect, test } from 'vitest';
import { Peers } from '../../src/detection/peers.ts';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { NEVER } from '../../src/lease/lease.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { client, hardware } from '../store/changes.ts';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const A = new Guest('52:54:00:00:00:01');
const B = new Guest('52:54:00:00:00:02');
const DAY = 86_400_000;
/** Both guests can only get this one. */
const ONE = { subnet: segment({ pools: [range('10.15.3.20', '10.15.3.20')] }) };

/** All that is asked by ARP is answered by whoever has the address. */
async function passWith(
  both: SharedSegment,
  holders: Record<string, string>,
  milliseconds: number,
): Promise<void> {
  for (let step = 0; step < 4; step += 1) {
    for (const { bench } of both.nodes)
      for (const question of bench.questions.splice(0)) question.answer(holders[question.address]);
    await both.clock.pass(milliseconds / 4);
  }
}

describe('two gateways that share a pool and nothing else', () => {
  test('a guest that both have acknowledged gets nothing that the other gateway was heard giving away', async () => {
    const both = new SharedSegment([FIRST, SECOND], { ...ONE, probeMilliseconds: 100 });
    both.introduce();
    await both.broadcast(A.discover());
    await passWith(both, {}, 1000);
    await both.broadcast(A.select('10.15.3.20', SECOND));
    await passWith(both, {}, 1000);
    await both.broadcast(A.reboot('10.15.3.20')); // Both answer; the guest takes the second gateway's, which was first.
    await passWith(both, { '10.15.3.20': A.mac }, 1000);
    await both.node(SECOND).bench.hearUnicast(A.release('10.15.3.20', SECOND), '10.15.3.20');
    await both.broadcast(B.discover());
    await passWith(both, {}, 1000);
    await both.broadcast(B.select('10.15.3.20', SECOND));
    await passWith(both, {}, 1000);
    expect(both.replies().at(-1)).toBe(`${SECOND} DHCPACK 10.15.3.20 to ${B.mac}`);

    await both.broadcast(A.discover());
    await passWith(both, { '10.15.3.20': B.mac }, 1000);
    await both.broadcast(A.select('10.15.3.20', FIRST));
    await passWith(both, { '10.15.3.20': B.mac }, 1000);

    expect(both.replies().filter((reply) => reply.includes('DHCPACK'))).toEqual([]);
  });

  test('a lease of its own that has run out is found behind however many of another gateway', async () => {
    const plan = { subnet: segment({ pools: [range('10.15.4.0', '10.15.5.44')] }) };
    const both = new SharedSegment([FIRST, SECOND], plan);
    both.introduce();
    const { store } = both.node(FIRST).bench;
    for (let number = 0; number < 301; number += 1) {
      const address = (at('10.15.4.0') + number) as Ipv4;
      const next = { client: client(100 + number), hardware: hardware(100 + number), state: 'peer' } as const;
      const granter = number < 300 ? { granter: at(SECOND) } : {};
      const write = {
        address,
        expectedVersion: 0,
        next: { ...next, ...granter, expiresAt: Number.MAX_SAFE_INTEGER as never },
      };
      const change = {
        kind: 'binding',
        client: next.client,
        expectedBindingVersion: 0,
        at: both.clock.now(),
      } as const;
      await store.commit([{ ...change, writes: [write], reason: 'peer-granted' }]);
    }

    await both.broadcast(B.discover(), FIRST);

    expect(both.replies()).toEqual([`${FIRST} DHCPOFFER 10.15.5.44 to ${B.mac}`]);
  });

  describe('a lease of its own that its guest has ended elsewhere, and whose address another guest has since', () => {
    /** Guest A has it from the first gateway, and guest B from the second one by now. */
    async function segmentOfBoth(): Promise<SharedSegment> {
      const both = new SharedSegment([FIRST, SECOND], { ...ONE, probeMilliseconds: 100 });
      both.introduce();
      await both.broadcast(A.discover(), FIRST);
      await passWith(both, {}, 1000);
      await both.broadcast(A.select('10.15.3.20', FIRST), FIRST);
      await passWith(both, {}, 1000);
      await both.broadcast(B.select('10.15.3.20', SECOND), FIRST);
      both.replies();
      return both;
    }
    const HEARD = { state: 'peer', client: `01${B.mac.replaceAll(':', '')}`, granter: at(SECOND) };

    test.each(['offers it', 'confirms it'])(
      'when it has run out, the gateway neither %s, though B is off',
      async (which) => {
        const both = await segmentOfBoth();
        await both.clock.pass(DAY);
        both.introduce();

        await both.broadcast(which === 'offers it' ? A.discover() : A.reboot('10.15.3.20'), FIRST);
        await passWith(both, {}, 1000);

        expect(both.replies()).toEqual([]);
        expect(both.node(FIRST).bench.store.table.recordAt(at('10.15.3.20'))).toMatchObject(HEARD);
      },
    );

    test('when it is released', async () => {
      const both = await segmentOfBoth();

      await both.node(FIRST).bench.hearUnicast(A.release('10.15.3.20', FIRST), '10.15.3.20');

      expect(both.node(FIRST).bench.store.table.recordAt(at('10.15.3.20'))).toMatchObject(HEARD);
    });

    test("if it was confirmed after that, it is its guest's", async () => {
      const both = await segmentOfBoth();
      await both.clock.pass(1000);
      await both.broadcast(A.reboot('10.15.3.20'), FIRST);
      await passWith(both, {}, 1000);
      await both.clock.pass(DAY);
      both.introduce();
      both.replies();

      await both.broadcast(A.discover(), FIRST);
      await passWith(both, {}, 1000);

      expect(both.replies()).toEqual([`${FIRST} DHCPOFFER 10.15.3.20 to ${A.mac}`]);
    });

    test("if B was heard taking another one after that, it is its guest's", async () => {
      const both = await segmentOfBoth();
      await both.clock.pass(1000);
      const { peers, bench } = both.node(FIRST);
      const next = {
        client: HEARD.client as ClientKey,
        hardware: hardware(2),
        state: 'peer',
        expiresAt: NEVER,
      } as const;
      const writes = [
        { address: at('10.15.3.99'), expectedVersion: 0, next: { ...next, granter: at(SECOND) } },
      ];
      const now = both.clock.now();
      bench.store.applyForeign({
        kind: 'binding',
        client: next.client,
        expectedBindingVersion: 0,
        writes,
        at: now,
        reason: 'peer-granted',
      });
      await both.clock.pass(DAY);
      both.introduce();

      await both.broadcast(A.discover(), FIRST);
      await passWith(both, {}, 1000);

      expect(peers.lastRequestFor(at('10.15.3.20'), undefined)?.client).toBe(HEARD.client);
      expect(both.replies()).toEqual([`${FIRST} DHCPOFFER 10.15.3.20 to ${A.mac}`]);
    });
  });

  test('what a guest of another gateway leaves is given away after all that is free', async () => {
    const two = { subnet: segment({ pools: [range('10.15.3.20', '10.15.3.22')] }) };
    const both = new SharedSegment([FIRST, SECOND], two);
    const guest = new Guest('52:54:00:00:00:03');
    await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);
    await both.broadcast(A.select('10.15.3.21', SECOND), FIRST);
    await both.broadcast(B.discover(), FIRST);
    await both.broadcast(B.select('10.15.3.22', FIRST), FIRST);
    await both.clock.pass(1000);
    await both.node(FIRST).bench.hearUnicast(B.release('10.15.3.22', FIRST), '10.15.3.22');
    both.replies();

    await both.broadcast(guest.discover(), FIRST);
    await both.broadcast(guest.select('10.15.3.22', FIRST), FIRST);
    await both.clock.pass(100);
    await both.broadcast(new Guest('52:54:00:00:00:04').discover(), FIRST);

    const offers = both.replies().filter((reply) => reply.includes('DHCPOFFER'));
    expect(offers.map((reply) => reply.split(' ')[2])).toEqual(['10.15.3.22', '10.15.3.20']);
  });

  test.each(['is calm for a day', 'starts again'])(
    "the address of a gateway that was heard within a lease time stays its client's, though this one %s",
    async (event) => {
      const week = 7 * 86_400;
      const leaseTimes = { default: week, minimum: 300, maximum: week };
      const both = new SharedSegment([FIRST, SECOND], {
        subnet: segment({ ...ONE.subnet, leaseTimes }),
      });
      const first = both.node(FIRST);
      await both.broadcast(A.select('10.15.3.20', SECOND), FIRST);
      await both.clock.pass(week * 1000);
      both.introduce(); // Guest A goes on renewing by unicast, which the first gateway does not hear.
      if (event === 'starts again')
        first.bench.serverState.peerObservations = new Peers(both.clock, first.log);
      else await both.clock.pass(86_400_000);
      first.peers.check();

      await both.broadcast(B.discover(), FIRST);

      expect(both.replies()).toEqual([]);
    },
  );
});
