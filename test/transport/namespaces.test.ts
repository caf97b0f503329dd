import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inNetworkOf } from '../../src/cli/lab/guests/packet-socket.ts';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { LabSegment } from '../../src/cli/lab/segment.ts';
import { GatewayError } from '../../src/errors.ts';
import { openDgramTransport } from '../../src/transport/dgram-transport.ts';
import { openFrameCounter } from '../../src/transport/linux/frame-counter.ts';
import { type Libc, loadLibc } from '../../src/transport/linux/libc.ts';
import { EPERM, SO_ATTACH_FILTER } from '../../src/transport/linux/linux.ts';
import { openTransport } from '../../src/transport/open-transport.ts';
import { TO_ALL, toClient, toRelay } from '../support/destinations.ts';
import { udpFrame } from '../support/frames.ts';
import { packet } from '../support/packet.ts';
import { at } from '../support/plan.ts';
import { describeSystem } from '../support/system.ts';
import { CAP_NET_RAW, withoutCapability } from './capability.ts';
import { Listener, sendAll } from './listener.ts';
import { addOtherNetwork, Ear, openIn, PLAN, useClosing } from './node.ts';

const GUEST = '52:54:00:00:00:4d';
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';

/** A DHCP client's datagram as it stands on the wire. */
function asked(words: string, destination = '255.255.255.255', source = '0.0.0.0'): Uint8Array {
  return udpFrame({
    sourceHardware: GUEST,
    destinationHardware: EVERYBODY,
    source,
    destination,
    sourcePort: 68,
    destinationPort: 67,
    payload: Buffer.from(words),
  });
}

/** With a checksum of the IP header that is right again. */
function withChecksum(frame: Uint8Array): Uint8Array {
  const header = frame.with(24, 0).with(25, 0).subarray(14, 34);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += (header[at] ?? 0) * 256 + (header[at + 1] ?? 0);
  const checksum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  return frame.with(24, checksum >>> 8).with(25, checksum & 0xff);
}

/** What each UDP socket of a machine says that it has dropped: on the listen IP, to the subnet, to all. */
function droppedBySockets(host: NamespaceHost): readonly (string | undefined)[] {
  const [, ...rows] = host.run('cat', '/proc/net/udp').trim().split('\n');
  const sockets = rows.map((row) => row.trim().split(/\s+/));
  return sockets.sort((one, other) => (one[1] ?? '').localeCompare(other[1] ?? '')).map((row) => row.at(-1));
}

