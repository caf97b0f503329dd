import { describe, expect, test } from 'vitest';
import type { ClusterPeers } from '../../src/engine/decision/decision.ts';
import { type ClientKey, keyOfEthernet } from '../../src/lease/client-key.ts';
import { instant } from '../../src/lease/lease.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip } from '../support/packet.ts';
import { at, range, segment } from '../support/plan.ts';

const SELF = '10.15.3.10';
const PEERS = ['10.15.3.11', '10.15.3.12'];
const GRACE = 60_000;

function sharingWith(...live: readonly string[]): ClusterPeers {
  return { live: new Set(live.map(at)), graceMilliseconds: GRACE };
}

function guest(number: number): Guest {
  return new Guest(`52:54:00:00:03:${number.toString(16).padStart(2, '0')}`);
}

function hardwareOf({ mac }: Guest): HardwareAddress {
  return Number.parseInt(mac.replaceAll(':', ''), 16) as HardwareAddress;
}

function keyOf(each: Guest): ClientKey {
  return keyOfEthernet(hardwareOf(each));
}

/** A gateway that shares its leases with those that are alive. */
function gateway(live: readonly string[] = PEERS, pool = range('10.15.3.20', '10.15.3.254')): Conversation {
  const conversation = new Conversation({ subnet: segment({ pools: [pool] }) });
  conversation.context = { clusterPeers: sharingWith(...live) };
  return conversation;
}

describe('who answers first', () => {
  test('of three gateways each is the first for about a third of the clients, and no two for the same', () => {
    const guests = Array.from({ length: 200 }, (_, number) => guest(number));
    const all = [SELF, ...PEERS];
    const firsts = guests.map((each) =>
      all.filter((self) => {
        const conversation = new Conversation({ serverIdentifier: at(self) });
        conversation.context = { clusterPeers: sharingWith(...all.filter((other) => other !== self)) };
        return conversation.hear(each.discover()).reason !== 'not-first';
      }),
    );

    expect(firsts.map(({ length }) => length)).toEqual(guests.map(() => 1));
    for (const self of all) {
      const share = firsts.filter(([first]) => first === self).length;
      expect(share).toBeGreaterThan(40);
      expect(share).toBeLessThan(100);
    }
  });

  /** A client whose first gateway is another one. */
  function anothers(): Guest {
    const found = Array.from({ length: 50 }, (_, number) => guest(number)).find(
      (each) => gateway().hear(each.discover()).reason === 'not-first',
    );
    if (found === undefined) throw new Error('every client is ours');
    return found;
  }

  test('the others answer a client that asks again, or has tried for three seconds', () => {
    const asking = anothers();
    const again = gateway();
    again.context = { ...again.context, isDiscoverRetry: true };

    expect(again.hear(asking.discover()).reason).toBe('offered');
    expect(gateway().hear(asking.discover([], { secs: 2 })).reason).toBe('not-first');
    expect(gateway().hear(asking.discover([], { secs: 3 })).reason).toBe('offered');
  });

  test('the gateway at the guest’s own host answers at once; the others leave it the first DHCPDISCOVER', () => {
    const there = at('192.0.2.11');
    const at11 = {
      ...sharingWith(...PEERS),
      gatewayAt: (host: number) => (host === there ? at(PEERS[0] ?? '') : undefined),
    };
    const reasons = (context: Conversation['context'], fields = {}) =>
      Array.from({ length: 50 }, (_, number) => {
        const conversation = gateway();
        conversation.context = { clusterPeers: at11, ...context };
        return conversation.hear(guest(number).discover([], fields)).reason;
      });

    expect(new Set(reasons({ host: 'own' }))).toEqual(new Set(['offered']));
    expect(new Set(reasons({ host: there }))).toEqual(new Set(['not-first']));
    expect(new Set(reasons({ host: there, isDiscoverRetry: true }))).toEqual(new Set(['offered']));
    expect(new Set(reasons({ host: there }, { secs: 3 }))).toEqual(new Set(['offered']));
  });

  test('a host whose gateway is gone, does not see its guests or does not grant is never waited for: the hash decides', () => {
    const decided = (context: Conversation['context']) =>
      Array.from({ length: 50 }, (_, number) => {
        const conversation = gateway();
        conversation.context = { clusterPeers: sharingWith(...PEERS), ...context };
        return conversation.hear(guest(number).discover()).reason;
      });

    expect(decided({ host: at('192.0.2.12') })).toEqual(decided({}));
    expect(decided({ host: undefined })).toEqual(decided({}));
    const alone = gateway([]);
    alone.context = { ...alone.context, host: at('192.0.2.11') };
    expect(alone.hear(guest(1).discover()).reason).toBe('offered');
  });

  test('the last one that is alive answers all', () => {
    expect(gateway([]).hear(anothers().discover()).reason).toBe('offered');
  });
});

