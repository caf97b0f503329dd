import { createSocket, type Socket } from 'node:dgram';
import { GatewayError } from '../errors.ts';
import type { Arrival } from '../net/datagram.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, LIMITED_BROADCAST, UNSPECIFIED } from '../net/ipv4.ts';
import { FRAME_HEADER_BYTES } from './linux/frame.ts';
import { type Interface, readInterfaces } from './linux/interfaces.ts';
import { interfaceMissing, listenIpMissing, portForbidden, rivalServer } from './linux/open-socket.ts';
import { type InterfaceWatch, watchInterface } from './linux/watch-interface.ts';
import { type NativeTransportOptions, RECEIVE_BUFFER_BYTES } from './native-transport.ts';
import type { SocketTransport, TransportCounters } from './socket-transport.ts';
import {
  type Arena,
  type Batch,
  type Datagram,
  type Outbox,
  type Outgoing,
  RECEIVE_SLOT_BYTES,
  SEND_SLOT_BYTES,
} from './transport.ts';

export interface DgramTransportOptions extends NativeTransportOptions {
  /** These sockets receive the broadcasts of every interface. True: answer all of them, as if they came from the segment. */
  readonly allowSeveralInterfaces?: boolean;
}

/** The most datagrams that wait in each queue: Node reads from the sockets whether the server is ready or not. */
const QUEUE_LIMIT = 1024;
const OUTBOX_SLOTS = 512;
const ETHERNET_MTU = 1500;

/**
 * Opens Node's own sockets, where system calls are not possible. A client without an address is answered by broadcast.
 * @throws GatewayError rival-server, interface-missing, listen-ip-missing, port-forbidden, or transport-unavailable: the host
 * has several interfaces, which these sockets cannot tell apart.
 */
export async function openDgramTransport(options: DgramTransportOptions): Promise<SocketTransport> {
  const { interfaceName, listenIp, serverPort = 67, receiveBufferBytes = RECEIVE_BUFFER_BYTES } = options;
  const watch = watchInterface(interfaceName, () => {});
  const sockets: Socket[] = [];
  try {
    if (watch.now === undefined) throw interfaceMissing(interfaceName);
    if (options.allowSeveralInterfaces !== true) refuseSeveral(readInterfaces());
    const binding = [LIMITED_BROADCAST, listenIp].map((address) =>
      bound(address, serverPort, receiveBufferBytes).then((socket) => sockets.push(socket)),
    );
    for (const result of await Promise.allSettled(binding)) {
      if (result.status === 'rejected') throw explained(result.reason, options);
    }
  } catch (error) {
    watch.close();
    for (const socket of sockets) socket.close();
    throw error;
  }
  return new DgramTransport(sockets, watch, options);
}

/** @throws GatewayError transport-unavailable. */
export function refuseSeveral(interfaces: readonly Interface[]): void {
  const addressed = interfaces.filter(({ loopback, addresses }) => !loopback && addresses.length > 0);
  if (addressed.length <= 1) return;
  throw new GatewayError(
    'transport-unavailable',
    `Node's own sockets cannot tell by which interface a broadcast came, and this host has ` +
      `${addressed.map(({ name }) => name).join(', ')}: clients on all of them would be answered, ` +
      'which must be allowed explicitly (--allow-several-interfaces)',
  );
}

function bound(address: Ipv4, port: number, receiveBufferBytes: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: ipv4ToText(address), port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.setBroadcast(true);
      try {
        socket.setRecvBufferSize(receiveBufferBytes);
      } catch {
        // The system's limit counts: Linux reduces the size, other systems refuse it.
      }
      resolve(socket);
    });
  });
}

function explained(
  cause: unknown,
  { interfaceName, listenIp, serverPort = 67 }: DgramTransportOptions,
): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return rivalServer(interfaceName, serverPort, cause);
  if (code === 'EADDRNOTAVAIL') return listenIpMissing(listenIp, interfaceName, cause);
  if (code === 'EACCES') return portForbidden(serverPort, cause);
  return cause;
}

interface QueuedDatagram {
  /** At most RECEIVE_SLOT_BYTES. */
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
  readonly arrival: Arrival;
}

