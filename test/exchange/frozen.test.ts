import { describe, expect, test } from 'vitest';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const GUEST = new Guest('52:54:00:00:00:01');
const OTHER = new Guest('52:54:00:00:00:02');
/** Longer than a client waits before it sends its message again (RFC 2131 §4.1). */
const FROZEN = 4001;
const BEAT = 250;

type Options = Parameters<typeof memoryBench>[0];

/** A gateway whose event loop turns as long as the clock goes on by `pass`; a stall stops it. */
function running(options: Options = {}) {
  const bench = memoryBench(options);
  const beat = () => {
    bench.exchange.beat();
    bench.clock.after(BEAT, beat);
  };
  beat();
  return bench;
}

async function bind(bench: ReturnType<typeof running>, guest: Guest): Promise<string> {
  await bench.hear(guest.discover());
  const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
  await bench.hear(guest.select(address, SERVER));
  bench.replies();
  return address;
}

function stateAt(bench: ReturnType<typeof running>, address: string): string | undefined {
  return bench.store.table.recordAt(at(address))?.state;
}

describe('a gateway that stood still', () => {
  test.each([
    ['DHCPDISCOVER', () => GUEST.discover()],
    ['DHCPREQUEST', () => GUEST.reboot('10.15.3.20')],
    ['DHCPINFORM', () => GUEST.inform('10.15.3.77')],
  ])('a %s that lay in the socket meanwhile is dropped and counted', async (_type, message) => {
    const bench = running();
    await bench.clock.pass(1000);
    bench.transport.put(message());

    bench.clock.stall(FROZEN);
    await bench.hear();

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale')).toBe(1);
    expect(bench.serverState.misses).toBe(1);
  });

  test.each([
    ['DHCPRELEASE', (address: string) => GUEST.release(address, SERVER)],
    ['DHCPDECLINE', (address: string) => GUEST.decline(address, SERVER)],
  ])('a %s that lay in the socket meanwhile ends no lease', async (_type, message) => {
    const bench = running();
    const address = await bind(bench, GUEST);
    await bench.clock.pass(1000);
    bench.transport.put(message(address), at(address));

    bench.clock.stall(FROZEN);
    await bench.hear();

    expect(stateAt(bench, address)).toBe('bound');
    expect(bench.drops('stale')).toBe(1);
  });

  test('for a moment only: a DHCPRELEASE from before ends no lease that another gateway has confirmed meanwhile', async () => {
    const bench = running();
    const address = await bind(bench, GUEST);
    await bench.clock.pass(1000);
    bench.transport.put(GUEST.release(address, SERVER), at(address));

    bench.clock.stall(FROZEN / 2);
    const record = bench.store.table.recordAt(at(address));
    if (record === undefined) throw new Error('no record');
    const { client, version } = record;
    const writes = [
      { address: record.address, expectedVersion: version, next: { ...record, hostname: undefined } },
    ];
    const now = bench.clock.now();
    bench.store.applyForeign({
      kind: 'binding',
      client,
      expectedBindingVersion: version,
      writes,
      at: now,
      reason: 'bound',
    });
    await bench.hear();
    const late = bench.record.decisions.at(-1);
    await bench.hearUnicast(GUEST.release(address, SERVER), address);

    expect(late).toBe('DHCPRELEASE overtaken');
    expect(bench.record.decisions.at(-1)).toBe('DHCPRELEASE released committed');
  });

  test('what comes after the sockets were emptied is answered, also in the same moment', async () => {
    const bench = running();
    await bench.clock.pass(1000);
    bench.transport.put(OTHER.discover());
    bench.clock.stall(FROZEN);
    await bench.hear();

    await bench.hear(GUEST.discover());

    expect(bench.replies()).toHaveLength(1);
    expect(bench.drops('stale')).toBe(1);
  });

  test('whichever runs first then, the beat or the read: what lay in the socket is dropped', async () => {
    const bench = running();
    await bench.clock.pass(1000);
    bench.transport.put(GUEST.discover());

    bench.clock.stall(FROZEN);
    bench.exchange.beat();
    await bench.hear();

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale')).toBe(1);
  });

  test('more than one read takes is dropped to the last datagram', async () => {
    const bench = running({ batchLimit: 2 });
    await bench.clock.pass(1000);
    for (let number = 0; number < 20; number += 1) bench.transport.put(GUEST.discover());

    bench.clock.stall(FROZEN);
    await bench.hear();

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale')).toBe(20);
  });

  test('a stall that is shorter than the retransmission of a client costs nobody anything', async () => {
    const bench = running();
    await bench.clock.pass(1000);
    bench.transport.put(GUEST.discover());

    bench.clock.stall(3000);
    await bench.hear();

    expect(bench.replies()).toHaveLength(1);
    expect(bench.drops('stale')).toBe(0);
  });

  test('an idle hour is no stall', async () => {
    const bench = running();

    await bench.clock.pass(3_600_000);
    await bench.hear(GUEST.discover());

    expect(bench.replies()).toHaveLength(1);
  });
});

