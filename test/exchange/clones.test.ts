import { describe, expect, test } from 'vitest';
import { keyOfClone, keyOfIdentifier } from '../../src/lease/client-key.ts';
import { hardwareFromText } from '../../src/net/hardware-address.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const TEMPLATE = [255, 1, 2, 3, 4, 0, 2, 0, 0, 171, 17, 9];
const SHARED = keyOfIdentifier(Uint8Array.from(TEMPLATE));
/** Longer than a machine may take to answer ARP after it got its address: milliseconds. */
const SETTLED = 61_000;

type Bench = ReturnType<typeof memoryBench>;

function macOf(number: number): string {
  return `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

function clone(number: number): Guest {
  return new Guest(macOf(number), { identifier: TEMPLATE });
}

function cloneKey(number: number) {
  const hardware = hardwareFromText(macOf(number));
  if (hardware === undefined) throw new Error('not a hardware address');
  return keyOfClone(SHARED, hardware);
}

/** The original has its lease, and long enough that it must answer ARP. */
async function bench(): Promise<{ bench: Bench; address: string }> {
  const bench = memoryBench({ plan: { probeMilliseconds: 300 } });
  await bench.hear(clone(1).discover());
  bench.questions[0]?.answer(undefined);
  const address = bench.replies()[0]?.split(' ')[1] ?? '';
  await bench.hear(clone(1).select(address, SERVER));
  bench.replies();
  await bench.clock.pass(SETTLED);
  return { bench, address };
}

/** Answers all questions, those that follow too: the original holds its address, nobody any other. */
async function answerAll(bench: Bench, address: string): Promise<void> {
  for (let [question] = bench.questions; question !== undefined; [question] = bench.questions) {
    question.answer(question.address === address ? macOf(1) : undefined);
    await bench.clock.pass(0);
  }
}

describe('RFC 2131 §4.2: machines that share a client identifier', () => {
  test("one machine's message never takes the place of another's", async () => {
    const { bench: all, address } = await bench();
    const clones = [2, 3, 4, 5, 6];

    for (const number of clones) await all.hear(clone(number).discover());
    await answerAll(all, address);

    expect(all.drops('superseded')).toBe(0);
    const offers = all.replies();
    expect(offers.map((offer) => offer.split(' ')[3]).sort()).toEqual(clones.map(macOf));
    expect(new Set(offers.map((offer) => offer.split(' ')[1])).size).toBe(clones.length);
  });

  test("the original's renewal is answered however many clones ask", async () => {
    const { bench: all, address } = await bench();
    await all.hear(clone(2).discover());

    await all.hearUnicast(clone(1).extend(address), address);
    await all.hear(clone(3).discover(), clone(4).discover());
    await answerAll(all, address);

    expect(all.replies()).toContain(`DHCPACK ${address} to ${macOf(1)}`);
  });

  test('of one machine the newest message is the one that is decided', async () => {
    const { bench: all, address } = await bench();

    await all.hear(clone(2).discover(), clone(2).discover(), clone(3).discover(), clone(2).discover());
    await answerAll(all, address);

    expect(all.drops('superseded')).toBe(1);
    expect(all.replies()).toHaveLength(3);
  });

  test('changes of one client are never in one commit, whichever machines they come from', async () => {
    const { bench: all, address } = await bench();
    all.store.script({ takes: 'until released' });

    await all.hearUnicast(clone(1).extend(address), address);
    await all.hear(new Guest(macOf(1), { identifier: TEMPLATE }).reboot(address), clone(2).discover());
    all.store.release();
    await all.clock.pass(0);
    await answerAll(all, address);

    for (const changes of all.store.commits) {
      expect(new Set(changes.map(({ client }) => client)).size).toBe(changes.length);
    }
    expect(all.exchange.isIdle).toBe(true);
    expect(all.inFlight.size).toBe(0);
  });

  test('RFC 2131 §4.3.4: a DHCPRELEASE of a clone that waited for its own predecessor is carried out', async () => {
    const { bench: all, address } = await bench();
    await all.hear(clone(2).discover());
    await answerAll(all, address);
    const own = all.replies()[0]?.split(' ')[1] ?? '';
    await all.hear(clone(2).select(own, SERVER));
    all.store.script({ takes: 'until released' });

    await all.hear(clone(2).extend(own));
    await all.hearUnicast(clone(2).release(own, SERVER), own);
    all.store.release();
    await all.clock.pass(0);

    expect(all.store.table.recordAt(at(own))).toMatchObject({ state: 'free', client: cloneKey(2) });
  });

  test('RFC 4361 §6.1: an original that is paused for a moment keeps its lease, and goes on with it', async () => {
    const { bench: all, address } = await bench();

    await all.hear(clone(2).discover());
    for (let [question] = all.questions; question !== undefined; [question] = all.questions) {
      question.answer(undefined);
      await all.clock.pass(0);
    }
    const own = all.replies()[0]?.split(' ')[1] ?? '';
    await all.hear(clone(2).select(own, SERVER));
    await all.hearUnicast(clone(1).extend(address), address);

    expect(own).not.toBe(address);
    expect(all.replies()).toEqual([`DHCPACK ${own} to ${macOf(2)}`, `DHCPACK ${address} to ${macOf(1)}`]);
  });
});

describe('RFC 2131 §4.2: client identifiers that share a network card', () => {
  const stage = (number: number) => new Guest(macOf(1), { identifier: [255, 0, 0, 0, number] });

  async function leased() {
    const all = memoryBench({ plan: { probeMilliseconds: 300 } });
    await all.hear(stage(1).discover());
    all.questions[0]?.answer(undefined);
    const address = all.replies()[0]?.split(' ')[1] ?? '';
    await all.hear(stage(1).select(address, SERVER));
    all.replies();
    return { all, address };
  }

  test('a renewal that comes while its address is asked for is answered, and the lease stays where it is', async () => {
    const { all, address } = await leased();

    await all.hear(stage(2).discover());
    await all.hearUnicast(stage(1).extend(address), address);
    const [question] = all.questions;
    question?.answer(macOf(1));
    await all.clock.pass(0);
    all.questions[0]?.answer(undefined);
    await all.clock.pass(0);

    expect(question?.address).toBe(address);
    const replies = all.replies();
    expect(replies).toContain(`DHCPACK ${address} to ${macOf(1)}`);
    expect(replies.find((reply) => reply.startsWith('DHCPOFFER'))).not.toContain(address);
    expect(all.exchange.isIdle).toBe(true);
  });

  test('of two that are to have one address, only the first to bind has it', async () => {
    const { all, address } = await leased();
    await all.hear(stage(2).discover());
    all.questions[0]?.answer(undefined);
    await all.clock.pass(0);

    await all.hear(stage(2).select(address, SERVER), stage(3).select(address, SERVER));
    for (let [question] = all.questions; question !== undefined; [question] = all.questions) {
      question.answer(macOf(1));
      await all.clock.pass(0);
    }

    const acks = all.replies().filter((reply) => reply.startsWith('DHCPACK'));
    expect(acks).toEqual([`DHCPACK ${address} to ${macOf(1)}`]);
    expect(all.store.table.recordAt(at(address))?.client).toBe(
      keyOfIdentifier(Uint8Array.of(255, 0, 0, 0, 2)),
    );
    expect(all.inFlight.size).toBe(0);
  });
});
