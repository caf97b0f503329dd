import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { inNetworkOf, PacketSocket } from '../../src/cli/lab/guests/packet-socket.ts';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import type { HardwareAddress } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import { type ArpSocket, openArpSocket } from '../../src/transport/arp-socket.ts';
import { loadLibc } from '../../src/transport/linux/libc.ts';
import { interfaceEventText, watchInterface } from '../../src/transport/linux/watch-interface.ts';
import { TO_ALL, toClient, toRelay } from '../support/destinations.ts';
import { hardwareText } from '../support/frames.ts';
import { ip, mac, u16 } from '../support/packet.ts';
import { at } from '../support/plan.ts';
import { describeSystem } from '../support/system.ts';
import { sendAll } from './listener.ts';
import { Ear, openIn, PLAN, useClosing } from './node.ts';

/** The kernel's news come in their own time. */
const soon = (check: () => void) => vi.waitFor(check, 5000);

const GUEST = '52:54:00:00:00:4d';
const NODE = '52:54:00:00:00:0a';

/** A segment whose node has its interface anew for each test. */
describeSystem('an interface that changes, and its ARP', [], () => {
  let segment: LabSegment;
  let node: NamespaceHost;
  let guest: NamespaceHost;
  const closedAfter = useClosing();

  beforeAll(async () => {
    segment = await LabSegment.open();
    node = await segment.attach('node', { address: '10.15.3.10/24', hardware: NODE });
    guest = await segment.attach('guest', { address: '10.15.3.77/24', hardware: GUEST });
  });
  beforeEach(() => {
    if (node.ip('-br link').includes('eth0')) node.ip('link del eth0');
    plug();
  });
  afterAll(() => segment?.close());

  const plug = () => segment.plug(node, { address: '10.15.3.10/24', hardware: NODE });
  const openArp = () => closedAfter(inNetworkOf(node, () => openArpSocket(loadLibc(), PLAN)));

  /** Everything that ARP says, as lines. */
  function heardBy(arp: ArpSocket): string[] {
    const lines: string[] = [];
    arp.onHeard((address: Ipv4, holder: HardwareAddress) =>
      lines.push(`${ipv4ToText(address)} ${holder.toString(16)}`),
    );
    return lines;
  }
  const GUEST_LINE = '10.15.3.77 52540000004d';

  describe('ARP', () => {
    it('a real host answers what is asked, and nobody answers for an address that is free', async () => {
      const arp = openArp();
      const lines = heardBy(arp);

      arp.ask(at('10.15.3.99'));
      arp.ask(at('10.15.3.77'));
      await soon(() => expect(lines).toContain(GUEST_LINE));

      expect(new Set(lines)).toEqual(new Set([GUEST_LINE]));
      expect(arp.canAsk).toBe(true);
      expect(arp.refusedSends.size).toBe(0);
    });

    it('RFC 5227 §2.1.1: a request names us as sender, so that a client which probes does not take it for a rival', async () => {
      const arp = openArp();
      const seen: Buffer[] = [];
      closedAfter(new PacketSocket(guest, 'eth0', 0x0806, (frame) => seen.push(frame)));

      arp.ask(at('10.15.3.99'));
      await soon(() => expect(seen).not.toHaveLength(0));

      const [frame = Buffer.alloc(0)] = seen;
      expect(hardwareText(frame, 0)).toBe('ff:ff:ff:ff:ff:ff');
      expect([...frame.subarray(20, 42)]).toEqual([
        ...u16(1),
        ...mac(NODE),
        ...ip('10.15.3.10'),
        ...[0, 0, 0, 0, 0, 0],
        ...ip('10.15.3.99'),
      ]);
    });

    it('the machine is the one that the frame comes from, whatever the message says; where MACs are translated, the one that it names', async () => {
      const OTHER = '52:54:00:00:00:4e';
      const judging = heardBy(openArp());
      const translated = heardBy(
        closedAfter(inNetworkOf(node, () => openArpSocket(loadLibc(), { ...PLAN, checksChaddr: false }))),
      );
      const socket = closedAfter(new PacketSocket(guest, 'eth0', 0x0806, () => {}));

      socket.send(
        Uint8Array.from([
          ...[...mac('ff:ff:ff:ff:ff:ff'), ...mac(GUEST), 8, 6],
          ...[...u16(1), ...u16(0x0800), 6, 4, ...u16(2)],
          ...[...mac(OTHER), ...ip('10.15.3.89'), ...mac(NODE), ...ip('10.15.3.10')],
        ]),
      );
      await soon(() => expect([judging, translated].every(({ length }) => length === 1)).toBe(true));

      expect([judging, translated]).toEqual([['10.15.3.89 52540000004d'], ['10.15.3.89 52540000004e']]);
    });

    it('who asks everybody for the listen IP is told, and neither who asks this node alone nor who asks for another', async () => {
      const askers: string[] = [];
      openArp().onAsked?.((asker, machine) => askers.push(`${ipv4ToText(asker)} ${machine.toString(16)}`));
      const socket = closedAfter(new PacketSocket(guest, 'eth0', 0x0806, () => {}));
      const say = (to: string, operation: number, sender: string, target: string) =>
        socket.send(
          Uint8Array.from([
            ...[...mac(to), ...mac(GUEST), 8, 6],
            ...[...u16(1), ...u16(0x0800), 6, 4, ...u16(operation)],
            ...[...mac(GUEST), ...ip(sender), 0, 0, 0, 0, 0, 0, ...ip(target)],
          ]),
        );

      say(NODE, 1, '10.15.3.11', '10.15.3.10');
      say('ff:ff:ff:ff:ff:ff', 1, '10.15.3.12', '10.15.3.15');
      say('ff:ff:ff:ff:ff:ff', 2, '10.15.3.13', '10.15.3.10');
      say('ff:ff:ff:ff:ff:ff', 1, '10.15.3.14', '10.15.3.10');
      await soon(() =>
        expect(askers).toEqual([
          `10.15.3.14 ${mac(GUEST)
            .map((byte) => byte.toString(16).padStart(2, '0'))
            .join('')}`,
        ]),
      );
    });

    it('what others announce is heard, from our segment only, and a probe announces nothing', async () => {
      const lines = heardBy(openArp());
      const socket = closedAfter(new PacketSocket(guest, 'eth0', 0x0806, () => {}));
      const announce = (operation: number, sender: string) =>
        socket.send(
          Uint8Array.from([
            ...mac('ff:ff:ff:ff:ff:ff'),
            ...mac(GUEST),
            ...[8, 6],
            ...u16(1),
            ...u16(0x0800),
            ...[6, 4],
            ...u16(operation),
            ...mac(GUEST),
            ...ip(sender),
            ...[0, 0, 0, 0, 0, 0],
            ...ip('10.15.3.88'),
          ]),
        );

      announce(1, '0.0.0.0');
      announce(2, '192.0.2.7');
      announce(1, '10.15.3.88');
      announce(2, '10.15.3.89');
      await soon(() => expect(lines).toContain('10.15.3.89 52540000004d'));

      expect(lines).toEqual(['10.15.3.88 52540000004d', '10.15.3.89 52540000004d']);
    });

    it('a changed hardware address of our own is told from the next request on', async () => {
      const arp = openArp();
      const seen: Buffer[] = [];
      closedAfter(new PacketSocket(guest, 'eth0', 0x0806, (frame) => seen.push(frame)));

      node.ip('link set eth0 address 52:54:00:00:00:0b');
      arp.ask(at('10.15.3.99'));
      await soon(() => expect(seen.map((frame) => hardwareText(frame, 22))).toContain('52:54:00:00:00:0b'));

      expect(seen.filter((frame) => hardwareText(frame, 22) === NODE)).toEqual([]);
    });

    it('an interface that goes down and comes up again is heard again', async () => {
      const arp = openArp();
      const lines = heardBy(arp);
      let lost = '';
      arp.onLost((reason) => {
        lost = reason;
      });

      node.ip('link set eth0 down');
      arp.ask(at('10.15.3.77'));
      node.ip('link set eth0 up');
      await soon(() => {
        arp.ask(at('10.15.3.77'));
        expect(lines).toContain(GUEST_LINE);
      });

      expect([...arp.refusedSends]).toEqual([['ENETDOWN', 1]]);
      expect(lost).toBe('');
    });

    it('an interface that is deleted is a loss, and asking then is harmless', async () => {
      const arp = openArp();
      heardBy(arp);
      const lost = new Promise((resolve) => arp.onLost(resolve));

      node.ip('link del eth0');

      expect(await lost).toBe('the interface eth0 was deleted');
      expect(() => arp.ask(at('10.15.3.77'))).not.toThrow();
    });
  });

  describe('a transport', () => {
    const relay = toRelay('10.15.3.77');
    const inFrame = toClient('10.15.3.99', GUEST);

    it('tells once that its interface was deleted, also to who asks later, and its sends are refused', async () => {
      const transport = closedAfter(openIn(node));
      const lost = new Promise((resolve) => transport.onLost(resolve));

      node.ip('link del eth0');
      const reason = await lost;
      const taken = sendAll(transport, [
        ['a', relay],
        ['b', inFrame],
        ['c', TO_ALL],
      ]);

      expect(reason).toBe('the interface eth0 was deleted');
      expect(taken).toBe(0);
      const refused = [...transport.counters.refusedSends.values()];
      expect(refused.reduce((sum, count) => sum + count, 0)).toBe(3);
      expect(transport.receive(transport.arena(8)).datagrams).toEqual([]);
      expect(transport.hasCarrier).toBe(false);
      let later = '';
      transport.onLost((words) => {
        later = words;
      });
      expect(later).toBe(reason);
    });

    it('can be opened anew on the interface that came in its place', async () => {
      const first = openIn(node);
      node.ip('link del eth0');
      plug();
      first.close();
      const transport = closedAfter(openIn(node));
      const ear = closedAfter(new Ear(guest));

      sendAll(transport, [['again', inFrame]]);
      await ear.until(1);

      expect(ear.texts).toEqual(['again']);
    });

    it('is refused what it sends to relays while its address is gone, and goes on when it is back', async () => {
      const transport = closedAfter(openIn(node));
      const ear = closedAfter(new Ear(guest));

      node.ip('addr del 10.15.3.10/24 dev eth0');
      const without = sendAll(transport, [
        ['lost', relay],
        ['lost too', relay],
      ]);
      node.ip('addr add 10.15.3.10/24 dev eth0');
      const again = sendAll(transport, [['back', relay]]);
      await ear.until(1);

      expect([without, again]).toEqual([0, 1]);
      expect(ear.texts).toEqual(['back']);
    });

    it('follows the MTU and the carrier', async () => {
      const transport = closedAfter(openIn(node));
      const port = segment.router
        .ip('-br link')
        .split('\n')
        .map((line) => line.split('@')[0] ?? '')
        .filter((name) => name.startsWith('port'))
        .at(-1);

      const before = [transport.maximumPayload, transport.hasCarrier];
      node.ip('link set eth0 mtu 1450');
      await soon(() => expect(transport.maximumPayload).toBe(1422));
      segment.router.ip(`link set ${port} down`);
      await soon(() => expect(transport.hasCarrier).toBe(false));

      expect(before).toEqual([1472, true]);
    });
  });

  describe('a watch', () => {
    it('tells what becomes of an interface, from before it is there', async () => {
      node.ip('link del eth0');
      const words: string[] = [];
      const watch = closedAfter(
        inNetworkOf(node, () =>
          watchInterface('eth0', (events) => {
            words.push(...events.map((event) => interfaceEventText('eth0', event)));
          }),
        ),
      );
      const until = (text: string) => soon(() => expect(words).toContain(text));

      expect(watch.now).toBeUndefined();
      plug();
      await until('eth0: created');
      await soon(() =>
        expect(watch.now).toMatchObject({ up: true, addresses: [{ address: at('10.15.3.10') }] }),
      );
      words.length = 0;
      node.ip('addr del 10.15.3.10/24 dev eth0');
      await until('eth0: address lost 10.15.3.10');
      node.ip('addr add 10.15.3.10/24 dev eth0');
      await until('eth0: address back 10.15.3.10');
      node.ip('link set eth0 down');
      await until('eth0: down');
      node.ip('link del eth0');
      await until('eth0: deleted');

      expect(words.filter((each) => !each.includes('carrier'))).toEqual([
        'eth0: address lost 10.15.3.10',
        'eth0: address back 10.15.3.10',
        'eth0: down',
        'eth0: deleted',
      ]);
    });
  });
});
