import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { prefixOf } from '../../src/net/prefix.ts';
import { openDgramTransport } from '../../src/transport/dgram-transport.ts';
import { loadLibc } from '../../src/transport/linux/libc.ts';
import { type NativeTransportOptions, openNativeTransport } from '../../src/transport/native-transport.ts';
import { openTransport } from '../../src/transport/open-transport.ts';
import type { SocketTransport } from '../../src/transport/socket-transport.ts';
import { RECEIVE_SLOT_BYTES } from '../../src/transport/transport.ts';
import { toClient, toRelay } from '../support/destinations.ts';
import { at } from '../support/plan.ts';
import { CAP_NET_BIND_SERVICE, withoutCapability } from './capability.ts';
import { Listener, sendAll } from './listener.ts';

/** High ports of this process alone, so that two runs at once do not meet. */
const SERVER_PORT = 20_000 + (process.pid % 20_000);
const CLIENT_PORT = SERVER_PORT + 1;
const OPTIONS: NativeTransportOptions = {
  interfaceName: 'lo',
  listenIp: at('127.0.0.1'),
  prefix: prefixOf(at('127.0.0.1'), 8),
  serverPort: SERVER_PORT,
  clientPort: CLIENT_PORT,
  mayFrame: false,
};

const HARDWARE = '52:54:00:00:00:09';
/** A client whose lease says that it has this address. */
const LEASED = toClient('127.0.0.1', HARDWARE, true);

const closing: { close(): void }[] = [];
afterEach(() => {
  for (const each of closing.splice(0)) each.close();
});

function closedAfter<T extends { close(): void }>(each: T): T {
  closing.push(each);
  return each;
}

async function client(port = 0): Promise<Socket> {
  const socket = closedAfter(createSocket('udp4'));
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.setBroadcast(true);
  return socket;
}

function collectedBy(socket: Socket): { readonly texts: string[]; until(count: number): Promise<void> } {
  const texts: string[] = [];
  const until = async (count: number) => {
    while (texts.length < count) await once(socket, 'message');
  };
  socket.on('message', (bytes) => texts.push(bytes.toString()));
  return { texts, until };
}

const openNative = async () => openNativeTransport(loadLibc(), OPTIONS);
const openDgram = () => openDgramTransport({ ...OPTIONS, allowSeveralInterfaces: true });

