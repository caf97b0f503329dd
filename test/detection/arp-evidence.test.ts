import { describe, expect, test } from 'vitest';
import { ArpEvidence } from '../../src/detection/arp-evidence.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { instant, type LeaseState } from '../../src/lease/lease.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { type HardwareAddress, hardwareFromText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { ArpSpeech } from '../../src/transport/linux/arp.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

const FIRST = at('10.15.3.20');
const LIAR = machine(0x99);
const HONEST = machine(0x98);
const CROWD = 5;

function machine(number: number): HardwareAddress {
  const text = number
    .toString(16)
    .padStart(8, '0')
    .replace(/(..)(?=.)/g, '$1:');
  const hardware = hardwareFromText(`52:54:${text}`);
  if (hardware === undefined) throw new Error(text);
  return hardware;
}

function address(index: number): Ipv4 {
  return ipv4(FIRST + index);
}

function bench({
  isAlone = true,
  guestPortOf = undefined as ((machine: HardwareAddress) => number | undefined) | undefined,
} = {}) {
  const clock = new FakeClock();
  const log = new LogLines();
  const table = new LeaseTable(new Set(), 0);
  const put = (where: Ipv4, hardware: HardwareAddress, state: LeaseState) => {
    const client = keyOfIdentifier(Uint8Array.of(1, where & 255));
    const times = { expiresAt: instant(clock.now() + 3_600_000), updatedAt: clock.now(), leaseSeconds: 0 };
    table.load({
      ...{ address: where, client, hardware, granter: UNSPECIFIED, state },
      ...{ ...times, version: table.revision + 1 },
    });
  };
  const evidence = new ArpEvidence({
    ...{ leases: table, clock, log },
    isOfPool: (each) => each >= FIRST && each < FIRST + 200,
    crowdFrom: () => CROWD,
    isAlone: () => isAlone,
    ...(guestPortOf === undefined ? {} : { guestPortOf }),
  });
  const hear = (
    where: Ipv4,
    who: HardwareAddress,
    { speech = 'answer', wasSilent = false }: { speech?: ArpSpeech; wasSilent?: boolean } = {},
  ) => {
    evidence.note(where, who, speech, wasSilent);
    return evidence.weigh(where, who);
  };
  /** Two answers that lie apart. */
  const hearTwice = async (where: Ipv4, who: HardwareAddress, how: Parameters<typeof hear>[2] = {}) => {
    hear(where, who, how);
    await clock.pass(100);
    return hear(where, who, how);
  };
  return { clock, log, put, evidence, hear, hearTwice };
}

describe('a machine that answers for an address', () => {
  test('once is weak, and a second time later is certain; what comes twice at once is one answer', async () => {
    const { hear, clock } = bench();

    const answers = [hear(FIRST, HONEST), hear(FIRST, HONEST)];
    await clock.pass(100);

    expect([...answers, hear(FIRST, HONEST)]).toEqual(['once', 'once', 'certain']);
  });

  test('is weak again ten minutes after it was heard', async () => {
    const { hearTwice, hear, clock } = bench();
    await hearTwice(FIRST, HONEST);

    await clock.pass(600_000);

    expect(hear(FIRST, HONEST)).toBe('once');
  });

  test.each([
    ['bound', 'certain'],
    ['peer', 'certain'],
    ['declined', 'once'],
    ['free', 'once'],
  ] as const)('which stands as %s with its name, is at once %s', (state, weight) => {
    const { hear, put } = bench();
    put(FIRST, HONEST, state);

    expect(hear(FIRST, HONEST)).toBe(weight);
  });
});

describe('a machine that answers for many addresses', () => {
  test('is not believed from the fourth one in ten minutes on, which is said once', async () => {
    const { hearTwice, hear, log } = bench();

    const weights: string[] = [];
    for (const index of [0, 1, 2, 3, 0]) weights.push(await hearTwice(address(index), LIAR));

    expect(weights).toEqual(['certain', 'certain', 'certain', 'doubtful', 'doubtful']);
    expect(hear(address(5), HONEST)).toBe('once');
    expect(log.lines).toMatchObject([
      {
        level: 'warn',
        message: 'ARP answers are not believed',
        fields: { hardware: '52:54:00:00:00:99', remedy: expect.stringContaining('proxy ARP') },
      },
    ]);
  });

  test('is believed again ten minutes after its answers', async () => {
    const { hear, hearTwice, clock } = bench();
    for (const index of [0, 1, 2, 3]) hear(address(index), LIAR);
    const before = hear(address(3), LIAR);

    await clock.pass(600_000);

    expect([before, await hearTwice(address(3), LIAR)]).toEqual(['doubtful', 'certain']);
  });

  test('is believed where all of them are leased to it', () => {
    const { hear, put } = bench();
    for (let index = 0; index < 6; index += 1) put(address(index), HONEST, 'bound');

    expect([0, 1, 2, 3, 4, 5].map((index) => hear(address(index), HONEST))).toEqual(
      new Array(6).fill('certain'),
    );
  });

  test('is judged by those of the pool alone: a router has many others', async () => {
    const { hear, hearTwice } = bench();
    for (let index = 300; index < 310; index += 1) hear(address(index), HONEST);

    expect(await hearTwice(FIRST, HONEST)).toBe('certain');
  });
});

describe('machines that contradict each other', () => {
  test('are not believed from the third one at an address on, if each was heard once', async () => {
    const { hear, clock, log } = bench({ isAlone: false });

    const weights: string[] = [];
    for (let number = 0; number < 10; number += 1) {
      weights.push(hear(FIRST, machine(number)));
      await clock.pass(100);
    }

    expect(weights).toEqual(['once', 'once', ...new Array(8).fill('doubtful')]);
    expect(log.lines).toHaveLength(1);
  });

  test('are believed if they were there one after the other, as guests that come and go', async () => {
    const { hear, clock } = bench({ isAlone: false });

    const weights: string[] = [];
    for (let number = 0; number < 10; number += 1) {
      weights.push(hear(FIRST, machine(number)));
      await clock.pass(2500);
    }

    expect(new Set(weights)).toEqual(new Set(['once']));
  });

  test('hide nobody who answers with them for the first time, if they are not very many at once', async () => {
    const { hear, clock } = bench({ isAlone: false });

    const weights: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      weights.push(hear(FIRST, HONEST));
      for (let number = 0; number < 10; number += 1) hear(FIRST, machine(0x1000 + 100 * round + number));
      await clock.pass(100);
    }

    expect(weights).toEqual(['once', 'certain']);
  });

  test('hide nobody who was heard twice there', async () => {
    const { hear, hearTwice, clock } = bench({ isAlone: false });
    await hearTwice(FIRST, HONEST);

    for (let number = 0; number < 1000; number += 1) {
      hear(FIRST, machine(0x1000 + number));
      await clock.pass(10);
    }

    expect(hear(FIRST, HONEST)).toBe('certain');
  });
});

