import { describe, expect, test } from 'vitest';
import { Guest } from '../support/guest.ts';
import { at, range, segment } from '../support/plan.ts';
import { cards, Reservations, reservationOf } from '../support/reservations.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const RESERVED = '10.15.3.57';
const DAY = 86_400_000;

/** Two gateways that hear each other, and what is reserved at both. */
function reserving() {
  const reservations = new Reservations();
  const subnet = segment({ pools: [range('10.15.3.20', '10.15.3.99')], reservations });
  const both = new SharedSegment([FIRST, SECOND], { subnet, probeMilliseconds: 300 });
  both.introduce();
  return {
    both,
    /** The address is reserved for Ada at this moment. */
    reserve: () => {
      const macs = cards(ADA.mac);
      reservations.put(reservationOf('ada', RESERVED, { macs, updatedAt: both.clock.now() }));
    },
  };
}

/** The ARP questions of the first gateway are answered by this machine, or by nobody, until it has no more. */
async function answer(both: SharedSegment, holder?: string): Promise<void> {
  const { bench } = both.node(FIRST);
  while (bench.questions.length > 0) {
    for (const question of bench.questions.splice(0)) question.answer(holder);
    await both.clock.pass(1);
  }
}

/** What the first gateway says to a guest that boots there: the address that it gets. */
async function boot(both: SharedSegment, guest: Guest, holder?: string): Promise<string> {
  await both.broadcast(guest.discover(), FIRST);
  await answer(both, holder);
  const offered = both.replies().at(-1)?.split(' ')[2] ?? '';
  await both.broadcast(guest.select(offered, FIRST), FIRST);
  await answer(both, holder);
  await both.clock.pass(60); // A rival is listened for.
  await answer(both, holder);
  const [, type, address] = both.replies().at(-1)?.split(' ') ?? [];
  return type === 'DHCPACK' ? (address ?? '') : '';
}

async function renew(both: SharedSegment, guest: Guest, address: string, holder?: string): Promise<string> {
  await both.broadcast(guest.extend(address), FIRST);
  await answer(both, holder);
  return both.replies().at(-1)?.split(' ').slice(1, 3).join(' ') ?? '';
}

describe('an address that is reserved for a guest, and that another gateway has leased, where nothing is shared,', () => {
  test('goes to its guest at its next renewal when the other guest was heard taking another one', async () => {
    const { both, reserve } = reserving();
    await both.broadcast(BOB.select(RESERVED, SECOND), FIRST);
    const before = await boot(both, ADA);
    reserve();
    await both.clock.pass(60_000);

    const meanwhile = await renew(both, ADA, before);
    await both.broadcast(BOB.select('10.15.3.58', SECOND), FIRST);
    const refused = await renew(both, ADA, before);

    expect([meanwhile, refused]).toEqual([`DHCPACK ${before}`, 'DHCPNAK 0.0.0.0']);
    expect(await boot(both, ADA)).toBe(RESERVED);
  });

  test('goes to its guest when it has been reserved for as long as a lease can last, and not before', async () => {
    const { both, reserve } = reserving();
    await both.broadcast(BOB.select(RESERVED, SECOND), FIRST);
    const before = await boot(both, ADA);
    reserve();

    await both.clock.pass(DAY - 1000);
    both.introduce(); // The other gateway goes on.
    const early = await boot(both, ADA);
    await both.clock.pass(1000);
    const refused = await renew(both, ADA, early);

    expect(early).toBe(before);
    expect(refused).toBe('DHCPNAK 0.0.0.0');
    expect(await boot(both, ADA)).toBe(RESERVED);
  });

  test('does not go to its guest while ARP shows another machine there', async () => {
    const { both, reserve } = reserving();
    await both.broadcast(BOB.select(RESERVED, SECOND), FIRST);
    const before = await boot(both, ADA);
    reserve();
    await both.clock.pass(DAY);
    both.introduce();

    expect(await renew(both, ADA, before, BOB.mac)).toBe(`DHCPACK ${before}`);
  });
});

test('an address whose lease has run out here beside other gateways goes to the guest that it is reserved for', async () => {
  const { both, reserve } = reserving();
  const { store } = both.node(FIRST).bench;
  store.table.load({
    ...{ address: at(RESERVED), client: 'bob' as never, hardware: 2 as never, state: 'peer' },
    ...{ granter: at('0.0.0.0'), expiresAt: 253_402_300_799_000 as never, updatedAt: both.clock.now() },
    ...{ leaseSeconds: 0, version: 1 },
  });
  reserve();

  expect(await boot(both, ADA)).toBe(RESERVED);
});
