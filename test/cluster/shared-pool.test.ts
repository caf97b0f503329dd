import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { addressText } from '../support/frames.ts';
import { serverSockets } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf } from '../support/load.ts';
import { ip, messageType, type PacketOption } from '../support/packet.ts';
import { askAgain, bootUntilLeased, leaseSeconds, rebind } from '../support/patient-guest.ts';
import { serverOf } from '../support/raw-client.ts';
import { heldTwice, Storm } from '../support/storm.ts';
import { describeSystem } from '../support/system.ts';

const GUESTS = 300;
const POOL_SIZE = 235;
/** A guest that hears nothing tries for longer than an offer that nobody took holds its address. */
const ATTEMPTS = 12;
/** When all is well: milliseconds. */
const SOON = 10_000;
const AFTER_THE_LEADER = 5000;
/** So long after etcd's last answer a DHCPOFFER may still leave, since nothing is written for it: milliseconds. */
const ANSWERED_LATELY = 1000;
const AFTER_A_MAJORITY_RETURNED = 15_000;

describeSystem('three gateways that share their leases in etcd', ['etcd', 'etcdctl', 'ss'], () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
    onTestFailed(() => console.log(cluster.story()));
    await cluster.serve();
  });
  afterEach(() => cluster.close());

  test('each listens on its own address', () => {
    for (const { address, gateway } of cluster.nodes) {
      expect(serverSockets(gateway?.pid ?? 0)).toContain(`${address}:67`);
    }
  });

  test(`${GUESTS} guests at once: ${POOL_SIZE} leases, none held twice, no DHCPNAK but from the server that was chosen, and every mirror holds them`, async () => {
    const storm = new Storm(cluster.client, ATTEMPTS);
    const acks = await storm.boot(Array.from({ length: GUESTS }, (_, index) => hardwareOf(index + 1)));

    expect(heldTwice(acks)).toEqual([]);
    expect(acks).toHaveLength(POOL_SIZE);
    expect(storm.strangers).toEqual([]);
    const promised = acks.map(holderOf);
    await cluster.until(async () => {
      const [first = [], ...others] = [await boundIn(0), await boundIn(1), await boundIn(2)];
      expect(differences(holdersOf(first), promised)).toEqual([]);
      for (const other of others) expect(differences(other, first)).toEqual([]);
    });
  }, 120_000);

  test('a gateway is killed: its guests rebind at another one, new guests are served, and it catches up when it returns', async () => {
    const { client, nodes } = cluster;
    const [place, acks] = await guestsOfOneGateway(2);
    await cluster.kill(place);

    for (const ack of acks) {
      const rebound = await rebind(client, ack);
      expect(rebound).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
      expect(rebound.sourceHardware).not.toBe(nodes[place]?.hardware);
    }
    // Several, so that it would have been the first for some of them.
    const newcomers: HeardReply[] = [];
    for (let number = 101; number <= 106; number += 1)
      newcomers.push(await bootUntilLeased(client, hardwareOf(number), SOON));
    expect(heldTwice([...acks, ...newcomers])).toEqual([]);

    await cluster.start(place);
    const other = (place + 1) % nodes.length;
    await cluster.until(async () =>
      expect(differences(await boundIn(place), await boundIn(other))).toEqual([]),
    );
    const promised = [...acks, ...newcomers].map(holderOf);
    expect(holdersOf(await boundIn(place))).toEqual(expect.arrayContaining(promised));
  }, 120_000);

  test('the member of etcd that leads is killed: a new guest is served within 5 s', async () => {
    const { client, etcd } = cluster;
    const before = await bootUntilLeased(client, hardwareOf(1), SOON);
    await etcd.kill(await etcd.leader());

    const after = await bootUntilLeased(client, hardwareOf(2), AFTER_THE_LEADER);

    expect(after.yiaddr).not.toBe(before.yiaddr);
  });

  test('without a majority nothing new is promised and nothing is prolonged; with one again new guests are served', async () => {
    const { client, etcd } = cluster;
    const ack = await bootUntilLeased(client, hardwareOf(1), SOON);
    const leasedAt = Date.now();
    // Bound in every mirror: any gateway may answer for it.
    await cluster.until(async () => {
      for (const place of cluster.nodes.keys())
        expect(holdersOf(await boundIn(place))).toEqual([holderOf(ack)]);
    });
    expect((await cluster.ran(0, 'leases')).errors).toBe('');
    const dead = [await etcd.leader(), ((await etcd.leader()) + 1) % 3];
    await Promise.all(dead.map((place) => etcd.kill(place)));

    await delay(ANSWERED_LATELY);
    const newcomer = hardwareOf(2);
    await expect(discoverFor(newcomer, 6)).rejects.toThrow('no answer');
    const askedAt = Date.now();
    const rebound = await rebind(client, ack, 10);
    const remaining = leaseSeconds(ack) - (askedAt - leasedAt) / 1000;
    expect(rebound).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    expect(leaseSeconds(rebound)).toBeLessThanOrEqual(remaining);
    expect(leaseSeconds(rebound)).toBeGreaterThan(0);
    expect(client.heard.filter(({ chaddr }) => chaddr === newcomer)).toEqual([]);

    const cutOff = await cluster.until(async () => {
      const ran = await cluster.ran(0, 'leases');
      expect(ran.errors).toMatch(
        /^copy of etcd's leases as of \d+ s ago \(2.*Z\): what other gateways .*\n$/,
      );
      return ran;
    });
    expect(cutOff.output).toContain(ack.yiaddr);

    for (const place of dead) etcd.revive(place);
    const served = await bootUntilLeased(client, newcomer, AFTER_A_MAJORITY_RETURNED);

    expect(served.yiaddr).not.toBe(ack.yiaddr);
  }, 120_000);

  test('RFC 2131 §4.3.2: INIT-REBOOT and REBINDING keep the address of a guest, whichever gateway hears them', async () => {
    const { client, nodes } = cluster;
    const ack = await bootUntilLeased(client, hardwareOf(1), SOON);
    const remembered: PacketOption = [50, ...ip(ack.yiaddr)];
    const reboot = { chaddr: ack.chaddr, options: [messageType('DHCPREQUEST'), remembered] };

    for (const { hardware, address } of nodes) {
      // A broadcast that the bridge takes to this node alone.
      const envelope = { destinationHardware: hardware };
      const replies = [await askAgain(client, reboot, 5, envelope), await rebind(client, ack, 5, envelope)];
      for (const reply of replies) {
        expect(reply).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
        expect(addressText(serverOf(reply), 0)).toBe(address);
      }
    }
  }, 120_000);

  test('a guest that hears of no offer from the first gateway for it is served by another one after its second DHCPDISCOVER', async () => {
    const { client, nodes } = cluster;
    for (const [index, { hardware, address }] of nodes.entries()) {
      const discover = { chaddr: hardwareOf(index + 1), options: [messageType('DHCPDISCOVER')] };
      const offer = await askAgain(client, discover, 5, { destinationHardware: hardware });

      expect(offer.type).toBe(2);
      expect(addressText(serverOf(offer), 0)).toBe(address);
    }
  });

  /** The bound rows of a node's mirror: address, MAC, client and end. */
  async function boundIn(place: number): Promise<readonly string[]> {
    const rows = (await cluster.mirror(place)).filter(({ state }) => state === 'bound');
    return rows.map(({ address, mac, client, expires }) => `${address} ${mac} ${client} ${expires}`);
  }

  /** So many guests that one and the same gateway has leased an address to, and its place. */
  async function guestsOfOneGateway(count: number): Promise<[number, readonly HeardReply[]]> {
    const byServer = new Map<string, HeardReply[]>();
    for (let number = 1; number < 60; number += 1) {
      const ack = await bootUntilLeased(cluster.client, hardwareOf(number), SOON);
      const server = addressText(serverOf(ack), 0);
      const acks = [...(byServer.get(server) ?? []), ack];
      byServer.set(server, acks);
      if (acks.length === count) return [cluster.placeOf(server), acks];
    }
    throw new Error('every gateway has few guests');
  }

  async function discoverFor(chaddr: string, times: number): Promise<HeardReply> {
    return askAgain(cluster.client, { chaddr, options: [messageType('DHCPDISCOVER')] }, times);
  }
});

/** Address and MAC, as a row begins. */
function holderOf({ yiaddr, chaddr }: HeardReply): string {
  return `${yiaddr} ${chaddr}`;
}

function holdersOf(rows: readonly string[]): readonly string[] {
  return rows.map((row) => row.split(' ').slice(0, 2).join(' '));
}

/** What only one of the two has. */
function differences(some: readonly string[], others: readonly string[]): readonly string[] {
  const onlyIn = (these: readonly string[], those: readonly string[]) => {
    const known = new Set(those);
    return these.filter((each) => !known.has(each));
  };
  return [...onlyIn(some, others), ...onlyIn(others, some)];
}
