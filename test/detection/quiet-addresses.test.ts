import { describe, expect, test } from 'vitest';
import { QUIET_FOR, QuietAddresses } from '../../src/detection/quiet-addresses.ts';
import type { AddressRange } from '../../src/lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import { hardware } from '../store/changes.ts';
import { at, range } from '../support/plan.ts';

const POOL = range('10.15.3.20', '10.15.3.23');
const FIRST = at('10.15.3.20');
const ADA = hardware(1);
const STRANGER = hardware(9);

/** Quiet addresses of a pool where all is free, until a test says that it is not. */
class Ground {
  readonly taken = new Set<Ipv4>();
  readonly notWanted = new Set<Ipv4>();
  readonly versions = new Map<Ipv4, number>();
  revision = 5;
  /** How often a stored version was looked up. */
  looks = 0;
  readonly quiet: QuietAddresses;

  constructor(...pools: readonly AddressRange[]) {
    this.quiet = new QuietAddresses(pools.length === 0 ? [POOL] : pools, {
      versionAt: (address) => {
        this.looks += 1;
        return this.versions.get(address) ?? 0;
      },
      freeSince: (address) => (this.taken.has(address) ? undefined : (this.versions.get(address) ?? 0)),
      isWanted: (address) => !this.notWanted.has(address),
    });
  }

  visit(slot: number, now: number): string {
    const asked = this.quiet.visit(slot, now, this.revision);
    return asked === undefined ? 'nothing' : ipv4ToText(asked);
  }

  /** The first request for a slot's address at this time, and the second 250 ms later. */
  ask(slot: number, now: number): void {
    this.quiet.visit(slot, now, this.revision);
    this.quiet.takeSecond(now + 250);
  }

  isQuiet(now: number, asker: HardwareAddress = ADA, address = FIRST): boolean {
    return this.quiet.isQuiet(address, asker, now);
  }
}

