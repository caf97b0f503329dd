import { describe, expect, test } from 'vitest';
import { decideReservation } from '../../src/engine/order/decide-reservation.ts';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import { readEntry } from '../../src/lease/reservation/read-entry.ts';
import { Conversation, optionOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { range, segment } from '../support/plan.ts';
import { cards, reservationOf } from '../support/reservations.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');
const TEN_MINUTES = [0, 0, 2, 88];
const OWN = range('10.15.3.20', '10.15.3.99');
const OTHERS = range('10.15.3.100', '10.15.3.199');

/** A gateway with a share of the pool; an address is reserved for Ada there. */
function sharing(address?: string) {
  const conversation = new Conversation({ probeMilliseconds: 300 });
  const { reservations } = conversation.store;
  const subnet = segment({ pools: [OWN], othersShares: [OTHERS], reservations });
  conversation.plan = { ...conversation.plan, subnet };
  const reserve = (wanted: string) =>
    reservations.put(reservationOf('ada', wanted, { macs: cards(ADA.mac) }));
  if (address !== undefined) reserve(address);
  return { conversation, reserve };
}

function boot(conversation: Conversation): string {
  const { address } = conversation.hear(ADA.discover());
  return conversation.hear(ADA.select(address, SERVER)).address;
}

describe("a guest whose reserved address is in another gateway's share of the pool", () => {
  const RESERVED = '10.15.3.150';

  test('is left to that gateway for a second, and then gets an address of this share for ten minutes at most', () => {
    const { conversation } = sharing(RESERVED);
    const before = conversation.now;

    const offer = conversation.hear(ADA.discover());

    expect(conversation.now - before).toBeGreaterThanOrEqual(1000);
    expect(offer.address).toMatch(/^10\.15\.3\.[2-9]\d$/);
    expect(optionOf(offer.bytes, 51)).toEqual(TEN_MINUTES);
  });

  test('RFC 2131 §4.4.5: is not answered when it renews, so that it asks all; then that gateway may answer first', () => {
    const { conversation } = sharing(RESERVED);
    const address = boot(conversation);

    const renewing = conversation.hearUnicast(ADA.extend(address), address);
    const before = conversation.now;
    const rebinding = conversation.meet(ADA.extend(address), 'broadcast', address);
    const waited = conversation.now - before;
    const rebooting = conversation.hear(ADA.reboot(address));

    expect([renewing.outcome, renewing.reason]).toEqual(['silence', 'in-another-share']);
    expect([rebinding.outcome, rebinding.reason]).toEqual([`DHCPACK ${address}`, 'renewed']);
    expect(waited).toBe(500);
    expect(rebooting.outcome).toBe(`DHCPACK ${address}`);
  });

  test.each([
    ['REBINDING', (c: Conversation) => c.meet(ADA.extend(RESERVED), 'broadcast', RESERVED)],
    ['INIT-REBOOT', (c: Conversation) => c.hear(ADA.reboot(RESERVED))],
    ['INIT-REBOOT beside a lease here', (c: Conversation) => boot(c) !== '' && c.hear(ADA.reboot(RESERVED))],
  ])('is neither confirmed the reserved address nor refused it here: %s', (_state, ask) => {
    const { conversation } = sharing(RESERVED);
    conversation.holders.set(RESERVED, ADA.mac);

    expect(ask(conversation)).toMatchObject({ outcome: 'silence', reason: 'in-another-share' });
    expect(conversation.at(RESERVED)).toBeUndefined();
  });

  test('keeps the lease of it that it has here from before the pool was divided, until it ends', () => {
    const { conversation, reserve } = sharing();
    conversation.plan = {
      ...conversation.plan,
      subnet: { ...conversation.plan.subnet, pools: [OWN, OTHERS], othersShares: [] },
    };
    reserve(RESERVED);
    boot(conversation);
    conversation.plan = {
      ...conversation.plan,
      subnet: { ...conversation.plan.subnet, pools: [OWN], othersShares: [OTHERS] },
    };
    conversation.pass(3600);

    const renewed = conversation.hearUnicast(ADA.extend(RESERVED), RESERVED);

    expect(renewed.outcome).toBe(`DHCPACK ${RESERVED}`);
    expect(optionOf(renewed.bytes, 51)).toEqual([0, 0, 0x9a, 0xb0]); // Eleven of its twelve hours.
  });
});

test("RFC 2131 §4.3.2: a guest that has an address of another gateway's share is refused it by the gateway in whose share its reserved one is", () => {
  const { conversation } = sharing('10.15.3.57');

  const refused = conversation.meet(ADA.extend('10.15.3.150'), 'broadcast', '10.15.3.150');

  expect([refused.outcome, refused.reason]).toEqual(['DHCPNAK', 'reserved-elsewhere']);
  expect(boot(conversation)).toBe('10.15.3.57');
});

describe('where each gateway has a share of the pool, an order for a reservation', () => {
  test.each([
    ['10.15.3.57', 'of this share', 'change', undefined],
    ['10.15.3.150', "of another gateway's share", 'change', undefined],
    ['10.15.3.200', 'of no share', 'refused', 'not-allowed'],
    [undefined, 'that each gateway would pick for itself', 'refused', 'needs-shared-store'],
  ] as const)('of an address %s, %s: %s', (address, _what, kind, why) => {
    const { conversation } = sharing();
    const read = readEntry({ mac: [ADA.mac], ...(address === undefined ? {} : { address }) }, 'ada');
    if (!('entry' in read)) throw new Error('a faulty entry');

    const verdict = decideReservation(
      { kind: 'put', entry: read.entry, author: 'test' },
      {
        now: conversation.now,
        leases: conversation.store.leases,
        plan: conversation.plan,
        reservations: conversation.store.reservations,
        context: { peerObservations: NO_PEERS, clusterPeers: undefined, mayBeOver: () => true } as never,
      },
    );

    expect(verdict.kind).toBe(kind);
    expect('refusal' in verdict ? verdict.refusal.why : undefined).toBe(why);
  });
});