describeSystem('sockets on a segment', ['dnsmasq', 'ss', 'nft'], () => {
  let segment: LabSegment;
  let node: NamespaceHost;
  let guest: NamespaceHost;
  let stranger: NamespaceHost;
  const closedAfter = useClosing();

  beforeAll(async () => {
    segment = await LabSegment.open();
    node = await segment.attach('node', { address: '10.15.3.10/24' });
    guest = await segment.attach('guest', { hardware: GUEST });
    stranger = await NamespaceHost.open('stranger');
    addOtherNetwork(node, stranger);
  });
  afterAll(async () => {
    await segment?.close();
    await stranger?.close();
  });

  it('what a firewall keeps from the sockets is counted, and what the kernel drops for what it is, is not', async () => {
    closedAfter(openIn(node));
    const counter = closedAfter(
      inNetworkOf(node, () => openFrameCounter(loadLibc(), PLAN) ?? { count: () => -1, close: () => {} }),
    );
    const insider = closedAfter(new Ear(guest));
    const request = asked(String.fromCharCode(1).repeat(300));
    const forged = [
      request.with(60, 7), // Its UDP checksum is wrong.
      request.with(24, 7), // The IP header's.
      request.with(39, 250), // Its UDP length is more than it has.
      withChecksum(request.with(16, 9)), // The IP header's too.
    ];
    const counted = async (frames: readonly Uint8Array[]) => {
      for (const frame of frames) insider.send(frame);
      await delay(50); // A veth brings them at once; all that could fail is what is not counted yet.
      return inNetworkOf(node, () => counter.count());
    };

    const dropped = await counted(forged);
    node.run('nft', 'add table inet strict');
    node.run('nft', 'add chain inet strict input { type filter hook input priority 0; policy drop; }');
    const kept = await counted(Array.from({ length: 500 }, () => request));
    node.run('nft', 'delete table inet strict');

    expect([dropped, kept]).toEqual([0, 500]);
  });

  it('ss shows the listen IP, and the broadcasts of the one interface', () => {
    const transport = closedAfter(openIn(node));

    const table = node.run('ss', '-Huln', 'sport = :67');
    const local = table
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[3]);

    expect(transport.kind).toBe('raw');
    expect(transport.maximumPayload).toBe(1472);
    expect(local.sort()).toEqual(['10.15.3.10:67', '10.15.3.255%eth0:67', '255.255.255.255%eth0:67']);
  });

  it('broadcasts of the segment are heard, to all and to the subnet; those of another interface are not', async () => {
    const listener = new Listener(closedAfter(openIn(node)));
    const insider = closedAfter(new Ear(guest));
    const outsider = closedAfter(new Ear(stranger));

    outsider.send(asked('from outside'));
    insider.send(asked('to all'));
    insider.send(asked('to the subnet', '10.15.3.255', '10.15.3.77'));
    await listener.until(2);

    expect(new Set(listener.texts)).toEqual(new Set(['to all', 'to the subnet']));
    expect(listener.heard.map(({ arrival }) => arrival.via)).toEqual(['broadcast', 'broadcast']);
    expect(listener.heard.find(({ bytes }) => bytes.toString() === 'to all')?.arrival.source).toBe(0);
  });

  /** What a machine of the other network sends to the listen IP. */
  function fromOutside(payload: Uint8Array): Uint8Array {
    return udpFrame({
      sourceHardware: stranger.run('cat', '/sys/class/net/eth0/address').trim(),
      destinationHardware: node.run('cat', '/sys/class/net/other0/address').trim(),
      source: '10.99.0.2',
      destination: '10.15.3.10',
      sourcePort: 67,
      destinationPort: 67,
      payload,
    });
  }

  it('a relay is heard through whatever interface it comes, and answered there', async () => {
    const transport = closedAfter(openIn(node));
    const listener = new Listener(transport);
    const relay = closedAfter(new Ear(stranger));
    stranger.ip('route replace 10.15.3.10 via 10.99.0.1');
    relay.send(fromOutside(packet({ giaddr: '10.99.0.2' })));
    await listener.until(1);

    sendAll(transport, [['answer', toRelay('10.99.0.2')]]);
    await relay.until(1);

    expect(listener.heard[0]?.arrival).toMatchObject({ via: 'unicast', source: at('10.99.0.2') });
    expect(relay.frames[0]).toMatchObject({ source: '10.15.3.10', sourcePort: 67, destinationPort: 67 });
    expect(relay.faults).toEqual([]);
  });

  it('RFC 2131 §4.1: a frame reaches a client that has no address, without ARP and with whole checksums', async () => {
    const transport = closedAfter(openIn(node));
    const ear = closedAfter(new Ear(guest));

    const taken = sendAll(transport, [
      ['yours', toClient('10.15.3.77', GUEST)],
      ['to all', TO_ALL],
      ['yours too', toClient('10.15.3.77', GUEST)],
    ]);
    await ear.until(3);

    expect(taken).toBe(3);
    expect(ear.faults).toEqual([]);
    const ends = ear.frames.map(({ payload, destination, destinationHardware }) => [
      payload.toString(),
      destination,
      destinationHardware,
    ]);
    expect(new Set(ends)).toEqual(
      new Set([
        ['yours', '10.15.3.77', GUEST],
        ['to all', '255.255.255.255', EVERYBODY],
        ['yours too', '10.15.3.77', GUEST],
      ]),
    );
    expect(
      ear.frames.every(({ source, destinationPort }) => source === '10.15.3.10' && destinationPort === 68),
    ).toBe(true);
    expect(node.ip('neigh show 10.15.3.77')).toBe('');
  });

  it('by another interface nothing comes in without giaddr, also to the listen IP; and that is no loss', async () => {
    const transport = closedAfter(openIn(node));
    const listener = new Listener(transport);
    const outsider = closedAfter(new Ear(stranger));
    const insider = closedAfter(new Ear(guest));

    for (const payload of [packet({}), packet({ op: 2, giaddr: '10.99.0.2' }), Buffer.from('x')])
      outsider.send(fromOutside(payload));
    node.run('bash', '-c', 'printf "from the host itself" > /dev/udp/10.15.3.10/67');
    const broken = asked('with a wrong checksum'.padEnd(300, '.'));
    broken[broken.length - 1] = 0;
    insider.send(broken);
    insider.send(asked('of the segment'));
    outsider.send(fromOutside(packet({ giaddr: '10.99.0.2' })));
    await listener.until(2);

    expect(listener.heard.map(({ arrival }) => arrival.via).sort()).toEqual(['broadcast', 'unicast']);
    expect(listener.texts).toContain('of the segment');
    await vi.waitFor(() => expect(droppedBySockets(node)).toEqual(['4', '0', '1']), 5000);
    expect(transport.counters.overflows).toBe(0);
    expect(transport.shortcomings).toEqual([]);
  });

  it('what finds no room is lost, whatever else was rejected', async () => {
    const transport = closedAfter(openIn(node, { receiveBufferBytes: 4096 }));
    const insider = closedAfter(new Ear(guest));
    const outsider = closedAfter(new Ear(stranger));
    const arena = transport.arena(256);
    const unicast = asked('x'.repeat(300), '10.15.3.10', '10.15.3.77');
    const read = () => transport.receive(arena).datagrams.length;

    for (let count = 0; count < 20; count += 1) outsider.send(fromOutside(packet({})));
    for (let count = 0; count < 200; count += 1) insider.send(unicast);
    await vi.waitFor(() => expect(node.run('cat', '/proc/net/snmp')).toMatch(/^Udp: (\d+ ){4}[1-9]/m), 5000);
    const held = read();
    insider.send(unicast);
    await vi.waitFor(() => expect(read()).toBe(1), 5000);

    expect(held).toBeLessThan(200);
    expect(transport.counters.overflows).toBe(200 - held);
  });

  it('where the kernel accepts no filter, all comes in, and that is said', async () => {
    const libc = loadLibc();
    const unfiltered: Libc = {
      ...libc,
      setsockopt: (fd, level, option, value) =>
        option === SO_ATTACH_FILTER ? -EPERM : libc.setsockopt(fd, level, option, value),
    };
    const opened = closedAfter(await inNetworkOf(node, () => openTransport(PLAN, () => unfiltered)));
    const listener = new Listener(opened.transport);

    closedAfter(new Ear(stranger)).send(fromOutside(packet({})));
    await listener.until(1);

    expect(opened.transport.kind).toBe('raw');
    expect(opened.shortcomings.filter((each) => /accepts no filter.*EPERM/.test(each))).toHaveLength(1);
  });

  it('a broadcast leaves by the segment, though the default route leads elsewhere', async () => {
    const transport = closedAfter(openIn(node));
    const ear = closedAfter(new Ear(guest));
    const elsewhere = closedAfter(new Ear(stranger));
    node.ip('route add default via 10.99.0.2');
    try {
      sendAll(transport, [['to all', TO_ALL]]);
      await ear.until(1);
    } finally {
      node.ip('route del default');
    }

    expect(ear.frames[0]).toMatchObject({ source: '10.15.3.10', sourcePort: 67, destinationPort: 68 });
    expect(elsewhere.frames).toEqual([]);
  });

  it('a refused frame is counted, and those around it still go', async () => {
    const transport = closedAfter(openIn(node));
    const ear = closedAfter(new Ear(guest));
    const destination = toClient('10.15.3.77', GUEST);

    const taken = sendAll(transport, [
      ['one', destination],
      [Buffer.alloc(1473), destination],
      ['three', destination],
    ]);
    await ear.until(2);

    expect(taken).toBe(2);
    expect(ear.texts).toEqual(['one', 'three']);
    expect([...transport.counters.refusedSends]).toEqual([['EMSGSIZE', 1]]);
  });

  it('without CAP_NET_RAW clients without an address are answered by broadcast, and no ARP is heard', async () => {
    const opened = closedAfter(
      await inNetworkOf(node, () => withoutCapability(CAP_NET_RAW, () => openTransport(PLAN))),
    );
    const ear = closedAfter(new Ear(guest));

    sendAll(opened.transport, [['yours', toClient('10.15.3.77', GUEST)]]);
    await ear.until(1);

    expect(opened.transport.kind).toBe('broadcast');
    expect(opened.arp.canAsk).toBe(false);
    expect(opened.shortcomings).toHaveLength(3);
    expect(opened.shortcomings.every((each) => each.includes('NET_RAW'))).toBe(true);
    expect(ear.frames[0]).toMatchObject({ destination: '255.255.255.255', destinationHardware: EVERYBODY });
    expect(ear.faults).toEqual([]);
  });

  it('clients on the segment are answered there, whatever the routes say, and a client with a lease gets a unicast', async () => {
    const broadcasting = closedAfter(
      await inNetworkOf(node, () => withoutCapability(CAP_NET_RAW, () => openTransport(PLAN))),
    );
    const ear = closedAfter(new Ear(guest));
    const elsewhere = closedAfter(new Ear(stranger));
    guest.ip('addr add 10.15.3.77/24 dev eth0');
    node.ip('route add 10.15.3.77 dev other0');
    node.ip('route add default via 10.99.0.2');
    try {
      sendAll(broadcasting.transport, [
        ['a lease', toClient('10.15.3.77', GUEST, true)],
        ['none', toClient('10.15.3.78', GUEST)],
        ['to all', TO_ALL],
      ]);
      await ear.until(3);
      broadcasting.close();
      sendAll(closedAfter(openIn(node)), [
        ['in a frame', toClient('10.15.3.77', GUEST, true)],
        ['to all in a frame', TO_ALL],
      ]);
      await ear.until(5);
    } finally {
      node.ip('route del default');
      node.ip('route del 10.15.3.77');
      guest.ip('addr del 10.15.3.77/24 dev eth0');
    }

    expect(ear.frames.map(({ payload, destination }) => `${payload} ${destination}`)).toEqual([
      'a lease 10.15.3.77',
      'none 255.255.255.255',
      'to all 255.255.255.255',
      'in a frame 10.15.3.77',
      'to all in a frame 255.255.255.255',
    ]);
    expect(ear.frames.every(({ source }) => source === '10.15.3.10')).toBe(true);
    expect(ear.faults).toEqual([]);
    expect(elsewhere.frames).toEqual([]);
  });

  describe('beside another DHCP server', () => {
    /** dnsmasq on some interface; done when it listens. */
    async function dnsmasq(...options: string[]): Promise<{ close(): Promise<void> }> {
      const child = node.spawn(
        'dnsmasq',
        [
          '--no-daemon',
          '--conf-file=/dev/null',
          '--port=0',
          '--leasefile-ro',
          '--user=root',
          '--pid-file=',
          ...options,
        ],
        { stdio: 'ignore' },
      );
      await vi.waitFor(() => expect(node.run('ss', '-Huln', 'sport = :67')).toContain(':67'), 5000);
      return {
        close: async () => {
          const end = once(child, 'exit');
          child.kill('SIGKILL');
          await end;
        },
      };
    }

    it('one on another interface, as libvirt runs it, does not stop us, and both unicasts and broadcasts reach us', async () => {
      closedAfter(
        await dnsmasq(
          '--bind-dynamic',
          '--interface=other0',
          '--except-interface=lo',
          '--dhcp-range=10.99.0.20,10.99.0.30',
        ),
      );
      expect(node.run('ss', '-Huln', 'sport = :67')).toContain('%other0:67');
      const listener = new Listener(closedAfter(openIn(node)));
      const ear = closedAfter(new Ear(guest));

      ear.send(asked('to all'));
      await listener.until(1);
      guest.ip('addr add 10.15.3.77/24 dev eth0');
      guest.run('bash', '-c', 'printf "to us" > /dev/udp/10.15.3.10/67');
      guest.ip('addr del 10.15.3.77/24 dev eth0');
      await listener.until(2);

      expect(listener.texts).toEqual(['to all', 'to us']);
    });

    it('one on every interface, or on ours, is a rival', async () => {
      for (const options of [
        ['--dhcp-range=10.15.3.20,10.15.3.30'],
        ['--bind-dynamic', '--interface=eth0', '--dhcp-range=10.15.3.20,10.15.3.30'],
      ]) {
        const rival = await dnsmasq(...options);
        try {
          expect(() => openIn(node)).toThrow(/another DHCP server holds UDP port 67 on eth0/);
        } finally {
          await rival.close();
        }
      }
    });

    it('a second gateway on our interface is a rival, and none on another interface', () => {
      closedAfter(openIn(node));
      const elsewhere = { interfaceName: 'other0', listenIp: at('10.99.0.1') };

      expect(() => openIn(node)).toThrow(/another DHCP server/);
      expect(closedAfter(openIn(node, elsewhere)).kind).toBe('raw');
    });
  });

  describe('without system calls', () => {
    it('a host of several interfaces is refused, by their names', async () => {
      const opening = inNetworkOf(node, () => openDgramTransport(PLAN));

      await expect(opening).rejects.toMatchObject({
        code: 'transport-unavailable',
        message: expect.stringContaining('eth0, other0'),
      });
    });

    it('what was missing for better sockets is said first, and koffi is named only where it is missing', async () => {
      const lacking = () => {
        throw new GatewayError('transport-unavailable', 'koffi cannot be loaded (test)');
      };
      const messages = [];
      for (const open of [
        () => openTransport(PLAN, lacking),
        () => openTransport({ ...PLAN, best: 'dgram' }),
      ])
        messages.push(await inNetworkOf(node, open).then(String, String));

      expect(messages[0]).toMatch(/^GatewayError: koffi cannot be loaded \(test\)\. .*eth0, other0/);
      expect(messages[1]).toContain('eth0, other0');
      expect(messages[1]).not.toContain('koffi');
    });

    it('unless it is allowed: then broadcasts of all are heard, and answers are broadcast on the segment', async () => {
      const transport = closedAfter(
        await inNetworkOf(node, () => openDgramTransport({ ...PLAN, allowSeveralInterfaces: true })),
      );
      const listener = new Listener(transport);
      const insider = closedAfter(new Ear(guest));
      const outsider = closedAfter(new Ear(stranger));
      // A client with a UDP socket: the kernel leaves the checksums of Node's sockets unfinished for raw ones here.
      guest.ip('addr add 10.15.3.77/24 dev eth0');
      const answers = new Listener(
        closedAfter(openIn(guest, { listenIp: at('10.15.3.77'), serverPort: 68 })),
      );
      guest.ip('addr del 10.15.3.77/24 dev eth0');

      insider.send(asked('from inside'));
      outsider.send(asked('from outside'));
      await listener.until(2);
      sendAll(transport, [['yours', toClient('10.15.3.77', GUEST)]]);
      await answers.until(1);

      expect(transport.kind).toBe('dgram');
      expect(new Set(listener.texts)).toEqual(new Set(['from inside', 'from outside']));
      expect(answers.heard[0]?.arrival).toMatchObject({ via: 'broadcast', source: at('10.15.3.10') });
      expect(outsider.frames).toEqual([]);
    });
  });
});
