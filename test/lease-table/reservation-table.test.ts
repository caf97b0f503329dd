import { beforeEach, describe, expect, test } from 'vitest';
import type { ClientKey } from '../../src/lease/client-key.ts';
import { instant } from '../../src/lease/lease.ts';
import type { OutsideId } from '../../src/lease/outside-id.ts';
import { ReservationTable } from '../../src/lease-table/reservation-table.ts';
import { NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { decode } from '../../src/wire/decode.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';
import { cards, clientId, reservationOf } from '../support/reservations.ts';

const ADA = '52:54:00:00:00:01';
const BOB = '52:54:00:00:00:02';
const [ADAS = NO_HARDWARE, BOBS = NO_HARDWARE] = cards(ADA, BOB);
const OTHER = '0152540000ffff' as ClientKey;

let reserved: Set<number>;
let table: ReservationTable;

beforeEach(() => {
  reserved = new Set();
  table = new ReservationTable({
    reserve: (address) => void reserved.add(address),
    unreserve: (address) => void reserved.delete(address),
  });
});

function messageOf(bytes: Uint8Array) {
  const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  return message;
}

describe('a client is found', () => {
  test('by each network card of its reservation, whatever it calls itself', () => {
    table.put(reservationOf('web', '10.15.3.57', { macs: cards(ADA, BOB) }));

    expect(table.of({ client: OTHER, hardware: ADAS })?.id).toBe('web');
    expect(table.of({ client: OTHER, hardware: BOBS })?.id).toBe('web');
    expect(table.of({ client: OTHER, hardware: NO_HARDWARE })).toBeUndefined();
  });

  test('by its card before its client identifier', () => {
    table.put(reservationOf('by-card', '10.15.3.57', { macs: [ADAS] }));
    table.put(reservationOf('by-name', '10.15.3.58', { clientId: clientId('ff01') }));

    expect(table.of({ client: clientId('ff01'), hardware: ADAS })?.id).toBe('by-card');
    expect(table.of({ client: clientId('ff01'), hardware: BOBS })?.id).toBe('by-name');
  });

  test('by its client identifier also where leases are kept by MAC; not a clone of it', () => {
    table.put(reservationOf('by-name', '10.15.3.58', { clientId: clientId('ff01') }));
    const message = messageOf(new Guest(BOB, { identifier: [0xff, 1] }).discover());

    expect(table.of({ client: OTHER, hardware: BOBS, message })?.id).toBe('by-name');
    expect(table.of({ client: `ff01/525400000002` as ClientKey, hardware: BOBS, message })).toBeUndefined();
  });

  test('RFC 3046 §3.1: by the circuit that its relay agent names', () => {
    table.put(reservationOf('by-place', '10.15.3.58', { circuitId: '6574' }));
    const here = messageOf(new Guest(BOB).discover([[82, 1, 2, 0x65, 0x74]]));
    const there = messageOf(new Guest(BOB).discover([[82, 1, 2, 0x65, 0x75]]));

    expect(table.of({ client: OTHER, hardware: BOBS, message: here })?.id).toBe('by-place');
    expect(table.of({ client: OTHER, hardware: BOBS, message: there })).toBeUndefined();
    expect(table.of({ client: OTHER, hardware: BOBS })).toBeUndefined();
  });

  test('by the port of its card, where ports are seen', () => {
    table.put(reservationOf('by-port', '10.15.3.58', { port: 'tap104i0' }));

    expect(table.of({ client: OTHER, hardware: BOBS })).toBeUndefined();
    expect(table.of({ client: OTHER, hardware: BOBS, port: 'tap104i0' })?.id).toBe('by-port');
    expect(table.of({ client: OTHER, hardware: BOBS, port: 'fwpr104p0' })?.id).toBe('by-port');
    expect(table.of({ client: OTHER, hardware: BOBS, port: 'tap104i1' })).toBeUndefined();
  });
});

describe('a reservation', () => {
  test('keeps its address out of the free orders, until it goes to another or is removed', () => {
    table.put(reservationOf('web', '10.15.3.57', { macs: [ADAS] }));
    expect(reserved).toEqual(new Set([at('10.15.3.57')]));

    table.put(reservationOf('web', '10.15.3.58', { macs: [BOBS], version: 2 }));
    expect(reserved).toEqual(new Set([at('10.15.3.58')]));
    expect(table.at(at('10.15.3.57'))).toBeUndefined();
    expect(table.ofHardware(ADAS)).toBeUndefined();
    expect(table.ofHardware(BOBS)?.id).toBe('web');

    table.remove('web' as OutsideId);
    expect(reserved.size).toBe(0);
    expect([table.isEmpty, table.size]).toEqual([true, 0]);
  });

  test('that gives its address to another in one step leaves it reserved', () => {
    table.put(reservationOf('one', '10.15.3.57'));
    table.put(reservationOf('two', '10.15.3.57'));
    table.put(reservationOf('one', '10.15.3.58'));

    expect(reserved).toEqual(new Set([at('10.15.3.57'), at('10.15.3.58')]));
    expect(table.at(at('10.15.3.57'))?.id).toBe('two');
  });

  test('that is retired names no client any more, and keeps its address', () => {
    const before = reservationOf('web', '10.15.3.57', {
      macs: [ADAS],
      clientId: clientId('ff01'),
      port: 'p',
    });
    table.put(before);
    table.put({ ...before, retiredUntil: instant(9) });

    expect(table.of({ client: clientId('ff01'), hardware: ADAS })).toBeUndefined();
    expect(table.ofVps('web' as OutsideId)).toEqual([]);
    expect(table.at(at('10.15.3.57'))?.id).toBe('web');
    expect(table.get('web' as OutsideId)?.retiredUntil).toBe(9);
    expect([table.size, table.isEmpty, reserved.size]).toEqual([0, false, 1]);
    table.put(before);
    expect(table.size).toBe(1);
  });

  test('one VPS may have several', () => {
    const vpsId = 'vps' as OutsideId;
    table.put(reservationOf('b', '10.15.3.57', { vpsId }));
    table.put(reservationOf('a', '10.15.3.58', { vpsId }));

    expect(table.ofVps(vpsId).map(({ id }) => id)).toEqual(['b', 'a']);
    expect([...table.all()].map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

test('of two that name one card the earlier one counts, in whatever order they are learnt, until it goes', () => {
  const early = reservationOf('early', '10.15.3.57', { macs: [ADAS], createdAt: instant(1) });
  const late = reservationOf('late', '10.15.3.58', { macs: [ADAS, BOBS], createdAt: instant(2) });
  for (const order of [
    [early, late],
    [late, early],
  ]) {
    for (const each of order) table.put(each);
    expect([table.ofHardware(ADAS)?.id, table.ofHardware(BOBS)?.id]).toEqual(['early', 'late']);
    table.put({ ...early, version: 9 });
    expect(table.ofHardware(ADAS)?.id).toBe('early');
    table.remove(early.id);
    expect(table.ofHardware(ADAS)?.id).toBe('late');
    table.remove(late.id);
    expect(table.ofHardware(ADAS)).toBeUndefined();
  }
});

describe('a write conflicts', () => {
  const there = reservationOf('web', '10.15.3.57', {
    ...{ macs: [ADAS], clientId: clientId('ff01'), circuitId: 'aa', port: 'p', version: 5 },
  });
  const write = (next: typeof there, expectedVersion = 0) => ({ id: next.id, expectedVersion, next });

  beforeEach(() => table.put(there));

  test('with another version of the same id, and with none', () => {
    expect(table.check().conflicts([write(there, 5)])).toBe(false);
    expect(table.check().conflicts([write(there, 4)])).toBe(true);
    expect(table.check().conflicts([write(there)])).toBe(true);
    expect(table.check().conflicts([{ id: there.id, expectedVersion: 4, next: 'removed' }])).toBe(true);
    expect(table.check().conflicts([{ id: there.id, expectedVersion: 5, next: 'removed' }])).toBe(false);
  });

  test.each([
    ['address', { address: there.address }],
    ['card', { macs: [BOBS, ADAS] }],
    ['client identifier', { clientId: clientId('ff01') }],
    ['circuit', { circuitId: 'aa' }],
    ['port', { port: 'p' }],
  ])('with another that has its %s; and with another of the same commit', (_what, claim) => {
    const one = reservationOf('one', '10.15.3.60', claim);
    expect(table.check().conflicts([write(one)])).toBe(true);

    table.remove(there.id);
    const check = table.check();
    const two = reservationOf('two', '10.15.3.61', claim);
    expect([check.conflicts([write(one)]), check.conflicts([write(two)])]).toEqual([false, true]);
  });

  test('with a retired one only for its address', () => {
    table.put({ ...there, retiredUntil: instant(9) });

    expect(table.check().conflicts([write(reservationOf('one', '10.15.3.60', { macs: [ADAS] }))])).toBe(
      false,
    );
    expect(table.check().conflicts([write(reservationOf('one', '10.15.3.57'))])).toBe(true);
  });
});

describe('two reservations that want the same', () => {
  const first = () => reservationOf('r2', '10.15.3.24', { macs: [ADAS], createdAt: instant(1000) });
  const late = () => reservationOf('r1', '10.15.3.57', { macs: [BOBS, ADAS], createdAt: instant(2000) });

  test.each([true, false])('are told, with the one that counts; it came first: %s', (isFirst) => {
    for (const each of isFirst ? [first(), late()] : [late(), first()]) table.put(each);

    expect(table.rivalries().map(({ counts, other, what }) => [counts.id, other.id, what])).toEqual([
      ['r2', 'r1', `the card ${ADA}`],
    ]);
  });

  test.each([
    ['r1', 'r2'],
    ['r2', 'r1'],
  ])('are none when %s is gone, and then %s counts', (gone, left) => {
    for (const each of [first(), late()]) table.put(each);

    table.remove(gone as OutsideId);

    expect(table.rivalries()).toEqual([]);
    expect(table.ofHardware(ADAS)?.id).toBe(left);
  });

  test('are none when one of them is retired, or has another card', () => {
    for (const each of [first(), late()]) table.put(each);
    table.put({ ...late(), macs: [BOBS] });
    const apart = table.rivalries();
    table.put(late());
    table.put({ ...first(), retiredUntil: instant(5000) });

    expect([apart, table.rivalries()]).toEqual([[], []]);
  });

  test.each([
    [{ clientId: clientId('ff01') }, 'the client identifier ff01'],
    [{ circuitId: '0102' }, 'the circuit 0102'],
    [{ port: 'tap104i0' }, 'the port tap104i0'],
  ])('by %o are told too', (claim, what) => {
    table.put(reservationOf('a', '10.15.3.24', claim));
    table.put(reservationOf('b', '10.15.3.25', claim));

    expect(table.rivalries().map((each) => each.what)).toEqual([what]);
  });
});

describe('where keys of etcd are learnt out of their order', () => {
  const byAda = (address: string, version: number) => ({
    ...reservationOf('one', address, { macs: [ADAS] }),
    version,
  });
  const byBob = (address: string, version: number) => ({
    ...reservationOf('two', address, { macs: [BOBS] }),
    version,
  });

  test('an address is the one that was written last, also when what it was before is learnt later', () => {
    table.put(byAda('10.15.3.57', 5));
    table.put(byBob('10.15.3.57', 9)); // Read for itself; that the other one has left is not known yet.
    table.put(byAda('10.15.3.57', 6));
    expect(table.at(at('10.15.3.57'))?.id).toBe('two');

    table.put(byAda('10.15.3.58', 7));

    expect(table.at(at('10.15.3.57'))?.id).toBe('two');
    expect(table.at(at('10.15.3.58'))?.id).toBe('one');
    expect([...reserved].sort()).toEqual([at('10.15.3.57'), at('10.15.3.58')]);
  });

  test('an address that the other one leaves, or whose reservation is gone, is that of the one that is left', () => {
    table.put(byBob('10.15.3.57', 9));
    table.put(byAda('10.15.3.57', 5));

    table.remove('two' as OutsideId);

    expect(table.at(at('10.15.3.57'))?.id).toBe('one');
    expect([...reserved]).toEqual([at('10.15.3.57')]);
    table.remove('one' as OutsideId);
    expect(table.at(at('10.15.3.57'))).toBeUndefined();
    expect([...reserved]).toEqual([]);
  });
});
