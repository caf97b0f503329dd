import { setTimeout as pass } from 'node:timers/promises';
import { hardwareFromText } from '../../../src/net/hardware-address.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { loadLibc } from '../../../src/transport/linux/libc.ts';
import { Card } from './card.ts';
import { Guest } from './guest.ts';
import type { GuestsResult, GuestsWork, KnownGuests } from './guests-work.ts';
import { deviceOfGuest } from './network.ts';

/**
 * The honest guests of a segment in this namespace, as the first argument says in JSON: known ones get a lease each, and are
 * written as a line. At SIGUSR2 the newcomers boot, and the known ones renew, once a second each; then the result is written.
 */
const work = JSON.parse(process.argv[2] ?? '') as GuestsWork;
const KNOWN_HARDWARE = 0x5254_00aa_0000;
const LEASE_PATIENCE = 30_000;
const RENEW_EVERY = 1000;
const LAST_ANSWERS = 1500;
const SLOTS = 8;
const libc = loadLibc();
let devices = 0;

function guest(hardware: number): Guest {
  const device = deviceOfGuest(devices);
  devices += 1;
  return new Guest(
    hardware,
    (self) => new Card(libc, device, SLOTS, (view, start, end) => self.hear(view, start, end)),
  );
}

async function leaseKnown(): Promise<readonly Guest[]> {
  if (typeof work.known !== 'number') {
    const server = {
      hardware: hardwareFromText(work.server.hardware) ?? 0,
      address: ipv4FromText(work.server.address) ?? 0,
    };
    return work.known.map(({ hardware, address }) => {
      const resumed = guest(hardware);
      resumed.resume(address, server);
      return resumed;
    });
  }
  const known = Array.from({ length: work.known }, (_, number) => guest(KNOWN_HARDWARE + number));
  await Promise.race([Promise.all(known.map((one) => one.boot())), pass(LEASE_PATIENCE)]);
  return known;
}

async function run(known: readonly Guest[]): Promise<GuestsResult> {
  const before = known.map(({ address }) => address);
  const renewing = known.map((one, index) => renewRepeatedly(one, (index / known.length) * RENEW_EVERY));
  const newcomers = Array.from({ length: work.newcomers }, (_, number) => guest(work.hardware + number));
  const booting = newcomers.map(async (one, index) => {
    await pass((index / newcomers.length) * work.within);
    await one.boot();
  });
  const least = pass(work.least);
  await Promise.race([Promise.all([least, ...booting]), pass(work.most)]);
  for (const timer of renewing) clearInterval(timer);
  await pass(LAST_ANSWERS);
  const sum = (count: (one: Guest) => number) => known.reduce((all, one) => all + count(one), 0);
  return {
    newcomers: newcomers.length,
    bootedIn: newcomers
      .map(({ bootedIn }) => bootedIn)
      .filter((time) => time !== undefined)
      .sort((a, b) => a - b),
    refused: newcomers.reduce((all, { refused }) => all + refused, 0),
    known: known.length,
    kept: known.filter(({ address, isBound }, index) => isBound && address === before[index]).length,
    renewalsSent: sum(({ renewalsSent }) => renewalsSent),
    renewalsAnswered: sum(({ renewalsAnswered }) => renewalsAnswered),
  };
}

function renewRepeatedly(one: Guest, delay: number): NodeJS.Timeout {
  return setInterval(() => setTimeout(() => one.renew(), delay), RENEW_EVERY);
}

const known = await leaseKnown();
process.once('SIGUSR2', () => {
  void run(known).then((result) => {
    console.log(JSON.stringify(result));
    process.exit(0);
  });
});
const line: KnownGuests = { known: known.filter(({ isBound }) => isBound).map(({ holding }) => holding) };
console.log(JSON.stringify(line));
