import type { Arrival } from '../net/datagram.ts';
import { type HardwareAddress, hardwareAt, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { SAMPLE_BYTES } from './linux/arrival-filter.ts';
import type { Libc } from './linux/libc.ts';
import { EAGAIN, EINTR, inetAddressAt, LINK_HARDWARE } from './linux/linux.ts';
import { MessageVector, pinnedMemory } from './linux/message-vector.ts';
import type { Overflows } from './linux/overflows.ts';
import { type Readiness, whenReadable } from './linux/readiness.ts';
import { sentinelFrame } from './linux/sentinel-frame.ts';
import { countError } from './socket-transport.ts';
import { type Arena, type Batch, type Datagram, RECEIVE_SLOT_BYTES } from './transport.ts';

/** A flood at the sentinel is looked at so often, milliseconds, and so many frames of it each time. */
const SENTINEL_PAUSE = 100;
const SENTINEL_LIMIT = 64;

interface ReceivingSocket {
  readonly fd: number;
  readonly via: Arrival['via'] | 'sentinel';
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

export interface ReceiverOptions {
  readonly listenIp: Ipv4;
  readonly overflows: Overflows;
  /** True: at the sentinel a message whose chaddr is not the frame's source is forged. */
  readonly checksChaddr: boolean;
  /** True: of the forged messages a few come to the UDP sockets, as samples. */
  readonly takesSamples: boolean;
}

/** Reads the sockets of a native transport: the unicast socket first, the sentinel last. It closes none of them. */
export class Receiver {
  readonly failed = new Map<string, number>();
  /** Frames that the sentinel has brought. */
  sentinelFrames = 0;
  readonly #libc: Libc;
  readonly #options: ReceiverOptions;
  readonly #sockets: ReceivingSocket[] = [];
  #readiness: readonly Readiness[] = [];
  #lastArrival: Arrival | undefined;
  #sentinelPause: NodeJS.Timeout | undefined;
  #isPaused = false;

  constructor(libc: Libc, options: ReceiverOptions) {
    this.#libc = libc;
    this.#options = options;
  }

  /** The order of these calls is the order of reading. */
  add(fd: number, via: ReceivingSocket['via']): void {
    this.#sockets.push({ fd, via, overflows: 0, isReady: true });
  }

  arena(capacity: number): Arena {
    return new NativeArena(this.#libc, capacity);
  }

  onReadable(run: () => void): void {
    this.close();
    this.#readiness = this.#sockets.map((socket) => {
      const readiness = whenReadable(this.#libc, socket.fd, () => {
        socket.isReady = true;
        if (socket.via === 'sentinel') this.#pauseSentinel(readiness);
        run();
      });
      return readiness;
    });
  }

  pause(): void {
    this.#isPaused = true;
    for (const readiness of this.#readiness) readiness.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const readiness of this.#readiness) readiness.resume();
  }

  close(): void {
    clearTimeout(this.#sentinelPause);
    for (const readiness of this.#readiness) readiness.close();
    this.#readiness = [];
  }

  /** @throws TypeError if the arena was made by another transport. */
  receive(arena: Arena, isAgain: boolean): Batch {
    if (!(arena instanceof NativeArena)) throw new TypeError('the arena was made by another transport');
    const datagrams: Datagram[] = [];
    let drained = true;
    let used = 0;
    // An eighth of the arena is kept for each later socket, so a flood at one never keeps the others from being read.
    const reserve = arena.capacity >> 3;
    // The unicast socket is always read first: a unicast that was sent before a broadcast is read before it.
    for (let index = 0; index < this.#sockets.length; index += 1) {
      const socket = this.#sockets[index];
      if (socket === undefined) continue;
      const isSentinel = socket.via === 'sentinel';
      if (!(socket.isReady || index === 0 || (isAgain && !isSentinel))) continue;
      const left = arena.capacity - used - reserve * (this.#sockets.length - 1 - index);
      const room = isSentinel ? Math.min(left, SENTINEL_LIMIT) : left;
      const count = room <= 0 ? 0 : this.#receiveFrom(socket, arena, used, room, datagrams);
      used += Math.max(0, count);
      // Of a flood at the sentinel the rest is not waited for.
      socket.isReady = !isSentinel && (count === -EINTR || count >= room);
      if (socket.isReady) drained = false;
    }
    return { arena, datagrams, drained };
  }

  /** Returns how many slots were filled, from `first` on; -EINTR: it is to be tried again. */
  #receiveFrom(
    socket: ReceivingSocket,
    arena: NativeArena,
    first: number,
    room: number,
    datagrams: Datagram[],
  ): number {
    const { vector } = arena;
    const count = vector.receive(socket.fd, first, room);
    if (count < 0) {
      if (count !== -EAGAIN && count !== -EINTR) countError(this.failed, count);
      return count === -EINTR ? count : 0;
    }
    for (let slot = first; slot < first + count; slot++) {
      const { via } = socket;
      if (via === 'sentinel') this.#takeFrame(arena, slot, datagrams);
      else datagrams.push(this.#datagram(socket, via, vector, slot));
      vector.putRoom(slot);
    }
    return count;
  }

  #datagram(socket: ReceivingSocket, via: Arrival['via'], vector: MessageVector, slot: number): Datagram {
    const overflows = vector.overflowsAt(slot);
    if (overflows !== 0) {
      this.#options.overflows.add((overflows - socket.overflows) >>> 0);
      socket.overflows = overflows;
    }
    const length = vector.lengthOf(slot);
    const source = inetAddressAt(vector.names, vector.nameOffset(slot));
    const isSample = length === SAMPLE_BYTES && this.#options.takesSamples;
    return {
      offset: slot * RECEIVE_SLOT_BYTES,
      length,
      truncated: vector.isTruncated(slot),
      arrival: this.#arrival(via, source, isSample ? NO_HARDWARE : undefined),
    };
  }

  #takeFrame({ vector, view }: NativeArena, slot: number, datagrams: Datagram[]): void {
    const { listenIp, checksChaddr } = this.#options;
    this.sentinelFrames += 1;
    const sender = hardwareAt(vector.names, vector.nameOffset(slot) + LINK_HARDWARE);
    const offset = slot * RECEIVE_SLOT_BYTES;
    const frame = sentinelFrame(view, offset, vector.lengthOf(slot), sender, checksChaddr);
    if (frame === undefined) return;
    const via = frame.target === listenIp ? 'unicast' : 'broadcast';
    const arrival = this.#arrival(via, frame.source, frame.frameSource);
    datagrams.push({ offset: frame.offset, length: frame.length, truncated: false, arrival });
  }

  /** Most arrivals are equal (a broadcast from 0.0.0.0), and none changes, so equal ones in turn share one object. */
  #arrival(via: Arrival['via'], source: Ipv4, frameSource: HardwareAddress | undefined): Arrival {
    const last = this.#lastArrival;
    if (frameSource !== undefined) return { via, source, local: this.#options.listenIp, frameSource };
    if (last !== undefined && last.via === via && last.source === source) return last;
    const arrival: Arrival = { via, source, local: this.#options.listenIp };
    this.#lastArrival = arrival;
    return arrival;
  }

  /** A flood at the sentinel is no reason to wake for each frame of it. */
  #pauseSentinel(readiness: Readiness): void {
    readiness.pause();
    clearTimeout(this.#sentinelPause);
    this.#sentinelPause = setTimeout(() => {
      if (!this.#isPaused) readiness.resume();
    }, SENTINEL_PAUSE).unref();
  }
}
