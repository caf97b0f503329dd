import { expect, test } from 'vitest';
import { Peers } from '../../src/detection/peers.ts';
import { type Ipv4, ipv4 } from '../../src/net/ipv4.ts';
import { client, hardware } from '../store/changes.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { at } from '../support/plan.ts';

const LOW = at('10.15.3.11');
const HIGH = at('10.15.3.12');
const ADDRESS = at('10.15.3.20');
/** Addresses that are remembered, and clients that ask for one of them. */
const ADDRESSES = 4096;
const CLIENTS = 8;

function listening() {
  const clock = new FakeClock();
  const log = new LogLines();
  const peers = new Peers(clock, log);
  peers.known = new Set([LOW, HIGH]);
  const hear = (server: Ipv4, address: Ipv4, number: number) =>
    peers.noteRequest(server, address, client(number), hardware(number));
  return { clock, log, peers, hear };
}

function addressNumber(number: number): Ipv4 {
  return ipv4(ADDRESS + number);
}

test('a bounded number of addresses that others ask for is remembered, those that were asked for last', () => {
  const { peers, hear } = listening();
  for (let number = 0; number < ADDRESSES; number += 1) hear(LOW, addressNumber(number), number);
  hear(LOW, addressNumber(0), 0); // Again: now the second one is the oldest.
  hear(LOW, addressNumber(ADDRESSES), ADDRESSES);

  const isRemembered = (number: number) =>
    peers.lastRequestFor(addressNumber(number), undefined) !== undefined;

  expect([0, 1, 2, ADDRESSES].map(isRemembered)).toEqual([true, false, true, true]);
});

test('a bounded number of clients that ask for one address is remembered, those that asked last', () => {
  const { peers, hear } = listening();
  hear(LOW, ADDRESS, 0);
  for (let number = 1; number < CLIENTS; number += 1) hear(HIGH, ADDRESS, number);
  const before = peers.rivalFor(ADDRESS, client(99));
  hear(HIGH, ADDRESS, CLIENTS);

  expect(before?.granter).toBe(LOW);
  expect(peers.rivalFor(ADDRESS, client(99))?.granter).toBe(HIGH);
});

test('one client that asks again and again is one rival', () => {
  const { peers, hear } = listening();
  hear(LOW, ADDRESS, 0);
  for (let time = 0; time < 2 * CLIENTS; time += 1) hear(HIGH, ADDRESS, 1);

  expect(peers.rivalFor(ADDRESS, client(99))?.granter).toBe(LOW);
});

test('whoever is named, only what may be a gateway is heard of: nothing is remembered of others, nor said', () => {
  const { log, peers, hear } = listening();
  for (let number = 0; number < 100; number += 1) hear(addressNumber(number), ADDRESS, number);

  expect(peers.peers.size).toBe(0);
  expect(peers.lastRequestFor(ADDRESS, undefined)).toBeUndefined();
  expect(log.lines).toEqual([]);
});

test('a rival counts for a second, and not at its end', async () => {
  const { clock, peers, hear } = listening();
  hear(LOW, ADDRESS, 0);

  await clock.pass(999);
  const before = peers.rivalFor(ADDRESS, client(1));
  await clock.pass(1);

  expect(before?.client).toBe(client(0));
  expect(peers.rivalFor(ADDRESS, client(1))).toBeUndefined();
});

test.each([
  ['back', -5 * 86_400_000],
  ['forward', 5 * 86_400_000],
])('how long ago a peer was heard is the same after the clock was set %s', async (_, step) => {
  const { clock, peers, hear } = listening();
  const ago = () => {
    const [heard, asked] = [peers.peers.get(LOW), peers.lastRequestFor(ADDRESS, undefined)?.on];
    return [heard, asked, peers.since].map((instant) => clock.now() - (instant ?? 0));
  };
  hear(LOW, ADDRESS, 1);
  await clock.pass(5000);

  clock.jump(step);
  peers.followClock(clock.now() - clock.monotonic());

  expect(ago()).toEqual([5000, 5000, 5000]);
  hear(LOW, ADDRESS, 2);
  expect(ago()).toEqual([0, 0, 5000]);
});
