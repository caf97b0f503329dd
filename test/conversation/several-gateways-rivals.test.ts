import { describe, expect, test } from 'vitest';
import { NOBODY } from '../../src/lease/client-key.ts';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const THIRD = '10.15.3.12';
const A = new Guest('52:54:00:00:00:01');
const B = new Guest('52:54:00:00:00:02');
/** Both guests can only get this one. */
const ONE = { subnet: segment({ pools: [range('10.15.3.20', '10.15.3.20')] }) };

describe('guests that ask gateways which share nothing for one address at one moment', () => {
  /** B asks the first gateway so much after A has asked the second; `later`: the other one hears A and B so. Milliseconds. */
  async function acksOf(apart: number, later: readonly [number, number]): Promise<readonly string[]> {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    both.introduce();
    await both.broadcast(A.discover(), SECOND);
    await both.broadcast(B.discover(), FIRST);
    both.replies();
    const [a, b] = [A.select('10.15.3.20', SECOND), B.select('10.15.3.20', FIRST)];
    const heard = [
      { on: 0, bytes: a, by: SECOND },
      { on: later[0], bytes: a, by: FIRST },
      { on: apart, bytes: b, by: FIRST },
      { on: apart + later[1], bytes: b, by: SECOND },
    ].sort((one, other) => one.on - other.on);
    let now = 0;
    for (const { on, bytes, by } of heard) {
      await both.clock.pass(on - now);
      now = on;
      await both.broadcast(bytes, by);
    }
    await both.clock.pass(200);
    return both.replies().filter((reply) => reply.includes('DHCPACK'));
  }

  test.each([0, 9, 200])('of two that ask %i ms apart one gets the address', async (apart) => {
    expect(await acksOf(apart, [0, 0])).toHaveLength(1);
  });

  test.each([
    { apart: 9, later: [0, 19] },
    { apart: 35, later: [19, 19] },
    { apart: 45, later: [0, 19] },
    { apart: 50, later: [19, 0] },
    { apart: 65, later: [19, 0] },
  ] as const)(
    'never both, where a gateway hears the one later than the other: %j',
    async ({ apart, later }) => {
      expect((await acksOf(apart, later)).length).toBeLessThan(2);
    },
  );

  test('a rival that has come while the gateway was busy is read before the guest gets its answer', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    both.introduce();
    await both.broadcast(A.discover(), SECOND);
    await both.broadcast(A.select('10.15.3.20', SECOND), SECOND);
    await both.clock.pass(20);
    both.replies();

    both.node(SECOND).bench.transport.put(B.select('10.15.3.20', FIRST));
    await both.clock.pass(100);

    expect(both.replies()).toEqual([`${SECOND} DHCPNAK 0.0.0.0 to ${A.mac}`]);
  });

  test('a guest of another gateway that only asks once more is no rival: it has its lease by now', async () => {
    const both = new SharedSegment([FIRST, SECOND], ONE);
    both.introduce();
    await both.broadcast(A.discover(), SECOND);
    await both.broadcast(B.discover(), FIRST);
    await both.broadcast(A.select('10.15.3.20', SECOND));
    await both.clock.pass(4000);
    await both.broadcast(A.select('10.15.3.20', SECOND));
    await both.clock.pass(10);
    await both.broadcast(B.select('10.15.3.20', FIRST));
    await both.clock.pass(1000);

    const acks = both.replies().filter((reply) => reply.includes('DHCPACK'));

    expect([...new Set(acks)]).toEqual([`${SECOND} DHCPACK 10.15.3.20 to ${A.mac}`]);
  });

  describe('two guests that ask two other gateways for one address at one moment', () => {
    /** Milliseconds from one DHCPREQUEST to the other, as the first gateway hears them. */
    async function heardApart(
      apart: number,
      selections: readonly (readonly [Guest, string])[],
      probeMilliseconds = 0,
    ): Promise<SharedSegment> {
      const all = new SharedSegment([FIRST, SECOND, THIRD], { ...ONE, probeMilliseconds });
      for (const [guest, server] of selections) {
        await all.broadcast(guest.select('10.15.3.20', server), FIRST);
        await all.clock.pass(apart);
      }
      return all;
    }
    const keyOf = ({ mac }: Guest) => `01${mac.replaceAll(':', '')}`;
    const heardAt = (all: SharedSegment) => all.node(FIRST).bench.store.table.recordAt(at('10.15.3.20'));

    test.each([
      ['lower gateway, at once, whichever was asked first', 7, [B, SECOND], [A, THIRD]],
      ['lower gateway, at once, whichever was asked first', 7, [A, THIRD], [B, SECOND]],
      ['lower gateway that was asked first', 500, [B, SECOND], [A, THIRD]],
    ] as const)('the guest of the %s: a third notes it (%i ms)', async (_, apart, first, second) => {
      const all = await heardApart(apart, [first, second]);

      await all.broadcast(A.discover(), FIRST);

      expect(heardAt(all)).toMatchObject({ state: 'peer', client: keyOf(B) });
      expect(all.replies()).toEqual([]);
    });

    test.each([45, 500])(
      'where the lower gateway was asked %i ms later, a third knows only that one of them has the address',
      async (apart) => {
        const all = await heardApart(apart, [
          [A, THIRD],
          [B, SECOND],
        ]);

        await all.broadcast(A.discover(), FIRST);
        await all.broadcast(B.discover(), FIRST);

        expect(heardAt(all)).toMatchObject({ state: 'peer', client: NOBODY, granter: at(SECOND) });
        expect(all.replies()).toEqual([]);
      },
    );

    test.each([
      ['who has it by ARP', A, [`${FIRST} DHCPACK 10.15.3.20 to ${A.mac}`]],
      ['and nobody else', B, []],
    ])(
      'when the gateway of that one is gone, a third goes on with its lease: %s',
      async (_, asking, replies) => {
        const all = await heardApart(
          500,
          [
            [A, THIRD],
            [B, SECOND],
          ],
          100,
        );

        await all.broadcast(asking.extend('10.15.3.20'), FIRST);
        for (const question of all.node(FIRST).bench.questions.splice(0)) question.answer(A.mac);
        await all.clock.pass(200);

        expect(all.replies().filter((reply) => reply.includes('DHCPACK'))).toEqual(replies);
      },
    );

    test('whoever was refused, has not heard that and asks again does not count as the newest', async () => {
      const all = await heardApart(7, [
        [B, SECOND],
        [A, THIRD],
      ]);
      await all.broadcast(A.select('10.15.3.20', THIRD), FIRST);
      const soon = heardAt(all);
      await all.clock.pass(4000);

      await all.broadcast(A.select('10.15.3.20', THIRD), FIRST);

      expect(soon).toMatchObject({ client: keyOf(B) });
      expect(heardAt(all)).toMatchObject({ state: 'peer', client: NOBODY });
    });

    test('much later the newest counts: the other one has gone', async () => {
      const all = await heardApart(1000, [
        [B, SECOND],
        [A, THIRD],
      ]);

      expect(heardAt(all)).toMatchObject({ client: keyOf(A), granter: at(THIRD) });
    });

    test("the winner's is what an own lease of the address gives way to", async () => {
      const all = new SharedSegment([FIRST, SECOND, THIRD], ONE);
      const mine = new Guest('52:54:00:00:00:03');
      await all.broadcast(mine.discover(), FIRST);
      await all.broadcast(mine.select('10.15.3.20', FIRST), FIRST);
      await all.clock.pass(5000);
      await all.broadcast(B.select('10.15.3.20', SECOND), FIRST);
      await all.broadcast(A.select('10.15.3.20', THIRD), FIRST);

      await all.node(FIRST).bench.hearUnicast(mine.release('10.15.3.20', FIRST), '10.15.3.20');

      expect(heardAt(all)).toMatchObject({ state: 'peer', client: keyOf(B) });
    });
  });
});
