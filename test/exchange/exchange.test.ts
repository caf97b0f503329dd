import { describe, expect, test } from 'vitest';
import type { Decide, Decision } from '../../src/engine/decision/decision.ts';
import { STALE_AFTER } from '../../src/exchange/pending/pending.ts';
import { WAITING_LIMIT } from '../../src/exchange/pending/pending-queues.ts';
import { WAIT_LIMIT } from '../../src/exchange/waits.ts';
import { type ClientKey, clientKeyFromText } from '../../src/lease/client-key.ts';
import { instant } from '../../src/lease/lease.ts';
import type { LeaseChange } from '../../src/lease/lease-view.ts';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import type { Outcome } from '../../src/store/lease-store.ts';
import { reservationChange } from '../store/changes.ts';
import { settle } from '../support/clock.ts';
import { type ExchangeBench, memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { packet } from '../support/packet.ts';
import { at, planOf, range, segment } from '../support/plan.ts';
import { reservationOf } from '../support/reservations.ts';

const SERVER = '10.15.3.10';
type Bench = ReturnType<typeof memoryBench>;

function guestNumber(number: number): Guest {
  return new Guest(`52:54:00:00:${hexByte(number >> 8)}:${hexByte(number & 255)}`);
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** The address in a reply's text. */
function addressIn(reply: string | undefined): string {
  return reply?.split(' ')[1] ?? '';
}

async function offerTo(bench: Bench, guest: Guest): Promise<string> {
  await bench.hear(guest.discover());
  return addressIn(bench.replies().at(-1));
}

async function bind(bench: Bench, guest: Guest): Promise<string> {
  const address = await offerTo(bench, guest);
  await bench.hear(guest.select(address, SERVER));
  bench.replies();
  return address;
}

function stateAt(bench: ExchangeBench<Bench['store']>, address: string): string | undefined {
  return bench.store.table.recordAt(at(address))?.state;
}

/** A decide for tests of the exchange alone: the same change whenever it is asked, made from the client. */
function always(make: (client: ClientKey, asked: number) => Decision): Decide {
  let asked = 0;
  return (_message, _arrival, context) => {
    asked += 1;
    return make(context.client, asked);
  };
}

const GUEST = guestNumber(1);
const KEY = clientKeyFromText('01525400000001');
if (KEY === undefined) throw new Error('not a key');

function freeing(address: string, client: ClientKey, expectedVersion = 0): LeaseChange {
  const next = { client, hardware: NO_HARDWARE, state: 'free', expiresAt: instant(1) } as const;
  return {
    kind: 'binding',
    client,
    expectedBindingVersion: expectedVersion,
    writes: [{ address: at(address), expectedVersion, next }],
    at: instant(1),
    reason: 'expired',
  };
}

describe('one round', () => {
  test('RFC 2131 §3.1: a client is offered an address, and gets it', async () => {
    const bench = memoryBench();

    await bench.hear(GUEST.discover());
    const [offer] = bench.replies();
    const address = addressIn(offer);
    await bench.hear(GUEST.select(address, SERVER));

    expect(offer).toBe(`DHCPOFFER ${address} to 52:54:00:00:00:01`);
    expect(bench.replies()).toEqual([`DHCPACK ${address} to 52:54:00:00:00:01`]);
    expect(stateAt(bench, address)).toBe('bound');
    expect(bench.record.decisions).toEqual(['DHCPDISCOVER offered committed', 'DHCPREQUEST bound committed']);
  });

  test('RFC 2131 §3.1 (4): no DHCPACK leaves before its binding is durable', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });

    await bench.hear(GUEST.select(address, SERVER));

    expect(bench.replies()).toEqual([]);
    bench.store.release();
    await bench.clock.pass(0);
    expect(bench.replies()).toEqual([`DHCPACK ${address} to 52:54:00:00:00:01`]);
  });

  test('all changes of a round are one commit, its ready replies one send before, the others one send after', async () => {
    const bench = memoryBench();
    const guests = [1, 2, 3].map(guestNumber);
    const requests = [];
    for (const guest of guests) requests.push(guest.select(await offerTo(bench, guest), SERVER));
    bench.transport.sends.length = 0;

    await bench.hear(...requests, guestNumber(4).discover(), guestNumber(5).discover());

    expect(bench.store.commits.map((changes) => changes.length)).toEqual([3]);
    expect(bench.transport.sends).toEqual([2, 3]);
  });

  test('more replies than the outbox holds are sent in several calls', async () => {
    const bench = memoryBench({ transport: { outboxCapacity: 2 } });

    await bench.hear(...[1, 2, 3, 4, 5].map((number) => guestNumber(number).discover()));

    expect(bench.transport.sends).toEqual([2, 2, 1]);
    expect(bench.replies()).toHaveLength(5);
  });

  test('a reply that the kernel refuses is counted', async () => {
    const bench = memoryBench();
    bench.transport.refuses = true;

    await bench.hear(GUEST.discover());

    expect(bench.drops('send-refused')).toBe(1);
  });

  test.each([
    ['too-short', new Uint8Array(20)],
    ['bad-cookie', packet({ cookie: [1, 2, 3, 4] })],
    ['truncated', new Uint8Array(3000)],
    ['no-client', packet({ hlen: 0, options: [[53, 1]] })],
  ])('a datagram that is %s is counted and costs nothing else', async (reason, bytes) => {
    const bench = memoryBench();

    await bench.hear(bytes, GUEST.discover());

    expect(bench.drops(reason)).toBe(1);
    expect(bench.replies()).toHaveLength(1);
  });

  test('when nothing is left to do the store is told, so that it can see to its file', async () => {
    const bench = memoryBench();

    await bench.hear(GUEST.discover());

    expect(bench.store.idled).toBe(1);
    expect(bench.exchange.isIdle).toBe(true);
  });
});

