import { describe, expect, test } from 'vitest';
import { Guest } from '../support/guest.ts';
import { SharedSegment } from '../support/shared-segment.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const THIRD = '10.15.3.12';
const ALL = [FIRST, SECOND, THIRD];

/** Three gateways that hear of each other and share nothing. */
function three(): SharedSegment {
  const segment = new SharedSegment(ALL, { probeMilliseconds: 0 });
  segment.introduce();
  segment.leaveGuests();
  return segment;
}

function guestNumber(index: number): Guest {
  return new Guest(`52:54:00:00:07:${index.toString(16).padStart(2, '0')}`);
}

/** The first guest from this number on that is left to a gateway, and what that one has offered. */
async function guestOf(segment: SharedSegment, gateway: string, from = 0) {
  for (let index = from; index < from + 60; index += 1) {
    const guest = guestNumber(index);
    await segment.broadcast(guest.discover());
    const [reply = ''] = segment.replies();
    const [server = '', , address = ''] = reply.split(' ');
    await segment.broadcast(guest.select(address, server));
    await segment.clock.pass(100);
    segment.replies();
    if (server === gateway) return { guest, address, next: index + 1 };
  }
  throw new Error(`no guest is left to ${gateway}`);
}

function serversOf(replies: readonly string[]): readonly string[] {
  return replies.map((reply) => reply.split(' ').slice(0, 2).join(' '));
}

describe('gateways that hear of each other leave each guest to one of them for a moment', () => {
  test('one answers it; the others offer nothing once it has selected that one, and keep no address meanwhile', async () => {
    const segment = three();
    const guest = guestNumber(1);

    await segment.broadcast(guest.discover());
    const offers = segment.replies();
    expect(offers).toHaveLength(1);
    const [server = '', , address = ''] = offers[0]?.split(' ') ?? [];
    for (const { address: other, bench } of segment.nodes)
      if (other !== server) expect(bench.inFlight.size).toBe(0);

    await segment.broadcast(guest.select(address, server));
    await segment.clock.pass(5000);

    expect(serversOf(segment.replies())).toEqual([`${server} DHCPACK`]);
  });

  test('200 guests that boot at once are refused by nobody, and no address goes to two of them', async () => {
    const segment = three();
    const guests = Array.from({ length: 200 }, (_, index) => guestNumber(index));
    for (const guest of guests) await segment.broadcast(guest.discover());
    const offers = segment.replies();
    for (const guest of guests) {
      const offer = offers.find((reply) => reply.endsWith(guest.mac));
      const [server = '', , address = ''] = offer?.split(' ') ?? [];
      await segment.broadcast(guest.select(address, server));
    }
    await segment.clock.pass(100);

    const replies = segment.replies();
    expect(replies.filter((reply) => reply.includes('DHCPNAK'))).toEqual([]);
    expect(new Set(replies.map((reply) => reply.split(' ')[2])).size).toBe(200);
  });

  test('a gateway that is down is waited for by one guest, and then by none until it is heard again', async () => {
    const segment = three();
    const { next } = await guestOf(segment, THIRD);
    const { guest: silent } = await guestOf(segment, THIRD, next);
    const living = [FIRST, SECOND];
    await segment.clock.pass(10_000);
    await segment.broadcast(silent.discover(), ...living);
    expect(segment.replies()).toEqual([]);
    await segment.clock.pass(1000);
    expect(new Set(serversOf(segment.replies()))).toEqual(new Set(living.map((each) => `${each} DHCPOFFER`)));

    for (let index = 100; index < 130; index += 1) {
      await segment.broadcast(guestNumber(index).discover(), ...living);
      expect(segment.replies().length).toBeGreaterThan(0);
    }

    await segment.broadcast(guestNumber(200).select('10.15.3.250', THIRD), ...living);
    await segment.clock.pass(1000);
    let left = 0;
    for (let index = 130; index < 160; index += 1) {
      await segment.broadcast(guestNumber(index).discover(), ...living);
      if (segment.replies().length === 0) left += 1;
    }
    expect(left).toBeGreaterThan(0);
  });

  test('a guest is answered at once by the gateway that has granted its lease, whatever that one was', async () => {
    const segment = three();
    let from = 0;
    for (const gateway of ALL) {
      const { guest, address } = await guestOf(segment, gateway, from);
      from += 60;
      await segment.clock.pass(10_000);
      await segment.broadcast(guest.discover());

      expect(segment.replies()).toEqual([`${gateway} DHCPOFFER ${address} to ${guest.mac}`]);
      await segment.broadcast(guest.select(address, gateway));
      await segment.clock.pass(100);
      segment.replies();
    }
  });

  test('one that asks again, or has waited for three seconds, is answered by all', async () => {
    const segment = three();
    const guest = guestNumber(1);
    await segment.broadcast(guest.discover());
    await segment.clock.pass(500);
    segment.replies();
    await segment.broadcast(guest.discover());
    await segment.clock.pass(0);

    expect(segment.replies()).toHaveLength(3);
    await segment.broadcast(guestNumber(2).discover([], { secs: 3 }));
    expect(segment.replies()).toHaveLength(3);
  });

  test('before any gateway was heard, those that ARP shows where gateways may be count', async () => {
    const segment = new SharedSegment(ALL, { probeMilliseconds: 0 });
    segment.leaveGuests();
    for (const { peers } of segment.nodes)
      for (const other of peers.known) peers.found.note(other, segment.clock.monotonic());
    const addresses = new Set<string>();
    for (let index = 0; index < 60; index += 1) {
      await segment.broadcast(guestNumber(index).discover());
      const offers = segment.replies();
      expect(offers).toHaveLength(1);
      addresses.add(offers[0]?.split(' ')[2] ?? '');
    }

    expect(addresses.size).toBe(60);
  });

  test('of a flood only 512 messages are left to others, and 64 more a second: each waits here', async () => {
    const segment = three();
    const [node] = segment.nodes;
    let sent = 0;
    const flood = async (count: number) => {
      for (const end = sent + count; sent < end; sent += 1) {
        const mac = `52:54:00:00:${hex(sent >> 8)}:${hex(sent & 255)}`;
        await segment.broadcast(new Guest(mac).discover(), FIRST);
      }
      return node?.bench.record.decisions.filter((each) => / left-to-/.test(each)).length;
    };

    expect(await flood(900)).toBe(512);
    await segment.clock.pass(500);
    expect(await flood(300)).toBe(512 + 32);
  });
});

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}
