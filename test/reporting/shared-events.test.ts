import { expect, test } from 'vitest';
import { observers } from '../../src/exchange/observer/observer.ts';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { SharedEventReader, SharedEvents } from '../../src/reporting/shared-events.ts';
import { at } from '../store/changes.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { at as fromText } from '../support/plan.ts';

const MAC = '52:54:00:00:00:01';

function shared() {
  const events = new SharedEvents(() => 1_800_000_000_123);
  const reader = new SharedEventReader(events.memory);
  const bench = memoryBench({ observer: (record) => observers(record, events) });
  return { events, reader, bench };
}

test('every decision is read once from the memory of another thread, in order and whole', async () => {
  const { reader, bench } = shared();
  const guest = new Guest(MAC);
  await bench.hear(guest.discover());
  const address = bench.replies()[0]?.split(' ')[1] ?? '';
  await bench.hear(guest.select(address, '10.15.3.10'));

  const { events, lost } = reader.take();

  expect(lost).toBe(0);
  expect(
    events.map((each) => ({
      ...each,
      hardware: hardwareToText(each.hardware),
      address: ipv4ToText(each.address),
    })),
  ).toEqual([
    expect.objectContaining({
      type: 'DHCPDISCOVER',
      kind: 'reply',
      reason: 'offered',
      outcome: 'committed',
      address,
    }),
    expect.objectContaining({
      at: 1_800_000_000_123,
      type: 'DHCPREQUEST',
      kind: 'reply',
      reason: 'bound',
      outcome: 'committed',
      hardware: MAC,
      address,
      client: '01525400000001',
      isReserved: false,
    }),
  ]);
  expect(reader.take()).toEqual({ events: [], lost: 0 });
});

test.each([0, 0.125, 2.1, 60_000, Number.NaN])(
  'a decision has the time until its reply, to the microsecond: %d ms',
  async (took) => {
    const events = new SharedEvents(() => 1_800_000_000_123);
    const reader = new SharedEventReader(events.memory);
    const bench = memoryBench({
      observer: (record) => ({
        broken: (error) => record.broken(error),
        decided: (message, client, decision, outcome) =>
          events.decided(message, client, decision, outcome, took),
      }),
    });

    await bench.hear(new Guest(MAC).discover());

    expect(reader.take().events).toMatchObject([{ reason: 'offered', took }]);
    expect(bench.record.errors).toEqual([]);
  },
);

test('a reader that is late has the newest, and is told how many it has lost', () => {
  const { events, reader } = shared();
  const decision = { kind: 'silence', reason: 'expired' } as const;

  for (let count = 0; count < 10_000; count += 1) events.ordered(decision, 'nothing');
  const late = reader.take();
  events.ordered({ kind: 'silence', reason: 'no-binding' }, 'nothing');
  const next = reader.take();

  expect(late.events.length + late.lost).toBe(10_000);
  expect(late.events.length).toBeGreaterThan(8000);
  expect(next.events).toMatchObject([{ type: 'order', reason: 'no-binding', outcome: 'nothing' }]);
  expect(next.lost).toBe(0);
});

test('a key that is not made of the hardware address is kept too', async () => {
  const { events, reader } = shared();
  const client = 'ff00000001/525400000009' as ClientKey;

  events.ordered(
    {
      kind: 'silence',
      reason: 'expired',
      change: {
        kind: 'binding',
        client,
        expectedBindingVersion: 1,
        writes: [],
        at: at(0),
        reason: 'expired',
      },
    },
    'committed',
  );

  expect(reader.take().events).toMatchObject([{ client, type: 'order', outcome: 'committed' }]);
});

test('a move tells the address that its client has left; other decisions tell none', async () => {
  const { events, reader } = shared();
  const client = '01525400000001' as ClientKey;
  const write = (address: string) => ({
    address: fromText(address),
    expectedVersion: 1,
    next: { client, hardware: 0 as never, state: 'free', expiresAt: at(0) } as const,
  });
  const change = { kind: 'binding', client, expectedBindingVersion: 1, at: at(0), reason: 'moved' } as const;
  const told = (...addresses: readonly string[]) =>
    events.ordered(
      { kind: 'silence', reason: 'moved', change: { ...change, writes: addresses.map(write) } },
      'committed',
    );

  told('10.15.3.20', '10.15.3.21');
  told('10.15.3.22');

  expect(reader.take().events.map(({ address, previous }) => [address, previous].map(ipv4ToText))).toEqual([
    ['10.15.3.20', '10.15.3.21'],
    ['10.15.3.22', '0.0.0.0'],
  ]);
});
