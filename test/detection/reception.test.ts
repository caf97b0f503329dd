import { describe, expect, test } from 'vitest';
import { Reception } from '../../src/detection/reception.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';

/** Sockets and interface of a node: both are told what came. */
class Node {
  readonly clock = new FakeClock();
  readonly log = new LogLines();
  /** What the sockets have brought: broadcasts, and unicasts. */
  heard = 0;
  unicasts = 0;
  /** What has come to the interface since the last look. */
  frames = 0;
  counters = 0;
  canCount = true;
  readonly reception = new Reception({
    interfaceName: 'eth0',
    clock: this.clock,
    log: this.log,
    hasCarrier: () => true,
    sentinelFrames: () => 3,
    countFrames: () => {
      if (!this.canCount) return undefined;
      this.counters += 1;
      this.frames = 0;
      return { count: () => this.#taken(), close: () => (this.counters -= 1) };
    },
  });

  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      await this.clock.pass(1000);
      this.reception.check(this.heard + this.unicasts, this.heard);
    }
  }

  get status() {
    return this.reception.status(this.heard + this.unicasts);
  }

  #taken(): number {
    const { frames } = this;
    this.frames = 0;
    return frames;
  }
}

describe('whether messages reach the sockets', () => {
  test('what comes to the interface and is not heard is a problem, said once, until something is heard', async () => {
    const node = new Node();
    await node.seconds(1);
    node.frames = 1;
    await node.seconds(2);
    const one = node.reception.problem;
    node.frames = 3;
    await node.seconds(4);
    const several = node.reception.problem;
    node.heard = 1;
    await node.seconds(1);

    expect(one).toBeUndefined();
    expect(several).toMatchObject({ name: 'unheard', stopsNewGuests: true });
    expect(several?.message).toContain('eth0');
    expect(node.reception.problem).toBeUndefined();
    expect(node.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  test('renewals by unicast do not hide that no broadcast is heard', async () => {
    const node = new Node();
    for (let second = 0; second < 10; second += 1) {
      node.frames = 1;
      node.unicasts += 1;
      await node.seconds(1);
    }

    expect(node.reception.problem).toMatchObject({ name: 'unheard' });
    expect(node.status.lastHeard).not.toBeNull();
  });

  test('a message is told of at once, also before the next look', async () => {
    const node = new Node();
    await node.seconds(1);
    node.heard = 1;

    expect(node.status.lastHeard).not.toBeNull();
  });

  test('what the sockets hear a moment after it came is no problem', async () => {
    const node = new Node();
    await node.seconds(1);
    for (let guest = 0; guest < 20; guest += 1) {
      node.frames = 5;
      await node.seconds(1);
      node.heard += 5;
      await node.seconds(31);
    }

    expect(node.reception.problem).toBeUndefined();
    expect(node.log.lines).toEqual([]);
  });

  test('nothing is counted while the sockets hear, nor until they have been quiet for half a minute', async () => {
    const node = new Node();
    node.heard = 1;
    await node.seconds(30);
    const before = node.counters;
    await node.seconds(1);
    const quiet = node.counters;
    node.heard = 2;
    await node.seconds(1);

    expect([before, quiet, node.counters]).toEqual([0, 1, 0]);
  });

  test('what was unheard minutes ago, and nothing since, is no problem any more', async () => {
    const node = new Node();
    await node.seconds(1);
    node.frames = 5;
    await node.seconds(299);
    const before = node.reception.problem;
    await node.seconds(5);

    expect(before).toBeDefined();
    expect(node.reception.problem).toBeUndefined();
    expect(node.status.unheard).toBe(0);
  });

  test('the status says since when nothing came, and that nobody knows where nothing can be counted', async () => {
    const node = new Node();
    node.canCount = false;
    const began = new Date(node.clock.now()).toISOString().replace('.000', '');
    await node.seconds(2);
    const quiet = node.status;
    node.heard = 1;
    await node.seconds(1);
    const heardAt = new Date(node.clock.now()).toISOString().replace('.000', '');

    expect(quiet).toEqual({ since: began, lastHeard: null, hasCarrier: true, sentinel: 3, unheard: null });
    expect(node.status).toEqual({
      since: began,
      lastHeard: heardAt,
      hasCarrier: true,
      sentinel: 3,
      unheard: null,
    });
  });

  test('the counting ends with the sockets', async () => {
    const node = new Node();
    await node.seconds(1);

    node.reception.close();

    expect(node.counters).toBe(0);
  });
});