describe('while a commit is under way', () => {
  test('others are answered', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));

    await bench.hear(guestNumber(2).discover());

    expect(bench.replies().map((reply) => reply.split(' ')[0])).toEqual(['DHCPOFFER']);
    expect(bench.exchange.isIdle).toBe(false);
  });

  test("its client's next message waits and is decided on what was committed", async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });

    await bench.hear(GUEST.select(address, SERVER));
    await bench.hear(GUEST.reboot(address));
    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.record.decisions.slice(1)).toEqual([
      'DHCPREQUEST bound committed',
      'DHCPREQUEST rebooted committed',
    ]);
    expect(bench.replies()).toHaveLength(2);
  });

  test('only the newest of several messages of its client is decided', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });

    await bench.hear(GUEST.select(address, SERVER));
    await bench.hear(GUEST.discover());
    await bench.hear(GUEST.discover(), GUEST.reboot(address));
    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.drops('superseded')).toBe(2);
    expect(bench.record.decisions.slice(1)).toEqual([
      'DHCPREQUEST bound committed',
      'DHCPREQUEST rebooted committed',
    ]);
  });

  test('a message through a relay that is not listed is dropped before anything is learnt from it', async () => {
    const bench = memoryBench();
    const heard: number[] = [];
    bench.serverState.noteRequest = (server) => heard.push(server);
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    const forger = new Guest(GUEST.mac, { relay: '10.15.3.66' });

    await bench.hear(GUEST.select(address, '10.15.3.10'));
    await bench.hear(GUEST.reboot(address));
    await bench.hear(forger.discover(), forger.select('10.15.3.99', '10.15.3.11'));
    bench.store.release();
    await bench.clock.pass(0);

    expect([...bench.record.drops]).toEqual([['relay-not-listed', 2]]);
    expect(heard).toHaveLength(1); // The guest's own.
    expect(bench.record.decisions.slice(1)).toEqual([
      'DHCPREQUEST bound committed',
      'DHCPREQUEST rebooted committed',
    ]);
  });

  test('a message that waited until its client has sent it again is dropped, as is the reply that was decided before it', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 4001 });

    await bench.hear(GUEST.select(address, SERVER));
    await bench.hear(GUEST.discover());
    await bench.clock.pass(4001);

    expect(bench.drops('stale')).toBe(1);
    expect(bench.drops('stale-reply')).toBe(1);
    expect(bench.replies()).toEqual([]);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test('an address on its way to one client is given to no other', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));

    await bench.hear(guestNumber(2).discover([[50, ...address.split('.').map(Number)]]));

    expect(addressIn(bench.replies()[0])).not.toBe(address);
  });

  test('a message that hangs on an address in flight is decided after it', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));

    await bench.hear(guestNumber(2).select(address, SERVER));
    const before = bench.replies();
    bench.store.release();
    await bench.clock.pass(0);

    expect(before).toEqual([]);
    expect(bench.replies()).toEqual([
      `DHCPACK ${address} to 52:54:00:00:00:01`,
      'DHCPNAK 0.0.0.0 to 52:54:00:00:00:02',
    ]);
  });

  test('changes that find no room in it go into the next one', async () => {
    const bench = memoryBench({ batchLimit: 2 });
    const requests = [];
    for (let number = 1; number <= 5; number += 1) {
      requests.push(guestNumber(number).select(await offerTo(bench, guestNumber(number)), SERVER));
    }

    await bench.hear(...requests);

    expect(bench.store.commits.map((changes) => changes.length)).toEqual([2, 2, 1]);
    expect(bench.replies()).toHaveLength(5);
  });

  test('a store of depth 2 gets a second commit before the first has ended', async () => {
    const bench = memoryBench({ depth: 2 });
    const requests = [];
    for (let number = 1; number <= 3; number += 1) {
      requests.push(guestNumber(number).select(await offerTo(bench, guestNumber(number)), SERVER));
    }
    bench.store.otherwise({ takes: 'until released' });

    for (const request of requests) await bench.hear(request);

    expect(bench.store.underWay).toBe(2);
    while (bench.store.release()) await bench.clock.pass(0);
    expect(bench.replies()).toHaveLength(3);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test.each([
    [8, 32],
    [512, 512],
  ])(
    'one round of a store that takes %i changes at once reads %i datagrams, and leaves the others',
    (batchLimit, most) => {
      const bench = memoryBench({ batchLimit });
      for (let number = 0; number < 600; number += 1)
        bench.transport.put(guestNumber(number).inform('10.15.3.250'));

      bench.exchange.receive();

      expect(bench.transport.unread).toBe(600 - most);
    },
  );

  test('there is one arena more than commits', () => {
    expect(memoryBench({ depth: 2 }).transport.arenas).toBe(3);
  });

  test('as many datagrams wait as there is room for; the others are counted', async () => {
    const bench = memoryBench({ resolves: false });
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.discover());

    for (let number = 2; number < WAITING_LIMIT + 10; number += 1) {
      await bench.hear(guestNumber(number).inform('10.15.3.250'), guestNumber(number).discover());
    }

    expect(bench.drops('no-room')).toBe(8);
    bench.store.release();
    await bench.clock.pass(0);
    expect(bench.exchange.isIdle).toBe(true);
  });
});

