import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Flags } from '../../../src/config/loading/origins.ts';
import { needsRestart } from '../../../src/config/needs-restart.ts';
import type { Settings } from '../../../src/config/settings.ts';
import type { Declaration } from '../../../src/server/declaration/declaration.ts';
import { Reload, type ReloadResult } from '../../../src/server/declaration/reload.ts';
import { LogLines } from '../../support/log-lines.ts';
import { planOf } from '../../support/plan.ts';

/** A reload of what `file` says, into a server that adopts by the rules of the real one. */
class Bench {
  file: Flags = {};
  readonly log = new LogLines();
  readonly adopted: Settings[] = [];
  /** Why what is wanted cannot be put in force. */
  faults: readonly string[] = [];
  shown = 0;
  /** How often the settings were read. */
  reads = 0;
  /** Settles when a disk answers. */
  disk: Promise<unknown> = Promise.resolve();
  readonly #reload: Reload;

  constructor() {
    const load = () => loadSettings(this.file, {});
    const loaded = load();
    if (!loaded.ok) throw new Error('the defaults are usable');
    let current = loaded.settings;
    const refusals = ({ values }: Declaration) =>
      values === undefined ? [] : needsRestart(current, values, false);
    this.#reload = new Reload(
      loaded,
      async () => {
        this.reads += 1;
        await this.disk;
        return load();
      },
      ({ settings }) => ({ planOf: () => planOf({}), values: settings }),
      {
        refusals,
        faults: () => this.faults,
        adopt: async (next) => {
          const found = refusals(next);
          if (found.length > 0) return { kind: 'refused', refusals: found };
          current = next.values ?? current;
          this.adopted.push(current);
          return { kind: 'adopted' };
        },
        show: () => {
          this.shown += 1;
        },
      },
      this.log,
    );
  }

  get problem() {
    return this.#reload.problem;
  }

  ask(isTrial = false): Promise<ReloadResult> {
    return this.#reload.request({ isTrial, author: 'operator' });
  }
}

describe('a reload', () => {
  test('takes every change over at once, and says each with what it was', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '1h', dns: '9.9.9.9' };

    const result = await bench.ask();

    expect(result).toMatchObject({
      kind: 'reloaded',
      changes: [
        { setting: 'GATEWAY_DHCP_DNS', from: '1.1.1.1,1.0.0.1', to: '9.9.9.9' },
        { setting: 'GATEWAY_DHCP_LEASE_TIME', from: '12h', to: '1h' },
      ],
    });
    expect(bench.adopted.map(({ leaseTime }) => leaseTime)).toEqual([3600]);
    expect(bench.log.lines.at(-1)).toMatchObject({ level: 'info', fields: { author: 'operator' } });
  });

  test('that is asked for again and again while a disk hangs is one more, which finds what is there then', async () => {
    const bench = new Bench();
    let answer = () => {};
    bench.disk = new Promise<void>((resolve) => (answer = resolve));
    const first = bench.ask();
    await Promise.resolve();

    const others = Array.from({ length: 1000 }, () => bench.ask());
    bench.file = { leaseTime: '1h' };
    answer();
    await first;
    const results = new Set(await Promise.all(others));

    expect(bench.reads).toBe(2);
    expect([...results]).toMatchObject([{ kind: 'unchanged' }]);
    expect(bench.adopted.map(({ leaseTime }) => leaseTime)).toEqual([3600]);
    expect(await bench.ask()).toMatchObject({ kind: 'unchanged' });
    expect(bench.reads).toBe(3);
  });

  test('as a trial changes nothing, and a second one says the same', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '1h' };

    const results = [await bench.ask(true), await bench.ask(true)];

    expect(results.map(({ kind }) => kind)).toEqual(['would-reload', 'would-reload']);
    expect(results[0]).toEqual(results[1]);
    bench.file = { leaseTime: 'soon' };
    expect(await bench.ask(true)).toMatchObject({ kind: 'unusable' });
    bench.file = { leasesDir: '/elsewhere' };
    expect(await bench.ask(true)).toMatchObject({ kind: 'refused' });
    expect(bench.adopted).toEqual([]);
    expect(bench.log.lines).toEqual([]);
  });

  test('of the same values shows anew where each came from, and adopts nothing; a trial does not', async () => {
    const bench = new Bench();

    expect(await bench.ask(true)).toMatchObject({ kind: 'unchanged' });
    expect(bench.shown).toBe(0);
    expect(await bench.ask()).toMatchObject({ kind: 'unchanged' });
    expect([bench.shown, bench.adopted]).toEqual([1, []]);
  });

  test('with one change that takes a restart changes nothing, and names that one', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '1h', leasesDir: '/elsewhere' };

    const result = await bench.ask();

    expect(result).toMatchObject({ kind: 'refused', refusals: [{ setting: 'GATEWAY_DHCP_LEASES_DIR' }] });
    expect(bench.adopted).toEqual([]);
    expect(bench.log.at('error')).toHaveLength(1);

    bench.file = { leaseTime: '1h' };
    expect(await bench.ask()).toMatchObject({ kind: 'reloaded' });
  });

  test('of reservations that contradict others changes nothing, and names each', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '1h' };
    bench.faults = ['reservations.web (file /etc/settings.yaml:2:3): another has its address'];

    expect(await bench.ask(true)).toEqual({ kind: 'unusable', problems: bench.faults });
    expect(await bench.ask()).toEqual({ kind: 'unusable', problems: bench.faults });
    expect(bench.adopted).toEqual([]);
    expect(bench.problem?.message).toContain('reservations.web');
  });

  test('of settings with faults changes nothing, and names each fault', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: 'soon', dns: 'nobody' };

    const result = await bench.ask();

    expect(result).toMatchObject({
      kind: 'unusable',
      problems: [
        expect.stringMatching(/^GATEWAY_DHCP_DNS: 'nobody'/),
        expect.stringMatching(/^GATEWAY_DHCP_LEASE_TIME: 'soon'/),
      ],
    });
    expect(bench.adopted).toEqual([]);
    expect(bench.log.at('error')).toEqual(['the settings cannot be used']);
    expect(bench.problem).toMatchObject({
      name: 'settings',
      message: expect.stringContaining("a restart would fail: GATEWAY_DHCP_DNS: 'nobody'"),
      stopsNewGuests: false,
    });

    bench.file = {};
    await bench.ask();
    expect(bench.problem).toBeUndefined();
  });

  test('of the same settings, or of the same in other words, changes nothing', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '720m' };

    expect(await bench.ask()).toMatchObject({
      kind: 'unchanged',
      changes: [],
      warnings: [expect.stringContaining('started without a settings file')],
    });
    expect(bench.log.at('warn')).toHaveLength(1);
    expect(bench.adopted).toEqual([]);
  });

  test('that is asked for twice at once runs twice, one after the other', async () => {
    const bench = new Bench();
    bench.file = { leaseTime: '1h' };

    const results = await Promise.all([bench.ask(), bench.ask()]);

    expect(results.map(({ kind }) => kind)).toEqual(['reloaded', 'unchanged']);
    expect(bench.adopted).toHaveLength(1);
  });
});
