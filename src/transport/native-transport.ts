import { type Ipv4, LIMITED_BROADCAST } from '../net/ipv4.ts';
import { broadcastOf, type Prefix } from '../net/prefix.ts';
import { ArrivalFilter, SAMPLED } from './linux/arrival-filter.ts';
import { FRAME_HEADER_BYTES } from './linux/frame.ts';
import type { Interface } from './linux/interfaces.ts';
import type { Libc } from './linux/libc.ts';
import { EPERM, errnoName } from './linux/linux.ts';
import { pinnedMemory } from './linux/message-vector.ts';
import {
  interfaceMissing,
  openBroadcastSocket,
  openFrameSocket,
  openUnicastSocket,
  type SocketPlan,
} from './linux/open-socket.ts';
import { Overflows } from './linux/overflows.ts';
import { openSentinel } from './linux/sentinel.ts';
import { type InterfaceWatch, watchInterface } from './linux/watch-interface.ts';
import { Receiver } from './receiver.ts';
import { ReplySender } from './reply-sender.ts';
import { LossNotice, type SocketTransport, type TransportCounters } from './socket-transport.ts';
import { type Arena, type Batch, type Outbox, type Outgoing, SEND_SLOT_BYTES } from './transport.ts';

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
  /** False: a message counts whatever network card has sent it, as where a network translates MACs; true by default. */
  readonly checksChaddr?: boolean;
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

class NativeTransport implements SocketTransport {
  readonly kind: 'raw' | 'broadcast';
  readonly outbox: Outbox;
  readonly #libc: Libc;
  readonly #watch: InterfaceWatch;
  readonly #sender: ReplySender;
  readonly #receiver: Receiver;
  /** All that receive. */
  readonly #sockets: number[] = [];
  #maximumPayload: number;
  readonly #overflows = new Overflows();
  readonly #shortcomings: string[] = [];
  readonly #hasSentinel: boolean;
  readonly #loss = new LossNotice();
  #isClosed = false;

  constructor(libc: Libc, options: NativeTransportOptions) {
    const { interfaceName, listenIp, serverPort = 67, clientPort = 68 } = options;
    this.#libc = libc;
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
      // Whether a datagram through a VRF still has its frame's header depends on the kernel.
      const checksChaddr = options.checksChaddr !== false && vrf === undefined;
      if (options.checksChaddr !== false && !checksChaddr)
        this.#shortcomings.push(uncheckedIn(interfaceName));
      const sentinel = this.#openSentinel(link, options, checksChaddr);
      const takesSamples = checksChaddr && sentinel < 0;
      const overflows = this.#overflows;
      this.#receiver = new Receiver(libc, { listenIp, overflows, checksChaddr, takesSamples });
      const filter = new ArrivalFilter(libc, {
        indexes: vrf === undefined ? [link.index] : [link.index, vrf.index],
        checksChaddr,
        hasSentinel: sentinel >= 0,
      });
      const receiveBufferBytes = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
      const plan: SocketPlan = { interfaceName, listenIp, vrf, filter, serverPort, receiveBufferBytes };
      const unicast = this.#openSockets(plan, options.prefix);
      // Without the filter all messages come to the UDP sockets, and would come by the sentinel once more.
      if (filter.failure !== undefined) this.#shortcomings.push(filter.failure);
      this.#hasSentinel = sentinel >= 0 && filter.failure === undefined;
      if (this.#hasSentinel) this.#receiver.add(sentinel, 'sentinel');

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
        serverPort,
        clientPort,
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A negative error number: there is none. */
  #openSentinel(link: Interface, options: NativeTransportOptions, checksChaddr: boolean): number {
    const { listenIp, prefix, serverPort = 67, clientPort = 68 } = options;
    const broadcast = segmentBroadcast(prefix);
    const plan = { linkIndex: link.index, listenIp, broadcast, serverPort, clientPort, checksChaddr };
    const sentinel = options.mayFrame === false ? -EPERM : openSentinel(this.#libc, plan);
    if (sentinel >= 0) this.#sockets.push(sentinel);
    else this.#shortcomings.push(withoutSentinel(sentinel));
    return sentinel;
  }

  /** Returns the unicast socket, which is read first. The broadcast socket is opened first: it shows a rival. */
  #openSockets(plan: SocketPlan, prefix: Prefix): number {
    const broadcast = openBroadcastSocket(this.#libc, plan);
    this.#sockets.push(broadcast);
    const unicast = openUnicastSocket(this.#libc, plan);
    this.#sockets.push(unicast);
    this.#receiver.add(unicast, 'unicast');
    this.#receiver.add(broadcast, 'broadcast');
    const subnetBroadcast = tryOpenSubnetBroadcast(this.#libc, plan, prefix);
    if (subnetBroadcast === undefined) return unicast;
    this.#sockets.push(subnetBroadcast);
    this.#receiver.add(subnetBroadcast, 'broadcast');
    return unicast;
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
      failedReceives: this.#receiver.failed,
      ...(this.#hasSentinel ? { sentinelFrames: this.#receiver.sentinelFrames } : {}),
    };
  }

  get shortcomings(): readonly string[] {
    return this.#shortcomings;
  }

  arena(capacity: number): Arena {
    return this.#receiver.arena(capacity);
  }

  onReadable(run: () => void): void {
    this.#receiver.onReadable(run);
  }

  onLost(run: (reason: string) => void): void {
    this.#loss.onLost(run);
  }

  pause(): void {
    this.#receiver.pause();
  }

  resume(): void {
    this.#receiver.resume();
  }

  receive(arena: Arena, isAgain = false): Batch {
    return this.#receiver.receive(arena, isAgain);
  }

  send(outgoing: readonly Outgoing[]): number {
    return this.#isClosed ? 0 : this.#sender.send(outgoing);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#overflows.close();
    this.#receiver?.close();
    for (const fd of this.#sockets.splice(0)) this.#libc.close(fd);
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
  const address = segmentBroadcast(prefix);
  if (address === undefined) return undefined;
  try {
    return openBroadcastSocket(libc, plan, address);
  } catch {
    return undefined;
  }
}

/** Undefined: the segment has none of its own. */
function segmentBroadcast(prefix: Prefix): Ipv4 | undefined {
  const address = broadcastOf(prefix);
  return prefix.length >= 31 || address === LIMITED_BROADCAST ? undefined : address;
}

function uncheckedIn(interfaceName: string): string {
  return (
    `forged messages are answered like honest ones, for ${interfaceName} is in a VRF, where not every kernel shows which ` +
    'network card has sent a message; let a MAC filter see to it'
  );
}

function withoutSentinel(errno: number): string {
  const [why, remedy] =
    errno === -EPERM
      ? ['the capability NET_RAW', 'run as root or with it']
      : [`a packet socket (${errnoName(errno)})`, 'see to the sandbox of this process'];
  return (
    `what the kernel rejects is not seen without ${why}: of forged messages one in ${SAMPLED} is counted, a renewal ` +
    `that a router passes on has no answer, and other DHCP servers are noticed only by what clients ask of them; ${remedy}`
  );
}