describe('all buffers taken', () => {
  /** A commit hangs; half of what there is room for waits for the next one, each with a message of its client behind it. */
  async function filled(): Promise<Bench> {
    const bench = memoryBench({ resolves: false });
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.discover());
    for (let number = 0; number < WAITING_LIMIT / 2; number += 1) {
      const guest = guestNumber(1000 + number);
      await bench.hear(guest.discover(), guest.discover());
    }
    expect([...bench.record.drops]).toEqual([]);
    return bench;
  }

  test('RFC 2131 §4.1: a message whose client has sent it again by now gives its room to a new one, and none before', async () => {
    const bench = await filled();

    await bench.hear(guestNumber(2).discover());
    await bench.clock.pass(STALE_AFTER);
    await bench.hear(guestNumber(2).discover());
    const early = [...bench.record.drops];
    await bench.clock.pass(1);
    await bench.hear(guestNumber(2).discover());
    const late = [...bench.record.drops];

    expect(early).toEqual([['no-room', 2]]);
    expect(late).toEqual([
      ['no-room', 2],
      ['stale', 1],
    ]);
    bench.store.release();
    await bench.clock.pass(0);
    expect(bench.replies().at(-1)).toMatch(/^DHCPOFFER .* to 52:54:00:00:00:02$/);
  });

  test('room is given back by every message that is over, and by every one that a newer one replaces', async () => {
    const subnet = segment({ pools: [range('10.16.0.0', '10.16.127.255')] });
    const bench = memoryBench({ plan: { subnet, probeMilliseconds: 300 } });
    const guests = Array.from({ length: WAITING_LIMIT + 1 }, (_, number) => guestNumber(1000 + number));
    for (const guest of guests) {
      await bench.hear(guest.discover());
      bench.questions[0]?.answer(undefined);
    }
    await bench.hear(GUEST.discover());
    for (const _ of guests) await bench.hear(GUEST.discover());

    expect([...bench.record.drops]).toEqual([['superseded', WAITING_LIMIT]]);
  });

  test('one stale message gives way for each that comes: no more, and while there are some', async () => {
    const bench = await filled();
    await bench.clock.pass(STALE_AFTER + 1);

    for (let number = 2; number < WAITING_LIMIT / 2 + 7; number += 1)
      await bench.hear(guestNumber(number).discover());

    expect([...bench.record.drops]).toEqual([
      ['stale', WAITING_LIMIT / 2],
      ['no-room', 5],
    ]);
    bench.store.release();
    await bench.clock.pass(0);
    expect(bench.exchange.isIdle).toBe(true);
  });
});