describe('a DHCPREQUEST that names another server', () => {
  test('which shares the leases frees this one’s offer of another address, and keeps one of the same', () => {
    const conversation = gateway([]);
    const offer = conversation.hear(guest(1).discover());
    conversation.context = { clusterPeers: sharingWith(...PEERS) };

    expect(conversation.hear(guest(1).select(offer.address, '10.15.3.11')).reason).toBe('not-for-us');
    expect(conversation.at(offer.address)?.state).toBe('offered');
    expect(conversation.hear(guest(1).select('10.15.3.254', '10.15.3.11')).reason).toBe('offer-withdrawn');
    expect(conversation.at(offer.address)).toBeUndefined();
    expect(conversation.hear(guest(1).select('10.15.3.254', '10.15.3.11')).reason).toBe('not-for-us');
  });

  test('which shares the leases frees no offer that an older gateway has put into etcd', () => {
    const conversation = gateway();
    const { client, hardware } = { client: keyOf(guest(1)), hardware: hardwareOf(guest(1)) };
    const times = {
      expiresAt: instant(conversation.now + 30_000),
      updatedAt: conversation.now,
      leaseSeconds: 30,
    };
    const older = { address: at('10.15.3.40'), granter: at('10.15.3.12'), version: 7 };
    conversation.store.table.loadOffer({ client, hardware, state: 'offered', ...times, ...older });

    expect(conversation.hear(guest(1).select('10.15.3.41', '10.15.3.11')).reason).toBe('not-for-us');
    expect(conversation.at('10.15.3.40')?.state).toBe('offered');
    expect(conversation.hear(guest(2).select('10.15.3.40', SELF)).reason).toBe('offered-to-another');
  });

  test('which does not frees it', () => {
    const conversation = gateway([]);
    const offer = conversation.hear(guest(1).discover());

    expect(conversation.hear(guest(1).select(offer.address, '10.15.3.5')).reason).toBe('offer-withdrawn');
    expect(conversation.at(offer.address)).toBeUndefined();
  });

  test('which has not moved yet is an offer in the shared leases, and is no other record of a lease that is there', () => {
    const plan = { peers: new Set([at('10.15.3.13')]) };
    const conversation = new Conversation(plan);
    conversation.context = { clusterPeers: sharingWith() };
    const offer = conversation.hear(guest(1).discover());
    conversation.hear(guest(1).select(offer.address, SELF));

    expect(conversation.hear(guest(1).select(offer.address, '10.15.3.13')).reason).toBe('not-for-us');
    expect(conversation.at(offer.address)?.state).toBe('bound');
    expect(conversation.hear(guest(2).select('10.15.3.99', '10.15.3.13')).reason).toBe('peer-granted');
    expect(conversation.at('10.15.3.99')).toMatchObject({ state: 'peer', granter: at('10.15.3.13') });
  });
});

describe('clocks that differ', () => {
  const pool = range('10.15.3.20', '10.15.3.20');

  test('a lease that has run out is nobody else’s before the grace is over; its own client has it back at once', () => {
    const conversation = gateway([], pool);
    const holder = guest(1);
    const offer = conversation.hear(holder.discover());
    conversation.hear(holder.select(offer.address, SELF));
    conversation.pass(43_200 + 59);

    expect(conversation.hear(guest(2).discover()).reason).toBe('pool-full');
    expect(conversation.hear(guest(2).reboot(offer.address)).reason).toBe('no-binding');
    expect(conversation.hearUnicast(holder.extend(offer.address), offer.address).reason).toBe('renewed');
  });
});

