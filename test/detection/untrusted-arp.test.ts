import { expect, test } from 'vitest';
import { UntrustedArp } from '../../src/detection/untrusted-arp.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { instant, type LeaseState } from '../../src/lease/lease.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { type HardwareAddress, hardwareFromText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

const FIRST = at('10.15.3.20');
const LIAR = hardwareFromText('52:54:00:00:00:99');
const HONEST = hardwareFromText('52:54:00:00:00:98');
if (LIAR === undefined || HONEST === undefined) throw new Error('not a hardware address');

function bench() {
  const clock = new FakeClock();
  const log = new LogLines();
  const table = new LeaseTable(new Set(), 0);
  const put = (address: Ipv4, hardware: HardwareAddress, state: LeaseState) => {
    const client = keyOfIdentifier(Uint8Array.of(1, address & 255));
    const times = { expiresAt: instant(clock.now() + 3_600_000), updatedAt: clock.now(), leaseSeconds: 0 };
    table.load({
      address,
      client,
      hardware,
      granter: UNSPECIFIED,
      state,
      ...times,
      version: table.revision + 1,
    });
  };
  return { clock, log, put, liars: new UntrustedArp(table, clock, log) };
}

function address(index: number): Ipv4 {
  return ipv4(FIRST + index);
}

test('a machine that answers for a fourth address in ten minutes is not believed any more, and said once', () => {
  const { liars, log } = bench();

  const believed = [0, 0, 1, 2, 2, 3, 0, 4].map((index) => liars.accepts(address(index), LIAR));

  expect(believed).toEqual([true, true, true, true, true, false, false, false]);
  expect(liars.accepts(address(5), HONEST)).toBe(true);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatchObject({
    level: 'warn',
    message: 'ARP answers are not believed',
    fields: { hardware: '52:54:00:00:00:99', remedy: expect.stringContaining('proxy ARP') },
  });
});

test('it is believed again ten minutes after its answers', async () => {
  const { liars, clock } = bench();
  for (const index of [0, 1, 2, 3]) liars.accepts(address(index), LIAR);

  await clock.pass(599_999);
  const before = liars.accepts(address(3), LIAR);
  await clock.pass(1);

  expect(before).toBe(false);
  expect(liars.accepts(address(3), LIAR)).toBe(true);
});

test.each([
  ['bound', true],
  ['declined', false],
  ['free', false],
] as const)(
  'a machine that answers for four addresses which stand as %s with its name is believed: %s',
  (state, believed) => {
    const { liars, put } = bench();
    for (let index = 0; index < 4; index += 1) put(address(index), LIAR, state);

    const answers = [0, 1, 2, 3].map((index) => liars.accepts(address(index), LIAR));

    expect(answers.at(-1)).toBe(believed);
  },
);

test('a bounded number of machines is remembered, those that answered last', () => {
  const { liars } = bench();
  for (const index of [0, 1, 2]) liars.accepts(address(index), LIAR);

  for (let number = 0; number < 1024; number += 1) {
    liars.accepts(address(0), (0x525400010000 + number) as HardwareAddress);
  }

  expect(liars.accepts(address(3), LIAR)).toBe(true);
});