describe('what a commit ends in', () => {
  test.each(['failed', 'unknown', 'unknown but written'] as const)(
    '%s: silence, and the client is served when it asks again',
    async (fate) => {
      const bench = memoryBench();
      const address = await offerTo(bench, GUEST);
      bench.store.script({ fate });

      await bench.hear(GUEST.select(address, SERVER));
      const first = bench.replies();
      await bench.hear(GUEST.select(address, SERVER));

      expect(first).toEqual([]);
      expect(bench.replies()).toEqual([`DHCPACK ${address} to 52:54:00:00:00:01`]);
      expect(bench.inFlight.size).toBe(0);
    },
  );

  test('conflict: decided again, and answered as what stands now demands', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ fate: 'conflict' });

    await bench.hear(GUEST.select(address, SERVER));

    expect(bench.record.decisions.slice(1)).toEqual([
      'DHCPREQUEST bound conflict',
      'DHCPREQUEST bound committed',
    ]);
    expect(bench.replies()).toHaveLength(1);
  });

  test.each([
    { takes: 500, asks: 0 },
    { takes: 1500, asks: 1 },
  ])('a conflict after $takes ms: the segment is asked again $asks times', async ({ takes, asks }) => {
    const bench = memoryBench({ resolves: false, plan: { probeMilliseconds: 300 } });
    bench.store.script({ fate: 'conflict', takes });
    await bench.hear(new Guest('52:54:00:00:00:01').discover());
    bench.questions[0]?.answer(undefined);
    await bench.clock.pass(takes);

    expect(bench.questions).toHaveLength(asks);
    bench.questions[0]?.answer(undefined);
    await bench.clock.pass(0);
    expect(bench.replies()).toHaveLength(1);
  });

  test('conflict four times: dropped and counted', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.otherwise({ fate: 'conflict' });

    await bench.hear(GUEST.select(address, SERVER));

    expect(bench.store.commits).toHaveLength(4);
    expect(bench.drops('conflict-limit')).toBe(1);
    expect(bench.replies()).toEqual([]);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test('one change in conflict does not touch the others of its commit', async () => {
    const bench = memoryBench();
    const addresses = [await offerTo(bench, guestNumber(1)), await offerTo(bench, guestNumber(2))];
    bench.store.script({ fate: ['failed', 'compare'] });

    await bench.hear(...addresses.map((address, index) => guestNumber(index + 1).select(address, SERVER)));

    expect(bench.replies()).toEqual([`DHCPACK ${addresses[1]} to 52:54:00:00:00:02`]);
  });

  test('a store that breaks its word and rejects costs silence, not the server', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    const commit = bench.store.commit.bind(bench.store);
    bench.store.commit = () => Promise.reject(new Error('broken'));

    await bench.hear(GUEST.select(address, SERVER));
    bench.store.commit = commit;
    await bench.hear(GUEST.select(address, SERVER));

    expect(bench.record.errors).toHaveLength(1);
    expect(bench.replies()).toHaveLength(1);
  });

  test('a store that commits everything lets no DHCPOFFER out before its commit', async () => {
    const bench = memoryBench({ resolves: false });
    bench.store.script({ takes: 'until released' });

    await bench.hear(GUEST.discover());
    const before = bench.replies();
    bench.store.release();
    await bench.clock.pass(0);

    expect(before).toEqual([]);
    expect(bench.replies()).toHaveLength(1);
  });
});

describe('what waited may not undo what came after it', () => {
  test('RFC 2131 §4.3.4: a DHCPRELEASE that waited is silence when its client was confirmed elsewhere meanwhile', async () => {
    const bench = memoryBench({ resolves: false });
    const address = await bind(bench, GUEST);
    bench.store.script({ takes: 'until released', fate: 'failed' });
    await bench.hear(GUEST.extend(address));
    await bench.hearUnicast(GUEST.release(address, SERVER), address);

    const record = bench.store.table.recordAt(at(address));
    if (record === undefined) throw new Error('no record');
    const { client, version } = record;
    bench.store.applyForeign({
      ...freeing(address, client, version),
      writes: [
        { address: record.address, expectedVersion: version, next: { ...record, hostname: undefined } },
      ],
    });
    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.record.decisions.at(-1)).toBe('DHCPRELEASE overtaken');
    expect(stateAt(bench, address)).toBe('bound');
  });

  test('RFC 2131 §4.3.4: a DHCPRELEASE that waited for its own predecessor is carried out', async () => {
    const bench = memoryBench();
    const address = await bind(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.extend(address));
    await bench.clock.pass(1000);
    await bench.hearUnicast(GUEST.release(address, SERVER), address);

    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.record.decisions.at(-1)).toBe('DHCPRELEASE released committed');
    expect(stateAt(bench, address)).toBe('free');
  });

  test('RFC 2131 §4.3.3: a DHCPDECLINE that waited for ARP takes no address from its client that was confirmed meanwhile', async () => {
    const bench = memoryBench({ resolves: false });
    const address = await bind(bench, GUEST);
    bench.exchange.plan = planOf({ probeMilliseconds: 300 });
    await bench.hear(GUEST.decline(address, SERVER));
    const [question] = bench.questions;
    expect(question?.address).toBe(address);

    // By another gateway: the client has begun anew since, and uses the address.
    const record = bench.store.table.recordAt(at(address));
    if (record === undefined) throw new Error('no record');
    bench.store.applyForeign({
      ...freeing(address, record.client, record.version),
      writes: [
        {
          address: record.address,
          expectedVersion: record.version,
          next: { ...record, hostname: undefined },
        },
      ],
    });
    question?.answer('52:54:00:00:00:99');
    await bench.clock.pass(0);

    expect(bench.record.decisions.at(-1)).toBe('DHCPDECLINE overtaken');
    expect(stateAt(bench, address)).toBe('bound');
  });

  test('a foreign write between the predecessor and its outcome is not taken for the predecessor', async () => {
    const bench = memoryBench();
    const address = await bind(bench, GUEST);
    bench.store.script({ takes: 'until released', fate: ['conflict'] });
    await bench.hearUnicast(GUEST.extend(address), address);
    await bench.hearUnicast(GUEST.release(address, SERVER), address);
    const record = bench.store.table.recordAt(at(address));
    if (record === undefined) throw new Error('no record');
    bench.store.applyForeign({
      ...freeing(address, record.client, record.version),
      writes: [{ address: record.address, expectedVersion: record.version, next: record }],
    });

    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.record.decisions.slice(-2)).toEqual([
      'DHCPREQUEST renewed committed',
      'DHCPRELEASE overtaken',
    ]);
  });
});

