import { expect, test } from 'vitest';
import { Sightings } from '../../src/detection/sightings.ts';
import { decide } from '../../src/engine/decide.ts';
import { LeaseTable } from '../../src/lease-table/lease-table.ts';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { Server } from '../../src/server/server.ts';
import { changeOf } from '../store/changes.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { replyToText } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { memoryStore } from '../support/memory-store.ts';
import { at, planOf, range, segment as subnet } from '../support/plan.ts';
import { SimulatedSegment, SimulatedTransport } from '../support/simulated-transport.ts';

const SERVER = '10.15.3.10';
const POOL = range('10.15.3.20', '10.15.3.59');
const FIRST = POOL.first;
const GUEST = new Guest('52:54:00:00:00:01');

function mac(number: number): HardwareAddress {
  return hardwareFromText(`52:54:00:00:00:${number.toString(16).padStart(2, '0')}`) ?? NO_HARDWARE;
}

/** A whole gateway on a segment where nobody lives until a test says so. */
class Gateway {
  readonly clock = new FakeClock();
  readonly segment = new SimulatedSegment();
  readonly transport = new SimulatedTransport();

  async start(): Promise<void> {
    const { clock, segment, transport } = this;
    const place = {
      interfaceName: 'eth0',
      interfaceIndex: 2,
      prefixLength: 24,
      mtu: 1500,
      warning: undefined,
    };
    const server = new Server({
      clock,
      log: new LogLines(),
      decide,
      seed: 4711,
      openStore: (inFlight) => memoryStore({ inFlight, clock }),
      findListenAddress: () => ({ kind: 'found', listenIp: at(SERVER), ...place }),
      openMedium: () => ({ transport, arp: segment, lost: () => 0, close: () => transport.close() }),
      planOf: () => planOf({ probeMilliseconds: 300, subnet: subnet({ pools: [POOL] }) }),
      waits: true,
    });
    await server.start();
    await clock.pass(5000); // All addresses were asked for by then.
  }

  /** Replies to a message, and the addresses that were asked for because of it. */
  async hear(bytes: Uint8Array): Promise<{ replies: string[]; asked: number }> {
    const before = this.segment.asked.length;
    this.transport.put(bytes);
    this.transport.deliver();
    await settle();
    await this.clock.pass(1000);
    const replies = this.transport.sent.splice(0).map(({ bytes: sent }) => replyToText(sent));
    return { replies, asked: this.segment.asked.length - before };
  }

  /** Offers the guest an address: that. */
  async offer(): Promise<string> {
    const { replies } = await this.hear(GUEST.discover());
    return replies[0]?.split(' ')[1] ?? '';
  }
}

test('RFC 2131 §3.1 (2): a guest that announces an address while it is on offer keeps it, and whoever it was offered to is refused', async () => {
  const gateway = new Gateway();
  await gateway.start();
  const address = await gateway.offer();

  gateway.segment.holders.set(at(address), mac(9));
  gateway.segment.say(at(address), mac(9));
  const { replies, asked } = await gateway.hear(GUEST.select(address, SERVER));

  expect(replies).toEqual([`DHCPNAK 0.0.0.0 to ${GUEST.mac}`]);
  expect(asked).toBeGreaterThan(0);
});

test('while nobody else is heard an offer is confirmed without a question', async () => {
  const gateway = new Gateway();
  await gateway.start();
  const address = await gateway.offer();

  gateway.segment.say(at(address), mac(1));
  const { replies, asked } = await gateway.hear(GUEST.select(address, SERVER));

  expect(replies).toEqual([`DHCPACK ${address} to ${GUEST.mac}`]);
  expect(asked).toBe(0);
});

test('a machine that answers for everything is not listened to: no offer is asked for again because of it', async () => {
  const gateway = new Gateway();
  for (let number = 0; number < 40; number += 1) gateway.segment.holders.set(ipv4(FIRST + number), mac(9));
  await gateway.start();
  for (let number = 2; number < 8; number += 1)
    await gateway.hear(new Guest(`52:54:00:00:01:0${number}`).discover());
  const address = await gateway.offer();

  gateway.segment.say(at(address), mac(9)); // Its late answer.
  const { replies, asked } = await gateway.hear(GUEST.select(address, SERVER));

  expect(replies).toEqual([`DHCPACK ${address} to ${GUEST.mac}`]);
  expect(asked).toBe(0);
});

test('only where the store names another machine anything is remembered, and of a bounded number of addresses', () => {
  const table = new LeaseTable(new Set(), 0);
  const sightings = new Sightings(table, new FakeClock());
  for (let number = 0; number < 4200; number += 1)
    table.apply(changeOf(table, { client: number % 200, address: ipv4(FIRST + number) }));

  sightings.note(ipv4(FIRST - 1), mac(9)); // No record.
  sightings.note(ipv4(FIRST + 1), mac(1)); // Its own.
  for (let number = 4; number < 4200; number += 1) sightings.note(ipv4(FIRST + number), mac(250));

  const kept = Array.from({ length: 4202 }, (_, index) => ipv4(FIRST + index - 1)).filter(
    (address) => sightings.at(address) !== undefined,
  );
  expect(kept).toHaveLength(4096);
  expect(kept[0]).toBe(FIRST + 104);
});
