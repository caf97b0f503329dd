import { describe, expect, test } from 'vitest';
import { BridgeGuestPorts } from '../../src/detection/guest-ports.ts';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { UNSPECIFIED } from '../../src/net/ipv4.ts';
import { decode } from '../../src/wire/decode.ts';
import { FakeClock } from '../support/clock.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';
import { PluggedCards } from '../support/plugged.ts';

const ADA = new Guest('52:54:00:00:00:01');
const ARRIVAL = { via: 'broadcast', source: UNSPECIFIED, local: at('10.15.3.10') } as const;
const BEN = new Guest('52:54:00:00:00:02');

function setUp() {
  const clock = new FakeClock();
  const cards = new PluggedCards();
  const ports = new BridgeGuestPorts(cards, clock, 4711);
  /** One round with these messages. */
  const round = (...messages: readonly Uint8Array[]) => {
    for (const bytes of messages) {
      const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
      if (!message.ok) throw new Error('malformed');
      ports.note(message, ARRIVAL);
    }
    ports.ask();
  };
  const nameOf = ({ mac }: Guest) => ports.portOfCard(hardwareFromText(mac) ?? NO_HARDWARE)?.name;
  return { clock, cards, ports, round, nameOf };
}

describe('where guests are plugged in', () => {
  test('is asked once a round for all of them, and once for each of them', () => {
    const { cards, round, nameOf } = setUp();
    cards.plug(ADA.mac, 'tap104i0');
    cards.plug(BEN.mac, 'veth105i0');

    round(ADA.discover(), ADA.discover(), BEN.discover());
    round(ADA.select('10.15.3.20', '10.15.3.10'));
    for (let count = 0; count < 100; count += 1) round(ADA.extend('10.15.3.20'), BEN.extend('10.15.3.21'));

    expect(cards.asked).toEqual([2]);
    expect([nameOf(ADA), nameOf(BEN)]).toEqual(['tap104i0', 'veth105i0']);
    expect(nameOf(new Guest('52:54:00:00:00:03'))).toBeUndefined();
  });

  test('is asked for each card that speaks by ARP, as it is now, and no more than 64 times at once and 16 times a second', async () => {
    const { clock, cards, ports } = setUp();
    const isOfGuest = (mac: string) => ports.isOfGuest(hardwareFromText(mac) ?? NO_HARDWARE);
    cards.plug(ADA.mac, 'tap104i0');
    cards.plug(BEN.mac, 'vxlan_vps');
    const first = [isOfGuest(ADA.mac), isOfGuest(BEN.mac), isOfGuest('52:54:00:00:00:03')];
    cards.plug(ADA.mac, 'vxlan_vps');
    const moved = isOfGuest(ADA.mac);
    for (let count = 0; count < 1000; count += 1) isOfGuest(BEN.mac);
    const atOnce = cards.asked.length;
    await clock.pass(1000);
    for (let count = 0; count < 1000; count += 1) isOfGuest(BEN.mac);

    expect(first).toEqual([true, false, false]);
    expect(moved).toBe(false);
    expect([atOnce, cards.asked.length]).toEqual([64, 80]);
  });

  test('is asked again when a guest starts anew, since it may have been moved; for a renewal only after minutes', async () => {
    const { clock, cards, round, nameOf } = setUp();
    cards.plug(ADA.mac, 'tap104i0');
    round(ADA.discover());
    cards.plug(ADA.mac, 'vxlan_vps');

    await clock.pass(60_000);
    round(ADA.extend('10.15.3.20'));
    expect(nameOf(ADA)).toBe('tap104i0');
    round(ADA.discover());
    expect(nameOf(ADA)).toBe('vxlan_vps');
    cards.plug(ADA.mac, 'tap104i0');
    await clock.pass(600_000);
    round(ADA.extend('10.15.3.20'));
    expect(nameOf(ADA)).toBe('tap104i0');
  });

  test('is asked again soon where it was not known', async () => {
    const { clock, cards, round, nameOf } = setUp();
    round(ADA.discover(), ADA.discover());
    round(ADA.discover());
    expect(cards.asked).toEqual([1]);

    cards.plug(ADA.mac, 'tap104i0');
    await clock.pass(1000);
    round(ADA.discover());
    expect(nameOf(ADA)).toBe('tap104i0');
  });

  test('is not asked for what a relay has sent, for cards that cannot be one, or without a bridge', () => {
    const { cards, round } = setUp();
    round(new Guest('52:54:00:00:00:04', { relay: '10.15.3.2' }).discover());
    round(new Guest('53:54:00:00:00:04').discover(), new Guest('00:00:00:00:00:00').discover());
    cards.hasBridge = false;
    round(ADA.discover());

    expect(cards.asked).toEqual([]);
  });

  test('is not asked for a while when the kernel has kept the gateway waiting', async () => {
    const { clock, cards, round, nameOf } = setUp();
    cards.plug(BEN.mac, 'veth105i0');
    cards.meanwhile = () => clock.stall(50);
    round(ADA.discover());
    round(BEN.discover());
    expect(cards.asked).toEqual([1]);

    await clock.pass(500);
    round(BEN.discover());
    expect(nameOf(BEN)).toBe('veth105i0');
  });

  test('takes no more memory for twenty thousand forged MACs, and finds a guest among them again', () => {
    const { cards, round, nameOf } = setUp();
    cards.plug(ADA.mac, 'tap104i0');
    round(ADA.discover());
    const forged = (number: number) =>
      new Guest(
        `02:00:00:${[16, 8, 0].map((shift) => ((number >> shift) & 255).toString(16).padStart(2, '0')).join(':')}`,
      );
    for (let number = 0; number < 20_000; number += 100)
      round(...Array.from({ length: 100 }, (_, index) => forged(number + index).discover()));

    expect(cards.asked.length).toBe(201);
    round(ADA.discover());
    expect(nameOf(ADA)).toBe('tap104i0');
  });

  test('tells guests of this host from those of others, which a tunnel names by where it ends', () => {
    const { cards, ports, round } = setUp();
    const hostOf = (guest: Guest) => {
      const bytes = guest.discover();
      const message = decode(bytes, new DataView(bytes.buffer), 0, bytes.length);
      return message.ok ? ports.hostOf(message) : 'malformed';
    };
    const [carol, dave] = [3, 4].map((number) => new Guest(`52:54:00:00:00:0${number}`));
    if (carol === undefined || dave === undefined) throw new Error('nobody');
    cards.plug(ADA.mac, 'tap104i0');
    cards.plug(BEN.mac, 'vxlan_vps', '192.0.2.11');
    cards.plug(carol.mac, 'vxlan_vps');
    cards.plug(dave.mac, 'bond0');
    round(...[ADA, BEN, carol, dave].map((guest) => guest.discover()));

    expect([ADA, BEN, carol, dave].map(hostOf)).toEqual(['own', at('192.0.2.11'), undefined, undefined]);
    cards.tunnelEnds = [at('192.0.2.10')];
    expect(hostOf(dave)).toBe('own');
    expect(hostOf(new Guest('52:54:00:00:00:09'))).toBeUndefined();
    expect(hostOf(new Guest(ADA.mac, { relay: '10.15.3.2' }))).toBeUndefined();
  });

  test('the bridge is looked for again twice a minute', async () => {
    const { clock, cards, ports } = setUp();
    for (let second = 0; second < 60; second += 1) {
      await clock.pass(1000);
      ports.check();
    }

    expect(cards.refreshed).toBe(2);
  });
});
