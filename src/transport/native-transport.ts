import type { Arrival } from '../net/datagram.ts';
import { type Ipv4, LIMITED_BROADCAST } from '../net/ipv4.ts';
import { broadcastOf, type Prefix } from '../net/prefix.ts';
import { ArrivalFilter } from './linux/arrival-filter.ts';
import { FRAME_HEADER_BYTES } from './linux/frame.ts';
import type { Interface } from './linux/interfaces.ts';
import type { Libc } from './linux/libc.ts';
import { EAGAIN, EINTR, inetAddressAt } from './linux/linux.ts';
import { MessageVector, pinnedMemory } from './linux/message-vector.ts';
import {
  interfaceMissing,
  openBroadcastSocket,
  openFrameSocket,
  openUnicastSocket,
  type SocketPlan,
} from './linux/open-socket.ts';
import { Overflows } from './linux/overflows.ts';
import { type Readiness, whenReadable } from './linux/readiness.ts';
import { type InterfaceWatch, watchInterface } from './linux/watch-interface.ts';
import { ReplySender } from './reply-sender.ts';
import { countError, LossNotice, type SocketTransport, type TransportCounters } from './socket-transport.ts';
import {
  type Arena,
  type Batch,
  type Datagram,
  type Outbox,
  type Outgoing,
  RECEIVE_SLOT_BYTES,
  SEND_SLOT_BYTES,
} from './transport.ts';

export interface NativeTransportOptions {
  readonly interfaceName: string;
  readonly listenIp: Ipv4;
  /** The segment, for its own broadcast address. */
  readonly prefix: Prefix;
  /** The receive buffer of each socket; 8 MiB by default. */
  readonly receiveBufferBytes?: number;
  /** 67 and 68, except in tests. */
  readonly serverPort?: number;
  readonly clientPort?: number;
  /** Replies in one send; 512 by default. */
  readonly outboxSlots?: number;
  /** False: never send frames. Clients are answered by broadcast, or by unicast where they have the address by a lease. */
  readonly mayFrame?: boolean;
}

export const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
const OUTBOX_SLOTS = 512;

/**
 * Opens the sockets of one interface. The one on 255.255.255.255 comes first: it shows whether another server is there.
 * Its kind is `raw`, or `broadcast` without the right to send frames (CAP_NET_RAW).
 * @throws GatewayError rival-server, interface-missing, listen-ip-missing, port-forbidden or transport-unavailable.
 */
export function openNativeTransport(libc: Libc, options: NativeTransportOptions): SocketTransport {
  return new NativeTransport(libc, options);
}

interface ReceivingSocket {
  readonly fd: number;
  readonly via: Arrival['via'];
  /** The kernel's last count, modulo 2^32. */
  overflows: number;
  /** True: datagrams may wait. It was readable, and has not been emptied since. */
  isReady: boolean;
}

class NativeArena implements Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacity: number;
  readonly vector: MessageVector;

  constructor(libc: Libc, capacity: number) {
    const payload = pinnedMemory(libc, capacity * RECEIVE_SLOT_BYTES);
    this.bytes = payload.bytes;
    this.view = payload.view;
    this.capacity = capacity;
    this.vector = new MessageVector(libc, payload, capacity);
    for (let slot = 0; slot < capacity; slot++) {
      this.vector.putMessage(slot, slot * RECEIVE_SLOT_BYTES, RECEIVE_SLOT_BYTES, 0);
      this.vector.putRoom(slot);
    }
  }
}

class NativeTransport implements SocketTransport {
  readonly kind: 'raw' | 'broadcast';
  readonly outbox: Outbox;
  readonly #libc: Libc;
  readonly #listenIp: Ipv4;
  readonly #watch: InterfaceWatch;
  readonly #sender: ReplySender;
  /** The unicast socket first. */
  readonly #sockets: ReceivingSocket[] = [];
  readonly #failedReceives = new Map<string, number>();
  #readiness: readonly Readiness[] = [];
  #maximumPayload: number;
  readonly #overflows = new Overflows();
  readonly #filter: ArrivalFilter;
  readonly #loss = new LossNotice();
  #lastArrival: Arrival | undefined;
  #isClosed = false;