describe('what was decided before a stall', () => {
  test('a DHCPACK does not leave, though its lease is durable', async () => {
    const bench = running();
    await bench.hear(GUEST.discover());
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));

    bench.clock.stall(FROZEN);
    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale-reply')).toBe(1);
    expect(stateAt(bench, address)).toBe('bound');
  });

  test('a lease whose DHCPACK does not leave does not vouch for its address: ARP is asked when its client asks again', async () => {
    const bench = running({ plan: { probeMilliseconds: 300 } });
    const { serverState, store } = bench;
    serverState.noteGap = () => {
      serverState.lastGapRevision = store.leases.revision;
    };
    await bench.hear(GUEST.discover());
    bench.questions[0]?.answer(undefined);
    await bench.clock.pass(0);
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));
    bench.clock.stall(FROZEN);
    await bench.hear(OTHER.discover()); // That it was deaf is known before its own lease is.
    store.release();
    await bench.clock.pass(0);

    await bench.hear(GUEST.select(address, SERVER));
    const asked = bench.questions.map((question) => question.address);
    bench.questions.find((question) => question.address === address)?.answer(OTHER.mac);
    await bench.clock.pass(0);

    expect(asked).toContain(address);
    expect(bench.replies()).toEqual([`DHCPNAK 0.0.0.0 to ${GUEST.mac}`]);
    expect(stateAt(bench, address)).toBe('declined');
  });

  test('a DHCPNAK that had to be confirmed does not leave', async () => {
    const bench = running({ resolves: false });
    const address = await bind(bench, OTHER);
    bench.store.script({ takes: 'until released' });
    await bench.hear(GUEST.select(address, SERVER));

    bench.clock.stall(FROZEN);
    bench.store.release();
    await bench.clock.pass(0);

    expect(bench.record.decisions.at(-1)).toBe('DHCPREQUEST offer-lost committed');
    expect(bench.replies()).toEqual([]);
  });

  test('an offer whose ARP question hung far beyond its time is not made', async () => {
    const bench = running({ plan: { probeMilliseconds: 300 } });
    await bench.hear(GUEST.discover());

    bench.clock.stall(FROZEN + 300);
    bench.questions[0]?.answer(undefined);
    await bench.clock.pass(0);

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale')).toBe(1);
  });

  test('a DHCPACK whose own round hung between the decision and the sending does not leave', async () => {
    const bench = running();
    const address = await bind(bench, GUEST);
    const resolve = bench.store.resolveWithoutCommit.bind(bench.store);
    bench.store.resolveWithoutCommit = (change) => {
      bench.clock.stall(FROZEN);
      return resolve(change);
    };

    await bench.hear(OTHER.discover());

    expect(address).not.toBe('');
    expect(bench.replies()).toEqual([]);
    expect(bench.drops('stale-reply')).toBe(1);
  });

  test('a change that was not yet handed to the store is not', async () => {
    const bench = running();
    const address = await bind(bench, GUEST);
    const { transport } = bench;
    const send = transport.send.bind(transport);
    transport.send = (outgoing) => {
      bench.clock.stall(FROZEN); // Between the decision of the release and its commit.
      return send(outgoing);
    };
    transport.put(GUEST.release(address, SERVER), at(address));

    await bench.hear(OTHER.inform('10.15.3.77'));

    expect(stateAt(bench, address)).toBe('bound');
    expect(bench.drops('stale')).toBe(1);
  });

  test('a stall within the sending is counted, for nobody can say when those replies left', async () => {
    const bench = running();
    const { transport } = bench;
    const send = transport.send.bind(transport);
    transport.send = (outgoing) => {
      bench.clock.stall(FROZEN);
      return send(outgoing);
    };

    await bench.hear(GUEST.discover());

    expect(bench.record.late).toEqual([1]);
  });
});