describe('waiting', () => {
  const probing = { plan: { probeMilliseconds: 300 } };

  test('RFC 2131 §2.2: an address that nothing vouches for is asked for before it is offered', async () => {
    const bench = memoryBench(probing);

    await bench.hear(GUEST.discover());

    const [question] = bench.questions;
    expect(question?.milliseconds).toBe(300);
    expect([...bench.inFlight]).toEqual([at(question?.address ?? '')]);
    expect(bench.replies()).toEqual([]);
    question?.answer(undefined);
    expect(bench.replies()).toEqual([`DHCPOFFER ${question?.address} to 52:54:00:00:00:01`]);
    expect(bench.inFlight.size).toBe(0);
  });

  test('RFC 2131 §2.2: an address that another machine answers for is set aside, and the next one is asked for', async () => {
    const bench = memoryBench(probing);
    await bench.hear(GUEST.discover());
    const taken = bench.questions[0]?.address ?? '';

    bench.questions[0]?.answer('52:54:00:00:00:99');
    await bench.clock.pass(0);

    expect(stateAt(bench, taken)).toBe('declined');
    expect(bench.questions[0]?.address).not.toBe(taken);
    bench.questions[0]?.answer(undefined);
    expect(bench.replies()).toHaveLength(1);
  });

  test('two clients are asked for at once, and no commit is held up', async () => {
    const bench = memoryBench(probing);

    await bench.hear(GUEST.discover(), guestNumber(2).discover());
    const asked = new Set(bench.questions.map((question) => question.address));
    for (const question of [...bench.questions]) question.answer(undefined);

    expect(asked.size).toBe(2);
    expect(bench.replies()).toHaveLength(2);
  });

  test('what is answered at one moment is decided and committed together', async () => {
    let run = () => {};
    const bench = memoryBench({ ...probing, soon: (later) => (run = later) });
    await bench.hear(...[GUEST, guestNumber(2), guestNumber(3)].map((guest) => guest.discover()));

    for (const question of [...bench.questions]) question.answer('52:54:00:00:00:99');
    expect(bench.store.commits).toEqual([]);
    run();
    await settle();

    expect(bench.store.commits.map((changes) => changes.length)).toEqual([3]);
  });

  test('the datagram is kept whole while its arena is filled anew', async () => {
    const bench = memoryBench(probing);
    await bench.hear(GUEST.discover());
    for (let number = 2; number < 6; number += 1) await bench.hear(guestNumber(number).discover());

    bench.questions[0]?.answer(undefined);

    expect(bench.replies()).toEqual([expect.stringContaining('to 52:54:00:00:00:01')]);
  });

  test('a later message of its client waits behind it, and is answered after it', async () => {
    const bench = memoryBench(probing);
    await bench.hear(GUEST.discover());

    await bench.hear(GUEST.inform('10.15.3.77'));
    const before = bench.replies();
    bench.questions[0]?.answer(undefined);

    expect(before).toEqual([]);
    expect(bench.replies().map((reply) => reply.split(' ')[0])).toEqual(['DHCPOFFER', 'DHCPACK']);
  });

  test('what it takes to ask the segment does not make a message stale', async () => {
    const bench = memoryBench({ plan: { probeMilliseconds: 3000 } });
    await bench.hear(GUEST.discover());
    await bench.clock.pass(2900);
    bench.questions[0]?.answer('52:54:00:00:00:99');
    await bench.clock.pass(0);

    await bench.clock.pass(2900);
    bench.questions[0]?.answer(undefined);

    expect(bench.replies()).toHaveLength(1);
    expect(bench.drops('stale')).toBe(0);
  });

  test('when too much is being asked the message is dropped and counted', async () => {
    const bench = memoryBench({ ...probing, questions: 1 });

    await bench.hear(GUEST.discover(), guestNumber(2).discover());

    expect(bench.drops('no-room')).toBe(1);
    expect(bench.inFlight.size).toBe(1);
  });

  test('without a question the time alone ends it', async () => {
    const bench = memoryBench({
      decide: (_message, _arrival, context, now) =>
        context.waited
          ? { kind: 'silence', reason: 'no-binding' }
          : {
              kind: 'wait',
              until: instant(now + 50),
              address: at('10.15.3.20'),
              probe: false,
              reason: 'listening',
            },
    });
    await bench.hear(GUEST.discover());

    await bench.clock.pass(49);
    const before = bench.record.decisions.at(-1);
    await bench.clock.pass(1);

    expect(before).toBe('DHCPDISCOVER listening');
    expect(bench.record.decisions.at(-1)).toBe('DHCPDISCOVER no-binding');
  });

  test('two clients that wait for one address do so one after the other', async () => {
    const bench = memoryBench({
      decide: (_message, _arrival, context, now) =>
        context.answers.has(at('10.15.3.20'))
          ? { kind: 'silence', reason: 'no-binding' }
          : {
              kind: 'wait',
              until: instant(now + 300),
              address: at('10.15.3.20'),
              probe: true,
              reason: 'asking-address',
            },
    });

    await bench.hear(GUEST.discover(), guestNumber(2).discover());

    expect(bench.questions).toHaveLength(1);
    bench.questions[0]?.answer(undefined);
    expect(bench.questions).toHaveLength(1);
    bench.questions[0]?.answer(undefined);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test('an engine that never ends waiting costs one message, not the server', async () => {
    const bench = memoryBench({
      decide: (_message, _arrival, _known, now) => ({
        kind: 'wait',
        until: now,
        address: at('10.15.3.20'),
        probe: false,
        reason: 'asking-address',
      }),
    });

    await bench.hear(GUEST.discover());
    await bench.clock.pass(10);

    expect(bench.drops('broken')).toBe(1);
    expect(bench.record.decisions).toHaveLength(WAIT_LIMIT);
    expect(bench.exchange.isIdle).toBe(true);
  });
});

describe('deciding again', () => {
  test('a change that is only a step is committed, and the message then decided on it', async () => {
    const decide = always((client, asked) =>
      asked === 1
        ? { kind: 'again', reason: 'address-in-use', change: freeing('10.15.3.20', client) }
        : { kind: 'silence', reason: 'no-binding' },
    );
    const bench = memoryBench({ decide });

    await bench.hear(GUEST.discover());

    expect(bench.record.decisions).toEqual([
      'DHCPDISCOVER address-in-use committed',
      'DHCPDISCOVER no-binding',
    ]);
  });

  test('no end of steps: dropped and counted', async () => {
    const decide = always((client, asked) => ({
      kind: 'again',
      reason: 'address-in-use',
      change: { ...freeing(`10.15.3.${20 + asked}`, client), expectedBindingVersion: asked - 1 },
    }));
    const bench = memoryBench({ decide });

    await bench.hear(GUEST.discover());

    expect(bench.store.commits).toHaveLength(4);
    expect(bench.drops('conflict-limit')).toBe(1);
  });

  test('a change that touches what is in flight waits for it, although the engine did not see that', async () => {
    const bench = memoryBench({
      decide: always((client) => ({
        kind: 'silence',
        reason: 'released',
        change: freeing('10.15.3.20', client),
      })),
    });
    bench.store.script({ takes: 'until released', fate: 'failed' });

    await bench.hear(GUEST.discover(), guestNumber(2).discover());
    const first = bench.store.commits.map((changes) => changes.length);
    bench.store.release();
    await bench.clock.pass(0);

    expect(first).toEqual([1]);
    expect(bench.record.decisions).toEqual([
      'DHCPDISCOVER released failed',
      'DHCPDISCOVER released committed',
    ]);
  });

  test('no reply waits for the observer, and an observer that throws loses none', async () => {
    const bench = memoryBench();
    const seen: string[] = [];
    bench.record.decided = ({ type }, _client, { reason }) => {
      seen.push(`${type} ${reason} behind ${bench.transport.sent.length}`);
      throw new Error('a mistake');
    };

    const address = await offerTo(bench, GUEST);
    await bench.hear(guestNumber(2).discover(), GUEST.select(address, SERVER));

    expect(seen).toEqual([
      'DHCPDISCOVER offered behind 1',
      'DHCPDISCOVER offered behind 1',
      'DHCPREQUEST bound behind 2',
    ]);
    expect(bench.record.errors).toHaveLength(3);
    expect(bench.replies()).toHaveLength(2);
  });

  test('an engine that throws costs one message, not the server', async () => {
    const bench = memoryBench({
      decide: always((_client, asked) => {
        if (asked === 1) throw new Error('a mistake');
        return { kind: 'silence', reason: 'no-binding' };
      }),
    });

    await bench.hear(GUEST.discover(), GUEST.discover());

    expect(bench.record.errors).toHaveLength(1);
    expect(bench.record.decisions).toEqual(['DHCPDISCOVER no-binding']);
  });
});

describe('RFC 2131 §4.3.3', () => {
  test('DHCPDECLINEs of a client are counted when they have been decided', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);

    await bench.hear(GUEST.decline(address, SERVER));

    expect([...bench.serverState.declines]).toEqual([[hardwareFromText(GUEST.mac), 1]]);
  });

  test("DHCPDECLINEs of other servers' addresses, or of none of ours, are not counted", async () => {
    const bench = memoryBench();

    await bench.hear(GUEST.decline('10.15.3.99', '10.15.3.11'), guestNumber(2).decline('10.15.3.99', SERVER));

    expect(bench.record.decisions).toEqual(['DHCPDECLINE not-for-us', 'DHCPDECLINE no-binding']);
    expect(bench.serverState.declines.size).toBe(0);
  });

  test('DHCPDECLINEs of machines that share an identifier are counted apart', async () => {
    const bench = memoryBench();
    const clones = [1, 2].map(
      (number) => new Guest(`52:54:00:00:00:0${number}`, { identifier: [255, 1, 2] }),
    );

    for (const clone of clones) {
      const address = await offerTo(bench, clone);
      await bench.hear(clone.decline(address, SERVER));
    }

    expect([...bench.serverState.declines.values()]).toEqual([1, 1]);
  });

  test.each([
    ['one network card', {}],
    ['machines without an Ethernet address', { hlen: 0 }],
  ])('%s cannot empty the pool, under however many client identifiers', async (_who, fields) => {
    const bench = memoryBench();

    for (let number = 0; number < 40; number += 1) {
      const guest = new Guest('52:54:00:00:00:66', { identifier: [255, 0, 0, number], fields });
      await bench.hear(guest.decline(await offerTo(bench, guest), SERVER));
    }

    const declined = bench.record.decisions.filter((line) => line.startsWith('DHCPDECLINE declined'));
    expect(declined).toHaveLength(3);
  });
});