describe('a crowd of unknown machines at addresses that were silent', () => {
  const SILENT = { wasSilent: true } as const;

  test('is not believed, each at an address of its own and again and again', async () => {
    const { hear, hearTwice, log } = bench();
    for (let number = 0; number < CROWD; number += 1)
      await hearTwice(address(number), machine(number), SILENT);

    const weights = Array.from({ length: CROWD }, (_, number) => hear(address(number), machine(number)));

    expect(weights).toEqual(new Array(CROWD).fill('doubtful'));
    expect(log.lines.at(-1)?.fields).toMatchObject({
      machines: CROWD,
      remedy: expect.stringContaining('set by hand'),
    });
  });

  test.each<[string, Parameters<ReturnType<typeof bench>['hear']>[2], boolean]>([
    ['at addresses that were not silent before, such as guests whose leases were lost', {}, true],
    ['while other gateways lease addresses, to machines that are unknown here', SILENT, false],
    [
      'who ask for others too, as everybody does who talks with somebody',
      { ...SILENT, speech: 'question' },
      true,
    ],
  ])('is believed %s', async (_, how, isAlone) => {
    const { hear, hearTwice } = bench({ isAlone });
    for (let number = 0; number < 2 * CROWD; number += 1)
      await hearTwice(address(number), machine(number), how);

    expect(hear(FIRST, machine(0))).toBe('certain');
  });

  test('takes with it who comes to an address that was not silent', async () => {
    const { hearTwice } = bench();
    const before = await hearTwice(address(150), machine(150));
    for (let number = 0; number < CROWD; number += 1)
      await hearTwice(address(number), machine(number), SILENT);

    const weights = [
      await hearTwice(address(151), machine(151)),
      await hearTwice(address(152), machine(152), { speech: 'question' }),
      await hearTwice(address(150), machine(150)),
    ];

    expect([before, ...weights]).toEqual(['certain', 'doubtful', 'certain', 'certain']);
  });

  test('costs those nothing who were there before, or have leases', async () => {
    const { hear, hearTwice, put } = bench();
    put(address(100), HONEST, 'bound');
    await hearTwice(address(50), machine(50));
    for (let number = 0; number < CROWD; number += 1)
      await hearTwice(address(number), machine(number), SILENT);

    expect([hear(address(50), machine(50)), await hearTwice(address(101), HONEST, SILENT)]).toEqual([
      'certain',
      'certain',
    ]);
  });

  test('is none when it is spread over more than ten minutes', async () => {
    const { hearTwice, clock } = bench();

    const weights: string[] = [];
    for (let number = 0; number < 3 * CROWD; number += 1) {
      weights.push(await hearTwice(address(number), machine(number), SILENT));
      await clock.pass(200_000);
    }

    expect(new Set(weights)).toEqual(new Set(['certain']));
  });
});

describe('where the bridge shows the ports of guests', () => {
  const behind = (port: number | undefined) => () => port;

  test('all MACs behind one of them are one machine, which is not believed for more than three addresses', async () => {
    const { hearTwice, log } = bench({ isAlone: false, guestPortOf: behind(7) });

    const weights: string[] = [];
    for (let number = 0; number < 6; number += 1)
      weights.push(await hearTwice(address(number), machine(number)));

    expect(weights).toEqual(['certain', 'certain', 'certain', 'doubtful', 'doubtful', 'doubtful']);
    expect(log.lines).toHaveLength(1);
  });

  test('a machine that is behind no port of one guest is judged by its MAC', async () => {
    const { hearTwice } = bench({ isAlone: false, guestPortOf: behind(undefined) });

    const weights: string[] = [];
    for (let number = 0; number < 6; number += 1)
      weights.push(await hearTwice(address(number), machine(number)));

    expect(weights).toEqual(new Array(6).fill('certain'));
  });

  test('the kernel is asked once for each machine, and not for every one of a flood', () => {
    const asked: HardwareAddress[] = [];
    const { hear } = bench({ guestPortOf: (each) => void asked.push(each) });

    for (let number = 0; number < 2000; number += 1) hear(address(number % 200), machine(number % 1000));

    expect(asked.length).toBe(256);
    expect(new Set(asked).size).toBe(256);
  });
});

test('memory and log are bounded, whatever number of MACs and addresses is heard', async () => {
  const { hear, log, clock } = bench();

  for (let number = 0; number < 20_000; number += 1) {
    hear(address(number % 200), machine(number), { wasSilent: true });
    if (number % 100 === 0) await clock.pass(10);
  }

  expect(log.lines.length).toBeLessThanOrEqual(2);
});