describe('an address is quiet', () => {
  test('RFC 2131 §3.1 (2): when two requests, 0.25 s apart, have met no answer in their time, and for ten minutes', () => {
    const ground = new Ground();

    const first = ground.visit(0, 1000);
    const early = ground.quiet.takeSecond(1249);
    const second = ground.quiet.takeSecond(1250);

    expect([first, early, second]).toEqual(['10.15.3.20', undefined, FIRST]);
    expect([1249, 1499, 1500, 1249 + QUIET_FOR, 1250 + QUIET_FOR].map((now) => ground.isQuiet(now))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  test.each([
    ['before the second request', 1100],
    ['after the second request', 1300],
    ['when it was quiet', 5000],
  ])('for no other machine, if one was heard there %s', (_, heardAt) => {
    const ground = new Ground();
    ground.visit(0, 1000);
    if (heardAt < 1250) ground.quiet.hear(FIRST, STRANGER, heardAt);
    ground.quiet.takeSecond(1250);
    if (heardAt > 1250) ground.quiet.hear(FIRST, STRANGER, heardAt);

    expect(ground.isQuiet(6000)).toBe(false);
  });

  test('for the machine that was heard there itself, and for nobody if two were', () => {
    const ground = new Ground();
    ground.ask(0, 1000);

    ground.quiet.hear(FIRST, ADA, 5000);
    const own = ground.isQuiet(6000, ADA);
    const others = ground.isQuiet(6000, STRANGER);
    ground.quiet.hear(FIRST, STRANGER, 7000);

    expect([own, others]).toEqual([true, false]);
    expect([ground.isQuiet(8000, ADA), ground.isQuiet(8000, STRANGER)]).toEqual([false, false]);
  });

  test('for no machine without a hardware address, once somebody was heard', () => {
    const ground = new Ground();
    ground.ask(0, 1000);
    ground.quiet.hear(FIRST, STRANGER, 5000);

    expect(ground.isQuiet(6000, NO_HARDWARE)).toBe(false);
  });

  test('no more when a machine was heard there that names no hardware address', () => {
    const ground = new Ground();
    ground.ask(0, 1000);
    ground.quiet.hear(FIRST, NO_HARDWARE, 5000);

    expect(ground.isQuiet(6000)).toBe(false);
  });

  test("no more when another gateway's client may have it, and it is asked anew at once", () => {
    const ground = new Ground();
    ground.ask(0, 1000);

    ground.quiet.claim(FIRST, 5000);

    expect(ground.isQuiet(5001)).toBe(false);
    expect(ground.visit(0, 5001)).toBe('10.15.3.20');
  });

  test('no more when it was leased since, though it is free again', () => {
    const ground = new Ground();
    ground.ask(0, 1000);
    ground.versions.set(FIRST, 6);
    ground.revision = 6;

    const before = ground.isQuiet(2000);
    ground.ask(0, 3000);

    expect([before, ground.isQuiet(4000)]).toEqual([false, true]);
  });

  test('no more when it was leased since, which is looked up once, until it is asked anew', () => {
    const ground = new Ground();
    ground.ask(0, 1000);
    ground.versions.set(FIRST, 6);
    ground.taken.add(FIRST);
    const find = () => ground.quiet.find(0, ADA, 8, 2000, () => true);

    const found = [find(), find()];

    expect([found, ground.looks]).toEqual([[undefined, undefined], 1]);
  });

  test('no more when something was missed, until it was asked twice anew', () => {
    const ground = new Ground();
    ground.ask(0, 1000);

    ground.quiet.forget();
    const before = ground.isQuiet(2000);
    const seconds = ground.quiet.takeSecond(2000);
    ground.ask(0, 2000);

    expect([before, seconds, ground.isQuiet(2500)]).toEqual([false, undefined, true]);
  });

  test('again after an offer that nobody has taken', () => {
    const ground = new Ground();
    ground.ask(0, 1000);
    ground.taken.add(FIRST);
    const onOffer = [ground.visit(0, 20_000), ground.isQuiet(20_000)];

    ground.taken.delete(FIRST);

    expect([...onOffer, ground.isQuiet(31_000)]).toEqual(['nothing', false, true]);
  });
});

describe('which address is asked next', () => {
  test('a quiet one once in four minutes', () => {
    const ground = new Ground();
    ground.ask(0, 0);

    const asked = [100_000, 240_249, 240_250].map((now) => ground.visit(0, now));

    expect(asked).toEqual(['nothing', 'nothing', '10.15.3.20']);
    expect(ground.isQuiet(240_250 + QUIET_FOR - 1)).toBe(true);
  });

  test('one that a machine holds once in four minutes', () => {
    const ground = new Ground();
    ground.visit(0, 0);
    ground.quiet.hear(FIRST, STRANGER, 1);
    ground.quiet.takeSecond(250);

    expect([1000, 240_000, 240_001].map((now) => ground.visit(0, now))).toEqual([
      'nothing',
      'nothing',
      '10.15.3.20',
    ]);
  });

  test('not one that is leased, or that another gateway goes first for', () => {
    const ground = new Ground();
    ground.taken.add(FIRST);
    ground.notWanted.add(at('10.15.3.21'));

    expect([0, 1, 2, 3].map((slot) => ground.visit(slot, 0))).toEqual([
      'nothing',
      'nothing',
      '10.15.3.22',
      '10.15.3.23',
    ]);
  });

  test('in a large pool one address of each group, and the next one of the group when that is taken', () => {
    const ground = new Ground(range('10.16.0.0', '10.16.255.255'));
    ground.ask(1, 0);
    const first = at('10.16.0.16');

    const before = ground.isQuiet(1000, ADA, first);
    ground.taken.add(first);
    const next = ground.visit(1, 2000);

    expect(ground.quiet.slots).toBe(4096);
    expect([before, next]).toEqual([true, '10.16.0.17']);
    expect(ground.isQuiet(2000, ADA, first)).toBe(false);
  });

  test('a group without a free address is walked on, a piece with each visit', () => {
    const ground = new Ground(range('10.0.0.0', '10.15.255.255')); // 256 in each group.
    for (let place = 0; place < 255; place += 1) ground.taken.add(ipv4(at('10.0.0.0') + place));

    const asked = [0, 1, 2, 3].map((now) => ground.visit(0, now));

    expect(asked).toEqual(['nothing', 'nothing', 'nothing', '10.0.0.255']);
  });

  test('every address of every pool belongs to one slot, in order', () => {
    const pools = [range('10.1.0.0', '10.1.19.135'), range('10.2.0.0', '10.2.3.1')];
    const { quiet } = new Ground(...pools);
    const slots = pools.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => quiet.slotOf(ipv4(first + index))),
    );

    expect(slots[0]).toBe(0);
    expect(slots.at(-1)).toBe(4095);
    expect(slots.every((slot, index) => index === 0 || [0, 1].includes(slot - (slots[index - 1] ?? 0)))).toBe(
      true,
    );
    expect(quiet.slotOf(at('10.3.0.0'))).toBe(-1);
  });

  test('a pool without addresses has none', () => {
    const quiet = new QuietAddresses([], { versionAt: () => 0, freeSince: () => 0, isWanted: () => true });

    expect([quiet.slots, quiet.takeSecond(0), quiet.find(7, ADA, 16, 0, () => true)]).toEqual([
      0,
      undefined,
      undefined,
    ]);
  });
});

describe('a quiet address for a client', () => {
  test('is its own place, else the next one that is quiet and fit, in a circle', () => {
    const ground = new Ground();
    for (const slot of [0, 2, 3]) ground.ask(slot, 0);
    const found = (hash: number, isFit: (address: Ipv4) => boolean = () => true) =>
      ipv4ToText(ground.quiet.find(hash, ADA, 16, 1000, isFit) ?? ipv4(0));

    expect([found(2), found(1), found(4 + 3), found(3, (address) => address === FIRST)]).toEqual([
      '10.15.3.22',
      '10.15.3.22',
      '10.15.3.23',
      '10.15.3.20',
    ]);
  });

  test('is looked for among so many', () => {
    const ground = new Ground();
    for (const slot of [0, 1, 2, 3]) ground.ask(slot, 0);
    const looked: Ipv4[] = [];

    const found = ground.quiet.find(0, ADA, 3, 1000, (address) => {
      looked.push(address);
      return false;
    });

    expect([found, looked.length]).toEqual([undefined, 3]);
  });
});