  constructor(libc: Libc, options: NativeTransportOptions) {
    const { interfaceName, listenIp, prefix, clientPort = 68 } = options;
    this.#libc = libc;
    this.#listenIp = listenIp;
    this.#watch = watchInterface(interfaceName, (events, now) => {
      if (now !== undefined) this.#maximumPayload = maximumPayloadOf(now);
      const isGone = events.some(({ kind }) => kind === 'deleted' || kind === 'replaced');
      const end = now === undefined ? '' : ' and made anew';
      if (isGone) this.#loss.lost(`the interface ${interfaceName} was deleted${end}`);
      else if (events.some(({ kind }) => kind === 'vrf-changed'))
        this.#loss.lost(`the interface ${interfaceName} is in another VRF than before`);
    });
    let frameSocket: number | undefined;
    try {
      const link = this.#watch.now;
      if (link === undefined) throw interfaceMissing(interfaceName);
      this.#maximumPayload = maximumPayloadOf(link);
      const { vrf } = link;
      this.#filter = new ArrivalFilter(libc, vrf === undefined ? [link.index] : [link.index, vrf.index]);
      const plan: SocketPlan = {
        interfaceName,
        listenIp,
        vrf,
        filter: this.#filter,
        serverPort: options.serverPort ?? 67,
        receiveBufferBytes: options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES,
      };
      const broadcast = openBroadcastSocket(libc, plan);
      this.#sockets.push({ fd: broadcast, via: 'broadcast', overflows: 0, isReady: true });
      const unicast = openUnicastSocket(libc, plan);
      this.#sockets.unshift({ fd: unicast, via: 'unicast', overflows: 0, isReady: true });
      const subnetBroadcast = tryOpenSubnetBroadcast(libc, plan, prefix);
      if (subnetBroadcast !== undefined) {
        this.#sockets.push({ fd: subnetBroadcast, via: 'broadcast', overflows: 0, isReady: true });
      }

      const frames = options.mayFrame === false ? -1 : openFrameSocket(libc);
      frameSocket = frames < 0 ? undefined : frames;
      this.kind = frameSocket === undefined ? 'broadcast' : 'raw';
      const slots = options.outboxSlots ?? OUTBOX_SLOTS;
      const payload = pinnedMemory(libc, slots * SEND_SLOT_BYTES);
      this.outbox = { bytes: payload.bytes, view: payload.view, capacity: slots };
      this.#sender = new ReplySender(libc, payload, slots, {
        unicast,
        frames: frameSocket,
        linkIndex: link.index,
        listenIp,
        serverPort: plan.serverPort,
        clientPort,
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get maximumPayload(): number {
    return this.#maximumPayload;
  }

  get hasCarrier(): boolean {
    return this.#watch.now?.carrier ?? false;
  }

  get isUp(): boolean {
    return this.#watch.now?.up ?? false;
  }

  get counters(): TransportCounters {
    return {
      overflows: this.#overflows.lost,
      refusedSends: this.#sender.refused,
      failedReceives: this.#failedReceives,
    };
  }

  get shortcomings(): readonly string[] {
    return this.#filter.failure === undefined ? [] : [this.#filter.failure];
  }

  arena(capacity: number): Arena {
    return new NativeArena(this.#libc, capacity);
  }

  onReadable(run: () => void): void {
    for (const readiness of this.#readiness) readiness.close();
    this.#readiness = this.#sockets.map((socket) =>
      whenReadable(this.#libc, socket.fd, () => {
        socket.isReady = true;
        run();
      }),
    );
  }

  onLost(run: (reason: string) => void): void {
    this.#loss.onLost(run);
  }

  pause(): void {
    for (const readiness of this.#readiness) readiness.pause();
  }

  resume(): void {
    for (const readiness of this.#readiness) readiness.resume();
  }

  receive(arena: Arena): Batch {
    if (!(arena instanceof NativeArena)) throw new TypeError('the arena was made by another transport');
    const datagrams: Datagram[] = [];
    let drained = true;
    // An eighth of the arena is kept for each later socket, so a flood at one never keeps the others from being read.
    const reserve = arena.capacity >> 3;
    // The unicast socket is always read first: a unicast that was sent before a broadcast is read before it.
    for (let index = 0; index < this.#sockets.length; index += 1) {
      const socket = this.#sockets[index];
      if (socket === undefined || !(socket.isReady || index === 0)) continue;
      const first = datagrams.length;
      const room = arena.capacity - first - reserve * (this.#sockets.length - 1 - index);
      const count = room <= 0 ? 0 : this.#receiveFrom(socket, arena, first, room, datagrams);
      socket.isReady = count >= room;
      if (socket.isReady) drained = false;
    }
    return { arena, datagrams, drained };
  }

  #receiveFrom(
    socket: ReceivingSocket,
    { vector }: NativeArena,
    first: number,
    room: number,
    datagrams: Datagram[],
  ): number {
    const count = vector.receive(socket.fd, first, room);
    if (count < 0) {
      if (count !== -EAGAIN && count !== -EINTR) countError(this.#failedReceives, count);
      return count === -EINTR ? room : 0;
    }
    for (let slot = first; slot < first + count; slot++) {
      const overflows = vector.overflowsAt(slot);
      if (overflows !== 0) {
        this.#overflows.add((overflows - socket.overflows) >>> 0);
        socket.overflows = overflows;
      }
      datagrams.push({
        offset: slot * RECEIVE_SLOT_BYTES,
        length: vector.lengthOf(slot),
        truncated: vector.isTruncated(slot),
        arrival: this.#arrival(socket.via, inetAddressAt(vector.names, vector.nameOffset(slot))),
      });
      vector.putRoom(slot);
    }
    return count;
  }

  /** Most arrivals are equal (a broadcast from 0.0.0.0), and none changes, so equal ones in turn share one object. */
  #arrival(via: Arrival['via'], source: Ipv4): Arrival {
    const last = this.#lastArrival;
    if (last !== undefined && last.via === via && last.source === source) return last;
    const arrival: Arrival = { via, source, local: this.#listenIp };
    this.#lastArrival = arrival;
    return arrival;
  }

  send(outgoing: readonly Outgoing[]): number {
    return this.#isClosed ? 0 : this.#sender.send(outgoing);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#overflows.close();
    for (const readiness of this.#readiness) readiness.close();
    for (const { fd } of this.#sockets.splice(0)) this.#libc.close(fd);
    this.#sender?.close();
  }
}

function maximumPayloadOf(link: Interface): number {
  return link.mtu - FRAME_HEADER_BYTES;
}

/**
 * Ordinary clients do not send to the subnet's broadcast address, so the server works without this socket. There is none
 * for /31 and /32, nor where the interface's prefix differs from the segment's.
 */
function tryOpenSubnetBroadcast(libc: Libc, plan: SocketPlan, prefix: Prefix): number | undefined {
  const address = broadcastOf(prefix);
  if (prefix.length >= 31 || address === LIMITED_BROADCAST) return undefined;
  try {
    return openBroadcastSocket(libc, plan, address);
  } catch {
    return undefined;
  }
}