class DgramTransport implements SocketTransport {
  readonly kind = 'dgram';
  readonly outbox: Outbox;
  readonly #watch: InterfaceWatch;
  readonly #unicast: Socket;
  readonly #sockets: readonly Socket[];
  readonly #interfaceName: string;
  readonly #serverPort: number;
  readonly #clientPort: number;
  readonly #queued: { readonly unicast: QueuedDatagram[]; readonly broadcast: QueuedDatagram[] } = {
    unicast: [],
    broadcast: [],
  };
  readonly #refusedSends = new Map<string, number>();
  readonly #failedReceives = new Map<string, number>();
  #overflows = 0;
  #run: (() => void) | undefined;
  #isPaused = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(sockets: readonly Socket[], watch: InterfaceWatch, options: DgramTransportOptions) {
    const listenAddress = ipv4ToText(options.listenIp);
    const unicast = sockets.find((socket) => socket.address().address === listenAddress);
    if (unicast === undefined) throw new Error('no socket is bound to the listen IP');
    this.#sockets = sockets;
    this.#unicast = unicast;
    this.#interfaceName = options.interfaceName;
    this.#serverPort = options.serverPort ?? 67;
    this.#clientPort = options.clientPort ?? 68;
    this.#watch = watch;
    const slots = options.outboxSlots ?? OUTBOX_SLOTS;
    const bytes = new Uint8Array(slots * SEND_SLOT_BYTES);
    this.outbox = { bytes, view: new DataView(bytes.buffer), capacity: slots };
    for (const socket of sockets) {
      this.#listen(socket, socket === unicast ? 'unicast' : 'broadcast', options.listenIp);
    }
  }

  get maximumPayload(): number {
    return (this.#watch.now?.mtu ?? ETHERNET_MTU) - FRAME_HEADER_BYTES;
  }

  get hasCarrier(): boolean {
    return this.#watch.now?.carrier ?? false;
  }

  get isUp(): boolean {
    return this.#watch.now?.up ?? false;
  }

  get shortcomings(): readonly string[] {
    return [
      'the checksums of replies are unfinished on virtual links: guests on this host that read raw frames may drop them ' +
        `(ethtool -K ${this.#interfaceName} tx off mends it)`,
      'messages of other interfaces are taken for those of the segment, and the routes choose the interface of replies',
      'nobody sees which network card has sent a message, so forged ones are answered like honest ones',
    ];
  }

  get counters(): TransportCounters {
    return {
      overflows: this.#overflows,
      refusedSends: this.#refusedSends,
      failedReceives: this.#failedReceives,
    };
  }

  arena(capacity: number): Arena {
    const bytes = new Uint8Array(capacity * RECEIVE_SLOT_BYTES);
    return { bytes, view: new DataView(bytes.buffer), capacity };
  }

  onReadable(run: () => void): void {
    this.#run = run;
    this.#schedule();
  }

  /** Never called: these sockets belong to no interface. */
  onLost(): void {}

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  receive(arena: Arena): Batch {
    const datagrams: Datagram[] = [];
    for (const queue of [this.#queued.unicast, this.#queued.broadcast]) {
      for (const { bytes, truncated, arrival } of queue.splice(0, arena.capacity - datagrams.length)) {
        const offset = datagrams.length * RECEIVE_SLOT_BYTES;
        arena.bytes.set(bytes, offset);
        datagrams.push({ offset, length: bytes.length, truncated, arrival });
      }
    }
    return { arena, datagrams, drained: !this.#hasQueued };
  }

  /** Node reports refusals of the kernel later: they are counted then. */
  send(outgoing: readonly Outgoing[]): number {
    if (this.#isClosed) return 0;
    for (const { offset, length, destination } of outgoing) {
      const isRelay = destination.kind === 'relay';
      const isKnown = isRelay || destination.isLeased;
      const address = ipv4ToText(isKnown ? destination.address : LIMITED_BROADCAST);
      const port = isRelay ? this.#serverPort : this.#clientPort;
      // A copy: Node may send it after the outbox has been used again.
      this.#unicast.send(this.outbox.bytes.slice(offset, offset + length), port, address, (error) => {
        if (error !== null) count(this.#refusedSends, error);
      });
    }
    return outgoing.length;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#run = undefined;
    this.#watch.close();
    for (const socket of this.#sockets) socket.close();
  }

  get #hasQueued(): boolean {
    return this.#queued.unicast.length > 0 || this.#queued.broadcast.length > 0;
  }

  #listen(socket: Socket, via: Arrival['via'], local: Ipv4): void {
    socket.on('error', (error) => count(this.#failedReceives, error));
    socket.on('message', (bytes, { address }) => {
      if (this.#queued[via].length >= QUEUE_LIMIT) {
        this.#overflows += 1;
        return;
      }
      const truncated = bytes.length > RECEIVE_SLOT_BYTES;
      this.#queued[via].push({
        bytes: truncated ? Uint8Array.from(bytes.subarray(0, RECEIVE_SLOT_BYTES)) : bytes,
        truncated,
        arrival: { via, source: ipv4FromText(address) ?? UNSPECIFIED, local },
      });
      this.#schedule();
    });
  }

  /** Calls `run` once for each round of the event loop, so all datagrams of a round are one batch. */
  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#run === undefined || !this.#hasQueued) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isPaused) return;
      this.#run?.();
      this.#schedule();
    });
  }
}

function count(counts: Map<string, number>, error: Error): void {
  const name = 'code' in error ? String(error.code) : error.name;
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
