import { describe, expect, test } from 'vitest';
import { ArpProber } from '../../src/detection/arp-prober.ts';
import { hardwareFromText, hardwareToText } from '../../src/net/hardware-address.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { at } from '../support/plan.ts';
import { SimulatedSegment } from '../support/simulated-transport.ts';

const ADDRESS = at('10.15.3.20');
const HOLDER = hardwareFromText('52:54:00:00:00:99');
const OWN = hardwareFromText('52:54:00:00:00:01');
const OTHER = hardwareFromText('52:54:00:00:00:98');
if (HOLDER === undefined || OWN === undefined || OTHER === undefined) throw new Error('not an address');

function setUp() {
  const clock = new FakeClock();
  const segment = new SimulatedSegment();
  const answers: string[] = [];
  const note =
    (who: string) =>
    (holder: Parameters<typeof hardwareToText>[0] | undefined, weak?: string): void => {
      const name = holder === undefined ? 'nobody' : hardwareToText(holder);
      answers.push(`${who}: ${name}${weak === undefined ? '' : `, ${weak}`} at ${clock.monotonic()}`);
    };
  return { clock, segment, answers, note, prober: new ArpProber(segment, clock) };
}

describe('RFC 2131 §2.2: asking the segment for an address', () => {
  test('three requests are sent, spread over the time, and silence is the answer at its end', async () => {
    const bench = setUp();

    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));
    const counts = [bench.segment.asked.length];
    for (const step of [99, 1, 99, 1]) {
      await bench.clock.pass(step);
      counts.push(bench.segment.asked.length);
    }
    await bench.clock.pass(100);

    expect(counts).toEqual([1, 1, 2, 2, 3]);
    expect(bench.answers).toEqual(['a: nobody at 300']);
  });

  test('the first answer ends it, and no more is asked', async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));

    await bench.clock.pass(50);
    bench.segment.say(ADDRESS, HOLDER);
    bench.segment.say(ADDRESS, HOLDER);
    await bench.clock.pass(300);

    expect(bench.answers).toEqual(['a: 52:54:00:00:00:99 at 50']);
    expect(bench.segment.asked).toHaveLength(1);
    expect(bench.clock.pending).toBe(0);
    expect(bench.prober.open).toBe(0);
  });

  test("the asking machine's own answer does not end it: another holder may be slower", async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));

    bench.segment.say(ADDRESS, OWN);
    await bench.clock.pass(250);
    bench.segment.say(ADDRESS, HOLDER);

    expect(bench.answers).toEqual(['a: 52:54:00:00:00:99 at 250']);
  });

  test("where nobody else answers, the asking machine's own answer is the answer at the end", async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));

    bench.segment.say(ADDRESS, OWN);
    await bench.clock.pass(300);

    expect(bench.answers).toEqual(['a: 52:54:00:00:00:01 at 300']);
    expect(bench.segment.asked).toHaveLength(3);
  });

  test('who is not believed ends nothing, and whoever else answers is heard', async () => {
    const bench = setUp();
    const believing = new ArpProber(bench.segment, bench.clock, {
      weigh: (_address, holder) => (holder === HOLDER ? 'doubtful' : 'certain'),
    });
    believing.probe(ADDRESS, OWN, 300, bench.note('a'));

    bench.segment.say(ADDRESS, HOLDER);
    await bench.clock.pass(10);
    bench.segment.say(ADDRESS, OTHER);

    expect(bench.answers).toEqual(['a: 52:54:00:00:00:98 at 10']);
  });

  describe('where one answer alone is weak', () => {
    const weak = (bench: ReturnType<typeof setUp>, doubted?: typeof HOLDER) =>
      new ArpProber(bench.segment, bench.clock, {
        weigh: (_address, holder) => (holder === doubted ? 'doubtful' : 'once'),
      });

    test('the second answer of a machine, to another request, ends it and is certain', async () => {
      const bench = setUp();
      weak(bench).probe(ADDRESS, OWN, 300, bench.note('a'));

      bench.segment.say(ADDRESS, HOLDER);
      bench.segment.say(ADDRESS, HOLDER);
      await bench.clock.pass(110);
      bench.segment.say(ADDRESS, HOLDER);

      expect(bench.answers).toEqual(['a: 52:54:00:00:00:99 at 110']);
    });

    test('a machine that has answered once is told at the end, as weak', async () => {
      const bench = setUp();
      weak(bench).probe(ADDRESS, OWN, 300, bench.note('a'));

      bench.segment.say(ADDRESS, HOLDER);
      bench.segment.say(ADDRESS, OWN);
      await bench.clock.pass(300);

      expect(bench.answers).toEqual(['a: 52:54:00:00:00:99, once at 300']);
    });

    test("a machine that is not believed is nobody, which is told; the asking machine's own answer counts beside it", async () => {
      const bench = setUp();
      const asked = weak(bench, HOLDER);
      asked.probe(ADDRESS, OWN, 300, bench.note('a'));
      asked.probe(ADDRESS, OTHER, 300, bench.note('b'));

      bench.segment.say(ADDRESS, HOLDER);
      bench.segment.say(ADDRESS, OTHER);
      await bench.clock.pass(110);
      bench.segment.say(ADDRESS, HOLDER);
      await bench.clock.pass(190);

      expect(bench.answers).toEqual([
        'a: 52:54:00:00:00:98, once at 300',
        'b: 52:54:00:00:00:98, doubtful at 300',
      ]);
    });

    test('of a flood of machines no more than a few are remembered', async () => {
      const bench = setUp();
      weak(bench).probe(ADDRESS, OWN, 300, bench.note('a'));

      for (let number = 0; number < 100_000; number += 1)
        bench.segment.say(ADDRESS, (0x525401000000 + number) as typeof HOLDER & number);
      await bench.clock.pass(300);

      expect(bench.answers).toEqual(['a: nobody, doubtful at 300']);
    });

    test('machines that have each answered once contradict each other from the third one on', async () => {
      const bench = setUp();
      weak(bench).probe(ADDRESS, OWN, 300, bench.note('a'));
      weak(bench).probe(at('10.15.3.21'), OWN, 300, bench.note('b'));

      for (const holder of [HOLDER, OTHER]) bench.segment.say(at('10.15.3.21'), holder);
      await bench.clock.pass(300);

      expect(bench.answers.at(-1)).toBe('b: 52:54:00:00:00:99, once at 300');
    });
  });

  test('what is said of another address is no answer', async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));

    bench.segment.say(at('10.15.3.21'), HOLDER);
    await bench.clock.pass(299);

    expect(bench.answers).toEqual([]);
  });

  test('all who ask for one address hear its answer', async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));
    await bench.clock.pass(10);
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('b'));

    bench.segment.say(ADDRESS, HOLDER);

    expect(bench.answers).toEqual(['a: 52:54:00:00:00:99 at 10', 'b: 52:54:00:00:00:99 at 10']);
  });

  test('a later probe has its own time, and requests of its own', async () => {
    const bench = setUp();
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));
    await bench.clock.pass(290);
    const before = bench.segment.asked.length;
    bench.prober.probe(ADDRESS, OWN, 300, bench.note('b'));

    await bench.clock.pass(300);

    expect(bench.answers).toEqual(['a: nobody at 300', 'b: nobody at 590']);
    expect(bench.segment.asked.length - before).toBe(3);
  });

  test('a question that was cancelled is not answered, and leaves nothing behind', async () => {
    const bench = setUp();

    const cancel = bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));
    if (cancel !== 'too-many') cancel();
    bench.segment.say(ADDRESS, HOLDER);
    await bench.clock.pass(300);

    expect(bench.answers).toEqual([]);
    expect(bench.clock.pending).toBe(0);
    expect(bench.prober.open).toBe(0);
  });

  test('no more than 2,048 questions are open at once', () => {
    const bench = setUp();

    const taken = Array.from({ length: 2100 }, () => bench.prober.probe(ADDRESS, OWN, 300, bench.note('a')));

    expect(taken.filter((cancel) => cancel !== 'too-many')).toHaveLength(2048);
  });

  test('an operator who asks meanwhile is told that too much is being asked, and not that ARP cannot be used', async () => {
    const bench = setUp();
    for (let number = 0; number < 2048; number += 1) bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));

    expect(await bench.prober.ask(ADDRESS, 300)).toBe('too-many');
    await bench.clock.pass(300);
    const asked = bench.prober.ask(ADDRESS, 300);
    await bench.clock.pass(300);
    expect(await asked).toBeUndefined();
  });

  test('where there is no socket for it, nobody is waited for', async () => {
    const bench = setUp();
    bench.segment.canAsk = false;

    bench.prober.probe(ADDRESS, OWN, 300, bench.note('a'));
    const atOnce = [...bench.answers];
    await bench.clock.pass(0);

    expect(atOnce).toEqual([]);
    expect(bench.answers).toEqual(['a: nobody at 0']);
    expect(bench.segment.asked).toEqual([]);
    await settle();
  });
});
