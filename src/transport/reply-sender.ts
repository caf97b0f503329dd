import type { Destination } from '../net/datagram.ts';
import { type Ipv4, LIMITED_BROADCAST } from '../net/ipv4.ts';
import { FRAME_HEADER_BYTES, putFrameHeaders } from './frame.ts';
import type { Libc } from './libc.ts';
import {
  EINTR,
  ETH_P_IP,
  INET_ADDRESS_BYTES,
  LINK_ADDRESS_BYTES,
  putInetAddress,
  putLinkAddress,
} from './linux.ts';
import { MessageVector, type PinnedMemory } from './message-vector.ts';
import { countError } from './socket-transport.ts';
import type { Outgoing } from './transport.ts';

export interface SendingSockets {
  /** Bound to the listen IP. */
  readonly unicast: number;
  /** Undefined: there is none, and frames become broadcasts. */
  readonly frames: number | undefined;
  readonly linkIndex: number;
  readonly listenIp: Ipv4;
  readonly serverPort: number;
  readonly clientPort: number;
}

/** Sends replies out of the outbox: one call for those by UDP, one for those in frames. */
export class ReplySender {
  /** How many the kernel refused, by the error's name. */
  readonly refused = new Map<string, number>();
  readonly #libc: Libc;
  readonly #view: DataView;
  readonly #sockets: SendingSockets;
  readonly #datagrams: MessageVector;
  readonly #frames: MessageVector;

  constructor(libc: Libc, outbox: PinnedMemory, capacity: number, sockets: SendingSockets) {
    this.#libc = libc;
    this.#view = outbox.view;
    this.#sockets = sockets;
    this.#datagrams = new MessageVector(libc, outbox, capacity);
    this.#frames = new MessageVector(libc, outbox, sockets.frames === undefined ? 0 : capacity);
  }

  /** How many the kernel took. */
  send(outgoing: readonly Outgoing[]): number {
    const { unicast, frames } = this.#sockets;
    let taken = 0;
    for (let from = 0; from < outgoing.length; from += this.#datagrams.capacity) {
      const end = Math.min(outgoing.length, from + this.#datagrams.capacity);
      let datagramCount = 0;
      let frameCount = 0;
      for (let index = from; index < end; index++) {
        const reply = outgoing[index];
        if (reply === undefined) continue;
        if (reply.destination.kind === 'link' && frames !== undefined) {
          this.#putFrame(frameCount++, reply, reply.destination);
        } else {
          this.#putDatagram(datagramCount++, reply);
        }
      }
      taken += this.#flush(this.#datagrams, unicast, datagramCount);
      if (frames !== undefined) taken += this.#flush(this.#frames, frames, frameCount);
    }
    return taken;
  }

  close(): void {
    if (this.#sockets.frames !== undefined) this.#libc.close(this.#sockets.frames);
  }

  #putDatagram(slot: number, { offset, length, destination }: Outgoing): void {
    const isUnicast = destination.kind === 'unicast';
    const address = isUnicast ? destination.address : LIMITED_BROADCAST;
    const port = isUnicast ? destination.port : this.#sockets.clientPort;
    putInetAddress(this.#datagrams.names, this.#datagrams.nameOffset(slot), address, port);
    this.#datagrams.putMessage(slot, offset, length, INET_ADDRESS_BYTES);
  }

  #putFrame(
    slot: number,
    { offset, length }: Outgoing,
    { address, hardware }: Destination & { kind: 'link' },
  ): void {
    const { listenIp, serverPort, clientPort, linkIndex } = this.#sockets;
    putFrameHeaders(this.#view, offset, length, listenIp, serverPort, address, clientPort);
    putLinkAddress(this.#frames.names, this.#frames.nameOffset(slot), ETH_P_IP, linkIndex, hardware);
    this.#frames.putMessage(
      slot,
      offset - FRAME_HEADER_BYTES,
      length + FRAME_HEADER_BYTES,
      LINK_ADDRESS_BYTES,
    );
  }

  /** The kernel stops at the first message it refuses; that one is counted, and those behind it still go. */
  #flush(vector: MessageVector, fd: number, count: number): number {
    let taken = 0;
    let next = 0;
    while (next < count) {
      const result = vector.send(fd, next, count - next);
      if (result > 0) {
        taken += result;
        next += result;
      } else if (result !== -EINTR) {
        countError(this.refused, result);
        next += 1;
      }
    }
    return taken;
  }
}
