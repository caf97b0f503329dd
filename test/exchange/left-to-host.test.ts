import { describe, expect, test } from 'vitest';
import { BridgeGuestPorts } from '../../src/detection/guest-ports.ts';
import { HostAnswers } from '../../src/detection/host-answers.ts';
import { Peers } from '../../src/detection/peers.ts';
import type { Message } from '../../src/wire/message.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { at, planOf } from '../support/plan.ts';
import { PluggedCards } from '../support/plugged.ts';

const SERVER = '10.15.3.10';
const PEER = '10.15.3.11';
const THERE = '192.0.2.11';
let made = 0;

/** A gateway that has heard another one, at whose host guests are; they have selected that one. */
function hearing() {
  const plan = planOf({ peers: new Set([at(PEER)]), probeMilliseconds: 0 });
  const cards = new PluggedCards();
  const bench = memoryBench({ plan });
  const guestPorts = new BridgeGuestPorts(cards, bench.clock, 4711);
  const answers = new HostAnswers(bench.clock);
  const peers = new Peers(bench.clock, new LogLines(), () => bench.store.leases.revision);
  peers.known = plan.peers;
  peers.longestLease = 43_200_000;
  Object.assign(bench.serverState, {
    guestPorts,
    peerObservations: peers,
    noteRequest: (...[server, address, client, hardware]: Parameters<typeof peers.noteRequest>) => {
      if (peers.known.has(server)) answers.noteSelection(guestPorts.hostOfCard(hardware));
      peers.noteRequest(server, address, client, hardware);
    },
    isLeftToHost: (message: Message) => answers.takes(guestPorts.hostOf(message)),
    noteUnanswered: (message: Message) => answers.noteUnanswered(guestPorts.hostOf(message)),
  });
  const guestAt = (port: string, host?: string): Guest => {
    made += 1;
    const guest = new Guest(`52:54:00:00:09:${made.toString(16).padStart(2, '0')}`);
    cards.plug(guest.mac, port, host);
    return guest;
  };
  const remote = () => guestAt('vxlan_vps', THERE);
  return { bench, cards, guestAt, remote };
}

/** The same, where a guest of that host was just heard selecting its gateway. */
async function knowing() {
  const gateway = hearing();
  const other = gateway.remote();
  await gateway.bench.hear(other.discover(), other.select('10.15.3.200', PEER));
  gateway.bench.replies();
  return gateway;
}

describe('beside gateways that are only heard', () => {
  test('a guest of this host is answered at once, and so is one of a host where no gateway was heard to answer', async () => {
    const { bench, guestAt, remote } = hearing();
    await bench.hear(guestAt('tap104i0').discover());
    await bench.hear(remote().discover());
    await bench.hear(guestAt('bond0').discover());

    expect(bench.replies().map((reply) => reply.split(' ')[0])).toEqual([
      'DHCPOFFER',
      'DHCPOFFER',
      'DHCPOFFER',
    ]);
  });

  test('a guest of another host is left to the gateway there, and once it has selected that one, nothing is offered to it', async () => {
    const { bench, remote } = await knowing();
    const guest = remote();
    await bench.hear(guest.discover());
    await bench.clock.pass(50);
    await bench.hear(guest.select('10.15.3.201', PEER));
    await bench.clock.pass(5000);

    expect(bench.replies()).toEqual([]);
    expect(bench.drops('superseded')).toBe(1);
    expect(bench.store.leases.at(at('10.15.3.201'))).toMatchObject({ state: 'peer', granter: at(PEER) });
    expect(bench.store.leases.countByState().offered).toBe(0);
    expect(bench.exchange.isIdle).toBe(true);
  });

  test('if that one is silent, the guest is answered after a second, and the next ones at once, until it answers again', async () => {
    const { bench, remote } = await knowing();
    const first = remote();
    await bench.hear(first.discover());
    await bench.clock.pass(999);
    expect(bench.replies()).toEqual([]);
    await bench.clock.pass(1);
    expect(bench.replies()).toMatchObject([expect.stringContaining(`to ${first.mac}`)]);

    await bench.hear(remote().discover());
    expect(bench.replies()).toHaveLength(1);
    const other = remote();
    await bench.hear(other.discover());
    bench.replies();
    await bench.hear(other.select('10.15.3.202', PEER));
    await bench.hear(remote().discover());
    expect(bench.replies()).toEqual([]);
  });

  test('a guest that asks again, or has tried for three seconds, is not left to anybody', async () => {
    const { bench, remote } = await knowing();
    const again = remote();
    await bench.hear(again.discover());
    await bench.clock.pass(500);
    await bench.hear(again.discover());
    await bench.hear(remote().discover([], { secs: 3 }));

    expect(bench.replies()).toHaveLength(2);
  });

  test('a guest of another host that has its lease here is answered at once', async () => {
    const { bench, remote } = await knowing();
    const guest = remote();
    await bench.hear(guest.discover([], { secs: 3 }));
    const [, address = ''] = bench.replies().at(-1)?.split(' ') ?? [];
    await bench.hear(guest.select(address, SERVER));
    await bench.clock.pass(60_000);
    bench.replies();

    await bench.hear(guest.discover());
    expect(bench.replies()).toEqual([`DHCPOFFER ${address} to ${guest.mac}`]);
  });
});