describe.each<[string, () => Promise<SocketTransport>]>([
  ['native', openNative],
  ['dgram', openDgram],
])('%s sockets on loopback', (_, open) => {
  it('a datagram is heard whole, with its source and the way it came', async () => {
    const transport = closedAfter(await open());
    const listener = new Listener(transport);
    const guest = await client();

    guest.send('by unicast', SERVER_PORT, '127.0.0.1');
    await listener.until(1);
    guest.send('by broadcast', SERVER_PORT, '255.255.255.255');
    await listener.until(2);

    expect(listener.texts).toEqual(['by unicast', 'by broadcast']);
    expect(listener.heard.map(({ arrival }) => arrival)).toEqual([
      { via: 'unicast', source: at('127.0.0.1'), local: at('127.0.0.1') },
      { via: 'broadcast', source: at('127.0.0.1'), local: at('127.0.0.1') },
    ]);
    expect(listener.heard.every(({ truncated }) => !truncated)).toBe(true);
  });

  it('what waits is read as batches no larger than the arena, in order, the unicasts first', async () => {
    const transport = closedAfter(await open());
    const listener = new Listener(transport, 16);
    const guest = await client();
    transport.pause();
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const address = index % 2 === 0 ? '255.255.255.255' : '127.0.0.1';
        return new Promise((done) => guest.send(`${index}`, SERVER_PORT, address, done));
      }),
    );

    transport.resume();
    await listener.until(100);

    expect(sent.every((error) => error === null)).toBe(true);
    expect(Math.max(...listener.batches)).toBeLessThanOrEqual(16);
    expect(listener.heard[0]?.arrival.via).toBe('unicast');
    const numbers = (via: string) =>
      listener.heard.filter(({ arrival }) => arrival.via === via).map(({ bytes }) => Number(bytes));
    expect(numbers('unicast')).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index + 1));
    expect(numbers('broadcast')).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index));
  });

  it('one longer than its slot is cut and marked, and the next is whole', async () => {
    const transport = closedAfter(await open());
    const listener = new Listener(transport);
    const guest = await client();

    guest.send(Buffer.alloc(RECEIVE_SLOT_BYTES + 1, 'x'), SERVER_PORT, '127.0.0.1');
    guest.send(Buffer.alloc(RECEIVE_SLOT_BYTES, 'y'), SERVER_PORT, '127.0.0.1');
    guest.send('', SERVER_PORT, '127.0.0.1');
    await listener.until(3);

    expect(listener.heard.map(({ bytes, truncated }) => [bytes.length, truncated])).toEqual([
      [RECEIVE_SLOT_BYTES, true],
      [RECEIVE_SLOT_BYTES, false],
      [0, false],
    ]);
  });

  it('replies of one call arrive in order, from the listen IP and the server port', async () => {
    const transport = closedAfter(await open());
    const guest = await client(CLIENT_PORT);
    const sources = new Set<string>();
    guest.on('message', (_bytes, { address, port }) => sources.add(`${address}:${port}`));
    const { texts, until } = collectedBy(guest);
    const replies = Array.from({ length: 40 }, (_, index) => `reply ${index}`);

    const taken = sendAll(
      transport,
      replies.map((text) => [text, LEASED]),
    );
    await until(40);

    expect(taken).toBe(40);
    expect(texts).toEqual(replies);
    expect([...sources]).toEqual([`127.0.0.1:${SERVER_PORT}`]);
  });

  it('the slots may be used again as soon as send has returned', async () => {
    const transport = closedAfter(await open());
    const { texts, until } = collectedBy(await client(CLIENT_PORT));

    for (const text of ['first', 'second', 'third']) {
      sendAll(transport, [[text, LEASED]]);
    }
    await until(3);

    expect(texts).toEqual(['first', 'second', 'third']);
  });

  it('a refused reply is counted by its error, and those around it still go', async () => {
    const transport = closedAfter(await open());
    const { texts, until } = collectedBy(await client(CLIENT_PORT));

    // No route leads from a loopback address off this host.
    const nowhere = toRelay('203.0.113.9');
    sendAll(transport, [
      ['one', LEASED],
      ['two', nowhere],
      ['three', nowhere],
      ['four', LEASED],
    ]);
    await until(2);

    expect(texts).toEqual(['one', 'four']);
    const refused = [...transport.counters.refusedSends.values()];
    expect(refused.reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  it('a second server on the same interface is refused as a rival, with how to find it', async () => {
    closedAfter(await open());

    const failure = await open().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(GatewayError);
    expect(failure).toMatchObject({ code: 'rival-server' });
    expect(String(failure)).toContain(`ss -ulpn 'sport = :${SERVER_PORT}'`);
    expect(String(failure)).toContain('on lo');
  });

  it('once closed, its ports are free and it sends nothing', async () => {
    const first = await open();
    first.close();
    first.close();

    const second = closedAfter(await open());

    expect(sendAll(first, [['late', LEASED]])).toBe(0);
    expect(second.maximumPayload).toBeGreaterThan(1000);
  });
});

describe('native sockets', () => {
  it('a broadcast that came while the thread slept is read when the sockets are read again', async () => {
    const transport = closedAfter(await openNative());
    const listener = new Listener(transport);
    const guest = await client();
    guest.send('announced', SERVER_PORT, '255.255.255.255');
    await listener.until(1);

    transport.pause(); // Nothing tells of what comes from now on.
    await new Promise((sent) => guest.send('unannounced', SERVER_PORT, '255.255.255.255', sent));
    const arena = transport.arena(64);
    const texts = (isAgain: boolean) =>
      transport
        .receive(arena, isAgain)
        .datagrams.map(({ offset, length }) =>
          Buffer.from(arena.bytes.slice(offset, offset + length)).toString(),
        );

    expect(texts(false)).toEqual([]);
    expect(texts(true)).toEqual(['unannounced']);
  });

  it('without frames, a client without an address is answered by broadcast', async () => {
    const transport = closedAfter(await openNative());
    const guest = closedAfter(createSocket('udp4'));
    guest.bind(CLIENT_PORT, '255.255.255.255');
    await once(guest, 'listening');
    const { texts, until } = collectedBy(guest);

    sendAll(transport, [['to all', toClient('127.0.0.9', HARDWARE)]]);
    await until(1);

    expect(transport.kind).toBe('broadcast');
    expect(texts).toEqual(['to all']);
  });

  it('a flood of unicasts leaves room for broadcasts in every batch', async () => {
    const transport = closedAfter(await openNative());
    const guest = await client();
    const send = (text: string, address: string) =>
      new Promise<void>((done) => guest.send(text, SERVER_PORT, address, () => done()));
    for (let index = 0; index < 100; index++) await send('flood', '127.0.0.1');
    await send('the one', '255.255.255.255');

    const { datagrams, drained } = transport.receive(transport.arena(64));

    expect(drained).toBe(false);
    expect(datagrams.filter(({ arrival }) => arrival.via === 'broadcast')).toHaveLength(1);
    expect(datagrams.length).toBeLessThan(64);
  });

  it('what the kernel drops for want of room is counted', async () => {
    const transport = closedAfter(openNativeTransport(loadLibc(), { ...OPTIONS, receiveBufferBytes: 4096 }));
    const guest = await client();
    const send = () =>
      new Promise<void>((done) => guest.send(Buffer.alloc(300), SERVER_PORT, '127.0.0.1', () => done()));
    for (let index = 0; index < 200; index++) await send();
    const arena = transport.arena(256);
    const held = transport.receive(arena).datagrams.length;
    await send();
    transport.receive(arena);

    expect(held).toBeLessThan(200);
    expect(transport.counters.overflows).toBe(200 - held);
  });

  it('an exception in the reader is not swallowed by the native caller', async () => {
    const transport = closedAfter(await openNative());
    const guest = await client();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const caught = once(process, 'uncaughtException');
      transport.onReadable(() => {
        transport.pause();
        throw new Error('from the reader');
      });
      guest.send('x', SERVER_PORT, '127.0.0.1');

      expect(String(await caught)).toContain('from the reader');
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  it.each([
    ['an interface that is not there', { interfaceName: 'nowhere0' }, 'interface-missing', 'nowhere0'],
    [
      'a listen IP that is not there',
      { listenIp: at('192.0.2.250') },
      'listen-ip-missing',
      'ip addr add 192.0.2.250/24 dev lo',
    ],
  ])('%s is refused by name, with the remedy', (_, options, code, words) => {
    let failure: unknown;
    try {
      closedAfter(openNativeTransport(loadLibc(), { ...OPTIONS, ...options }));
    } catch (error) {
      failure = error;
    }

    expect(failure).toMatchObject({ code });
    expect(String(failure)).toContain(words);
  });
});

describe('the ladder of transports', () => {
  const failing = () => {
    throw new GatewayError('transport-unavailable', 'koffi cannot be loaded (test)');
  };
  const options = { ...OPTIONS, allowSeveralInterfaces: true };

  it('dgram keeps as many datagrams as it may while nobody takes them, and counts the others', async () => {
    const transport = closedAfter(await openDgram());
    const sender = await client();
    const send = (text: string) =>
      new Promise((resolve) => sender.send(text, SERVER_PORT, '127.0.0.1', resolve));
    for (let number = 0; number < 1100; number += 1) await send(`datagram ${number}`);
    while (transport.counters.overflows < 76) await new Promise((resolve) => setImmediate(resolve));

    const { datagrams, drained } = transport.receive(transport.arena(2000));

    expect([datagrams.length, drained, transport.counters.overflows]).toEqual([1024, true, 76]);
  });

  it('without system calls it is dgram, which says why and hears no ARP', async () => {
    const opened = closedAfter(await openTransport(options, failing));

    expect(opened.transport.kind).toBe('dgram');
    expect(opened.arp.canAsk).toBe(false);
    expect(opened.shortcomings[0]).toBe('koffi cannot be loaded (test)');
    expect(opened.shortcomings[1]).toContain('ethtool -K lo tx off');
  });

  it('a port that may not be bound stops it at the first kind: no other socket may have it either', async () => {
    const opening = withoutCapability(CAP_NET_BIND_SERVICE, () =>
      openTransport({ ...options, serverPort: 67 }),
    );

    await expect(opening).rejects.toMatchObject({
      code: 'port-forbidden',
      message: expect.stringContaining('NET_BIND_SERVICE'),
    });
  });

  it('no better kind than asked for is taken', async () => {
    const broadcast = await openTransport({ ...options, best: 'broadcast' });
    const kind = broadcast.transport.kind;
    broadcast.close();
    const dgram = closedAfter(await openTransport({ ...options, best: 'dgram' }));

    expect(kind).toBe('broadcast');
    expect(broadcast.shortcomings[0]).toBe('asked for no better than broadcast');
    expect(dgram.transport.kind).toBe('dgram');
  });

  it('a rival stops it at the first kind', async () => {
    closedAfter(await openNative());

    await expect(openTransport(options)).rejects.toMatchObject({ code: 'rival-server' });
  });

  it('a listen IP that is not there stops it at every kind', async () => {
    const listenIp = at('192.0.2.250');

    await expect(openTransport({ ...options, listenIp })).rejects.toMatchObject({
      code: 'listen-ip-missing',
    });
    await expect(openTransport({ ...options, listenIp }, failing)).rejects.toMatchObject({
      code: 'listen-ip-missing',
      message: expect.stringContaining(ipv4ToText(listenIp)),
    });
  });
});