describe('orders from inside', () => {
  const soon = (run: () => void) => void setImmediate(run);

  function order(decision: Decision, outcomes: (Outcome | 'nothing')[]) {
    return { decide: () => decision, done: (outcome: Outcome | 'nothing') => outcomes.push(outcome) };
  }

  test('an order is committed like the change of a message', async () => {
    const bench = memoryBench();
    const outcomes: (Outcome | 'nothing')[] = [];

    bench.exchange.submit(
      order({ kind: 'silence', reason: 'expired', change: freeing('10.15.3.20', KEY) }, outcomes),
    );
    await bench.clock.pass(0);

    expect(outcomes).toEqual(['committed']);
    expect(bench.record.orders).toEqual(['expired committed']);
  });

  test('an order with nothing to write says so', () => {
    const bench = memoryBench();
    const outcomes: (Outcome | 'nothing')[] = [];

    bench.exchange.submit(order({ kind: 'silence', reason: 'no-binding' }, outcomes));

    expect(outcomes).toEqual(['nothing']);
  });

  test('orders that are given together are each decided once, and committed together', async () => {
    const bench = memoryBench({ soon });
    const decided: string[] = [];

    for (const address of ['10.15.3.20', '10.15.3.21', '10.15.3.22']) {
      const change = freeing(address, `01${address.slice(-2)}` as ClientKey);
      bench.exchange.submit({
        decide: () => {
          decided.push(address);
          return { kind: 'silence', reason: 'expired', change };
        },
        done: () => {},
      });
    }
    await settle();

    expect(decided).toEqual(['10.15.3.20', '10.15.3.21', '10.15.3.22']);
    expect(bench.store.commits.map((changes) => changes.length)).toEqual([3]);
  });

  test.each([
    [8, 1],
    [9, 0],
  ])(
    'beside %d orders about reservations a message is answered after %d commits: before many are written the sockets are read',
    async (count, expected) => {
      const bench = memoryBench({ soon });
      const committed: number[] = [];
      const outcomes: (Outcome | 'nothing')[] = [];
      setImmediate(() => {
        void bench.hear(GUEST.discover());
        committed.push(bench.store.commits.length, bench.replies().length);
      });

      for (let number = 0; number < count; number += 1) {
        const change = reservationChange(bench.store, reservationOf(`r${number}`, `10.15.3.${30 + number}`));
        bench.exchange.submit(order({ kind: 'silence', reason: 'reserved-by-operator', change }, outcomes));
      }
      for (let turn = 0; turn < 4; turn += 1) await settle();

      expect(committed).toEqual([expected, 1]);
      expect(bench.store.commits.map((changes) => changes.length)).toEqual([count]);
      expect(outcomes).toEqual(Array.from({ length: count }, () => 'committed'));
    },
  );

  test('orders that are given as the exchange stops are told that nothing was done', async () => {
    const bench = memoryBench({ soon });
    const outcomes: (Outcome | 'nothing')[] = [];

    bench.exchange.submit(order({ kind: 'silence', reason: 'no-binding' }, outcomes));
    await bench.exchange.stop();
    await settle();

    expect([outcomes, bench.exchange.isIdle]).toEqual([['nothing'], true]);
  });

  test('an order waits behind the client that it is about, and the client behind it', async () => {
    const bench = memoryBench();
    const address = await bind(bench, GUEST);
    bench.store.otherwise({ takes: 'until released' });
    await bench.hearUnicast(GUEST.extend(address), address);
    const outcomes: (Outcome | 'nothing')[] = [];

    bench.exchange.submit({
      decide: (now, leases) => {
        const lease = leases.at(at(address));
        if (lease === undefined) throw new Error('no lease');
        const next = { ...lease, state: 'free', expiresAt: now, hostname: undefined } as const;
        const writes = [{ address: lease.address, expectedVersion: lease.version, next }];
        const change = {
          kind: 'binding',
          client: lease.client,
          expectedBindingVersion: lease.version,
          writes,
        } as const;
        return { kind: 'silence', reason: 'expired', change: { ...change, at: now, reason: 'expired' } };
      },
      done: (outcome) => outcomes.push(outcome),
    });
    await bench.hear(GUEST.discover());
    expect(bench.store.commits.at(-1)).toHaveLength(1);
    while (bench.store.release()) await bench.clock.pass(0);

    expect(bench.record.decisions.slice(2)).toContain('DHCPREQUEST renewed committed');
    expect(outcomes).toEqual(['committed']);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test('an order in conflict is decided again more often than a message, and then told so', async () => {
    const bench = memoryBench();
    const outcomes: (Outcome | 'nothing')[] = [];
    bench.store.otherwise({ fate: 'conflict' });

    bench.exchange.submit(
      order({ kind: 'silence', reason: 'expired', change: freeing('10.15.3.20', KEY) }, outcomes),
    );
    await bench.clock.pass(0);

    expect(bench.store.commits).toHaveLength(13);
    expect(outcomes).toEqual(['conflict']);
  });

  test('there is room for a bounded number of orders', () => {
    const bench = memoryBench();
    bench.store.otherwise({ takes: 'until released' });
    let taken = 0;

    for (let number = 0; number < 300; number += 1) {
      const change = freeing('10.15.3.20', KEY);
      if (bench.exchange.submit(order({ kind: 'silence', reason: 'expired', change }, []))) taken += 1;
    }

    expect(taken).toBe(256);
  });
});

describe('stopping', () => {
  test('the commit under way ends and is answered; what waits is dropped; nothing more is read', async () => {
    const bench = memoryBench();
    const address = await offerTo(bench, GUEST);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER), GUEST.discover());

    const stopped = bench.exchange.stop();
    bench.transport.put(guestNumber(2).discover());
    bench.transport.deliver();
    bench.store.release();
    await stopped;

    expect(bench.replies()).toEqual([`DHCPACK ${address} to 52:54:00:00:00:01`]);
    expect(bench.drops('stopping')).toBe(1);
    expect(bench.inFlight.size).toBe(0);
    expect(bench.transport.unread).toBe(1);
    expect(bench.exchange.submit({ decide: () => ({ kind: 'silence', reason: 'expired' }), done() {} })).toBe(
      false,
    );
  });

  test('questions that are open are cancelled, and nothing stays in flight', async () => {
    const bench = memoryBench({ plan: { probeMilliseconds: 300 } });
    await bench.hear(GUEST.discover(), guestNumber(2).discover());
    const questions = [...bench.questions];

    await bench.exchange.stop();

    expect(questions.map((question) => question.isCancelled)).toEqual([true, true]);
    expect(bench.inFlight.size).toBe(0);
  });
});
