import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { GatewayProcess as Gateway } from '../support/gateway-process.ts';
import { CLIENTS } from '../support/guest-kind.ts';
import { Guests } from '../support/guests.ts';
import type { ToldLease } from '../support/lease-client.ts';
import { stateOf } from '../support/lease-state.ts';
import type { HeldAddress, RealGuest } from '../support/real-guest.ts';
import { type Seen, testEach } from '../support/seen.ts';
import { describeSystem, TestSegment } from '../support/system.ts';

const LEASE_SECONDS = 8;
const SETTINGS = {
  GATEWAY_DHCP_ARP_PROBE: '300ms',
  GATEWAY_DHCP_LEASE_TIME: `${LEASE_SECONDS}s`,
  GATEWAY_DHCP_MTU: '1450',
  GATEWAY_DHCP_DNS: '9.9.9.9,1.1.1.1',
  GATEWAY_DHCP_DOMAIN: 'guests.example',
};
const POOL = /^10\.15\.3\.(2\d|[3-9]\d|1\d\d|2[0-4]\d|25[0-4])\/24$/;

describeSystem('real clients', ['ss'], () => {
  let segment: TestSegment;
  let gateway: GatewayProcess;
  let first: Seen<HeldAddress>;
  let told: Seen<ToldLease>;
  let renewed: Seen<HeldAddress>;
  let rebooted: Seen<HeldAddress>;
  let afterRestart: Seen<HeldAddress>;
  let afterLoss: Seen<HeldAddress>;
  let inNewStore: Seen<string>;
  let released: Seen<string>;

  // All clients at once, from one situation to the next.
  beforeAll(async () => {
    segment = await TestSegment.open();
    const folder = segment.folder();
    gateway = await segment.gateway(SETTINGS, folder);
    const guests = await Guests.boot(CLIENTS, segment.segment, () => segment.folder());
    const extended = () => guests.each((guest) => guest.untilExtended(gateway));

    first = await guests.each((guest) => guest.untilLeased());
    told = await guests.each((guest) => guest.untilTold());
    renewed = await extended();
    rebooted = await guests.each(async (guest) => {
      await guest.reboot();
      return guest.untilLeased();
    });

    await gateway.end();
    gateway = await segment.gateway(SETTINGS, folder);
    afterRestart = await extended();

    await gateway.end('SIGKILL');
    const empty = segment.folder();
    gateway = await segment.gateway(SETTINGS, empty);
    afterLoss = await extended();
    const stateNow = ({ name }: RealGuest) => stateOf(empty, first.by(name).address.split('/')[0]);
    inNewStore = await guests.each(async (guest) => stateNow(guest));

    released = await guests.each(async (guest) => {
      await guest.release();
      const isFree = () => stateNow(guest) === 'free' && stateNow(guest);
      const patience = guest.name === 'NetworkManager' ? 3 * LEASE_SECONDS : LEASE_SECONDS / 3;
      return eventually('its address was free', isFree, patience * 1000);
    });
  }, 120_000);

  afterAll(async () => {
    await segment.endAll();
    await segment.close();
  });

  testEach(CLIENTS, 'RFC 2131 §3.1: %s gets a lease with all that it asked for', (name) => {
    const { address, router } = first.by(name);

    expect(address).toMatch(POOL);
    expect(router).toBe('10.15.3.1');
    expect(told.by(name)).toMatchObject({
      address: address.split('/')[0],
      router: '10.15.3.1',
      dns: '9.9.9.9 1.1.1.1',
      domain: 'guests.example',
      mtu: '1450',
      leaseSeconds: String(LEASE_SECONDS),
      server: '10.15.3.10',
    });
  });

  testEach(CLIENTS, 'RFC 2131 §4.4.5: %s renews its lease and keeps its address', (name) => {
    expect(renewed.by(name).address).toBe(first.by(name).address);
  });

  testEach(CLIENTS, '%s has its address again after its power was cut', (name) => {
    expect(rebooted.by(name).address).toBe(first.by(name).address);
  });

  testEach(CLIENTS, '%s renews its lease after a restart of the gateway', (name) => {
    expect(afterRestart.by(name).address).toBe(first.by(name).address);
  });

  testEach(CLIENTS, '%s keeps its address when the gateway has lost its lease file', (name) => {
    expect(afterLoss.by(name).address).toBe(first.by(name).address);
    expect(inNewStore.by(name)).toBe('bound');
  });

  // NetworkManager sends no DHCPRELEASE before its 1.48: its lease ends by itself.
  testEach(CLIENTS, 'RFC 2131 §4.3.4: %s leaves, and its address is free', (name) => {
    expect(released.by(name)).toBe('free');
  });

  test('the gateway listens on the address of its node and on nothing wider', () => {
    const sockets = segment.node.run('ss', '-Hulpn', 'sport = :67').trim().split('\n');

    const locals = sockets.map((line) => line.trim().split(/\s+/)[3]);
    expect(locals).toContain('10.15.3.10:67');
    expect(locals.filter((local) => local?.startsWith('0.0.0.0') || local?.startsWith('*'))).toEqual([]);
    expect(sockets.every((line) => line.includes(`pid=${gateway.pid},`))).toBe(true);
  });

  test('a second gateway starts on another node of the segment, on its own address', async () => {
    const node = await segment.segment.attach('node-2', { address: '10.15.3.11/24' });
    const second = await Gateway.start(node, { directory: segment.folder() }, '10.15.3.11');

    const listening = node.run('ss', '-Hulpn', 'sport = :67');

    expect(listening).toContain('10.15.3.11:67');
    expect(listening).not.toContain('10.15.3.10:67');
    expect(gateway.isListening('10.15.3.10')).toBe(true);
    expect(await second.end()).toBe(0);
  });
});