describe('offers to strangers', () => {
  test('at most a quarter of what is free is held; who is known has its own in any case', () => {
    const conversation = gateway([], range('10.15.3.20', '10.15.3.39'));
    const known = guest(99);
    const own = conversation.hear(known.discover()).address;
    conversation.hear(known.select(own, SELF));
    conversation.hearUnicast(known.release(own, SELF), own);

    const reasons = Array.from(
      { length: 8 },
      (_, number) => conversation.hear(guest(number).discover()).reason,
    );

    expect(reasons.filter((reason) => reason === 'offered')).toHaveLength(5);
    expect(reasons.slice(5)).toEqual(['offered-unheld', 'offered-unheld', 'offered-unheld']);
    expect(conversation.hear(known.discover([[50, ...ip(own)]])).address).toBe(own);
  });

  test('one that was not answered for five seconds gives way when nothing else is left', () => {
    const conversation = gateway([], range('10.15.3.20', '10.15.3.23'));
    const first = conversation.hear(guest(1).discover());
    for (const number of [11, 12, 13]) {
      const { address } = conversation.hear(guest(number).discover());
      conversation.hear(guest(number).select(address, SELF));
    }
    conversation.pass(4);
    const early = conversation.hear(guest(2).discover()).reason;
    conversation.pass(2);

    const late = conversation.hear(guest(3).discover());

    expect(early).toBe('crowded');
    expect([late.reason, late.address]).toEqual(['offered', first.address]);
    expect(conversation.hear(guest(1).select(first.address, SELF)).reason).toBe('offered-to-another');
  });

  test('one that is held is nobody else’s, and what is not held goes to the first that asks for it', () => {
    const conversation = gateway([], range('10.15.3.20', '10.15.3.24'));
    const held = conversation.hear(guest(1).discover());
    const open = Array.from({ length: 40 }, (_, number) => {
      const offer = conversation.hear(guest(2 + number).discover());
      return { guest: guest(2 + number), ...offer };
    });

    expect(open.every(({ reason }) => reason === 'offered-unheld')).toBe(true);
    expect(open.map(({ address }) => address)).not.toContain(held.address);
    const [winner] = open;
    const loser = open.find(
      ({ address, guest: one }) => address === winner?.address && one !== winner?.guest,
    );
    if (winner === undefined || loser === undefined) throw new Error('forty clients before four addresses');
    expect(conversation.hear(winner.guest.select(winner.address, SELF)).reason).toBe('bound');
    const refused = conversation.hear(loser.guest.select(loser.address, SELF));
    expect([refused.outcome, refused.reason]).toEqual(['DHCPNAK', 'offer-lost']);
    expect(conversation.hear(guest(1).select(held.address, SELF)).reason).toBe('bound');
  });
});

test('what a gateway that shares the leases listens on is offered to nobody, not when all else is leased', () => {
  const conversation = gateway(['10.15.3.20'], range('10.15.3.20', '10.15.3.21'));
  conversation.context = { ...conversation.context, isDiscoverRetry: true };

  const offers = [1, 2, 3].map((number) => {
    const each = guest(number);
    const { address, reason } = conversation.hear(each.discover());
    if (address !== '') conversation.hear(each.select(address, SELF));
    return address === '' ? reason : address;
  });

  expect(offers).toEqual(['10.15.3.21', 'pool-full', 'pool-full']);
});

test('an offer that keeps nothing rests on what the store is sure of, as one that does', () => {
  const conversation = gateway([], range('10.15.3.20', '10.15.3.24'));
  const known = guest(1);
  const { address } = conversation.hear(known.discover());
  conversation.hear(known.select(address, SELF));

  const [again, held, unheld] = [1, 2, 3].map((number) => conversation.hear(guest(number).discover()));

  expect([again?.reason, held?.reason, unheld?.reason]).toEqual([
    'offered-again',
    'offered',
    'offered-unheld',
  ]);
  for (const answer of [again, held, unheld])
    expect(answer?.decision).toMatchObject({
      change: { kind: 'offer', writes: [{ address: expect.anything() }] },
    });
});
