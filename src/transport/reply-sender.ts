import type { Destination } from '../net/datagram.ts';
import { type Ipv4, LIMITED_BROADCAST } from '../net/ipv4.ts';
import { FRAME_HEADER_BYTES, putFrameHeaders } from './linux/frame.ts';
import { LAYOUT, type Libc } from './linux/libc.ts';
import {
  EINTR,
  ETH_P_IP,
  INET_ADDRESS_BYTES,
  IP_PKTINFO,
  IPPROTO_IP,
  LINK_ADDRESS_BYTES,
  putInetAddress,
  putLinkAddress,
} from './linux/linux.ts';
import { MessageVector, type PinnedMemory, pinnedMemory } from './linux/message-vector.ts';
import { countError } from './socket-transport.ts';
import type { Outgoing } from './transport.ts';

type Link = Extract<Destination, { kind: 'link' }>;

export interface SendingSockets {
  /** Bound to the listen IP. */
  readonly unicast: number;
  /** The socket for frames; undefined: clients on the segment get datagrams. */
  readonly frames: number | undefined;
  /** The segment's interface. */
  readonly linkIndex: number;
  readonly listenIp: Ipv4;
  readonly serverPort: number;
  readonly clientPort: number;
}

/** Sends replies from the outbox, by one system call for all relays and one for all clients on the segment. */
export class ReplySender {
  /** The replies that the kernel refused, by the error's name. */
  readonly refused = new Map<string, number>();
  readonly #libc: Libc;
  readonly #view: DataView;
  readonly #sockets: SendingSockets;
  /** Replies to relays, which leave by the host's routes. */
  readonly #toRelays: MessageVector;
  /** Replies to clients, which leave by the segment's interface. */
  readonly #toLink: MessageVector;
  /** The control message with the interface. Referenced here because the kernel reads it with each datagram. */
  readonly #interface: PinnedMemory;

  constructor(libc: Libc, outbox: PinnedMemory, capacity: number, sockets: SendingSockets) {
    this.#libc = libc;
    this.#view = outbox.view;
    this.#sockets = sockets;
    this.#toRelays = new MessageVector(libc, outbox, capacity);
    this.#toLink = new MessageVector(libc, outbox, capacity);
    this.#interface = packetInformation(libc, sockets.linkIndex);
    if (sockets.frames === undefined) this.#toLink.putControl(this.#interface);
  }

  /** Returns how many the kernel accepted. */
  send(outgoing: readonly Outgoing[]): number {
    const { unicast, frames } = this.#sockets;
    let taken = 0;
    for (let from = 0; from < outgoing.length; from += this.#toLink.capacity) {
      const end = Math.min(outgoing.length, from + this.#toLink.capacity);
      let relayCount = 0;
      let linkCount = 0;
      for (let index = from; index < end; index++) {
        const reply = outgoing[index];
        if (reply === undefined) continue;
        const { destination } = reply;
        if (destination.kind === 'relay') this.#putRelay(relayCount++, reply, destination.address);
        else if (frames === undefined) this.#putDatagram(linkCount++, reply, destination);
        else this.#putFrame(linkCount++, reply, destination);
      }
      if (relayCount > 0) taken += this.#flush(this.#toRelays, unicast, relayCount);
      if (linkCount > 0) taken += this.#flush(this.#toLink, frames ?? unicast, linkCount);
    }
    return taken;
  }

  close(): void {
    if (this.#sockets.frames !== undefined) this.#libc.close(this.#sockets.frames);
  }

  #putRelay(slot: number, { offset, length }: Outgoing, address: Ipv4): void {
    const vector = this.#toRelays;
    putInetAddress(vector.names, vector.nameOffset(slot), address, this.#sockets.serverPort);
    vector.putMessage(slot, offset, length, INET_ADDRESS_BYTES);
  }

  /** Without frames. A unicast only where the client has the address by a lease: the kernel asks for it by ARP. */
  #putDatagram(slot: number, { offset, length }: Outgoing, { address, isLeased }: Link): void {
    const vector = this.#toLink;
    const target = isLeased ? address : LIMITED_BROADCAST;
    putInetAddress(vector.names, vector.nameOffset(slot), target, this.#sockets.clientPort);
    vector.putMessage(slot, offset, length, INET_ADDRESS_BYTES);
  }

  #putFrame(slot: number, { offset, length }: Outgoing, { address, hardware }: Link): void {
    const { listenIp, serverPort, clientPort, linkIndex } = this.#sockets;
    const vector = this.#toLink;
    putFrameHeaders(this.#view, offset, length, listenIp, serverPort, address, clientPort);
    putLinkAddress(vector.names, vector.nameOffset(slot), ETH_P_IP, linkIndex, hardware);
    vector.putMessage(slot, offset - FRAME_HEADER_BYTES, length + FRAME_HEADER_BYTES, LINK_ADDRESS_BYTES);
  }

  /** The kernel stops at the first message that it refuses: that one is counted, and the ones after it are sent. */
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

/** The control message IP_PKTINFO (ip(7)), which makes a datagram leave by one interface. */
function packetInformation(libc: Libc, linkIndex: number): PinnedMemory {
  const { size, len, level, type } = LAYOUT.cmsghdr;
  const memory = pinnedMemory(libc, size + 16); // CMSG_SPACE of struct in_pktinfo, which has 12 octets.
  memory.view.setBigUint64(len, BigInt(size + 12), true);
  memory.view.setInt32(level, IPPROTO_IP, true);
  memory.view.setInt32(type, IP_PKTINFO, true);
  memory.view.setInt32(size, linkIndex, true);
  return memory;
}
