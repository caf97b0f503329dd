import { GatewayError } from '../errors.ts';
import { EVERYBODY, type HardwareAddress, hardwareAt, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { Prefix } from '../net/prefix.ts';
import {
  type ArpSpeech,
  arpAbout,
  arpFilter,
  arpProbed,
  arpRequest,
  arpSender,
  arpSpeech,
  asksFor,
} from './linux/arp.ts';
import { attachFilter } from './linux/bpf.ts';
import type { Libc } from './linux/libc.ts';
import {
  AF_PACKET,
  ETH_P_ARP,
  errnoName,
  LINK_ADDRESS_BYTES,
  LINK_HARDWARE,
  LINK_PACKET_TYPE,
  linkAddress,
  linkAddressOf,
  MSG_DONTWAIT,
  PACKET_BROADCAST,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from './linux/linux.ts';
import { MessageVector, pinnedMemory } from './linux/message-vector.ts';
import { interfaceMissing } from './linux/open-socket.ts';
import { type Readiness, whenReadable } from './linux/readiness.ts';
import { type InterfaceWatch, watchInterface } from './linux/watch-interface.ts';
import { countError, LossNotice } from './socket-transport.ts';
import type { ListenIpArp, ListenIpSign, SegmentArp } from './transport.ts';

export interface ArpSocketOptions {
  readonly interfaceName: string;
  readonly listenIp: Ipv4;
  /** Only ARP of senders in this prefix is read. */
  readonly prefix: Prefix;
  /** False: the network translates MACs, so a message names its machine, and not its frame. True by default. */
  readonly checksChaddr?: boolean;
}

export interface ArpSocket extends SegmentArp {
  /** Requests that were not sent, by the error's name. */
  readonly refusedSends: ReadonlyMap<string, number>;
  /** Calls `run` once, with the reason in words, when the socket no longer works and must be opened again. */
  onLost(run: (reason: string) => void): void;
  close(): void;
}

/** For a machine without ARP: nothing is sent, and nothing read. */
export const NO_ARP: ArpSocket = {
  canAsk: false,
  refusedSends: new Map(),
  ask: () => false,
  onHeard: () => undefined,
  onProbed: () => undefined,
  onLost: () => undefined,
  close: () => undefined,
};

/**
 * Opens the ARP of one interface.
 * @throws GatewayError interface-missing, or transport-unavailable without CAP_NET_RAW.
 */
export function openArpSocket(
  libc: Libc,
  options: ArpSocketOptions,
): ArpSocket & { readonly listenIp: ListenIpArp } {
  return new PacketArpSocket(libc, options);
}

/** ARP messages in one read: a flood of them must not block the event loop. */
const SLOTS = 64;
const SLOT_BYTES = 64;

class PacketArpSocket implements ArpSocket {
  readonly canAsk = true;
  readonly refusedSends = new Map<string, number>();
  questions = 0;
  readonly #libc: Libc;
  readonly #listenIp: Ipv4;
  readonly #judgesFrames: boolean;
  /** The network address, which no host has. */
  readonly #nobody: Ipv4;
  readonly #watch: InterfaceWatch;
  readonly #fd: number;
  readonly #vector: MessageVector;
  readonly #loss = new LossNotice();
  /** The segment's link-layer broadcast, as a sockaddr_ll. */
  readonly #everybody: Uint8Array;
  /** Room for getsockname. */
  readonly #self = new Uint8Array(LINK_ADDRESS_BYTES);
  readonly listenIp: ListenIpArp;
  #readiness: Readiness | undefined;
  #hear: (address: Ipv4, machine: HardwareAddress, speech: ArpSpeech) => void = () => {};
  #hearProbe: (address: Ipv4, hardware: HardwareAddress) => void = () => {};
  #hearAsker: (asker: Ipv4, machine: HardwareAddress) => void = () => {};
  #hearSign: (sign: ListenIpSign, hardware: HardwareAddress) => void = () => {};
  #isClosed = false;
  #isReading = false;

  constructor(libc: Libc, { interfaceName, listenIp, prefix, checksChaddr = true }: ArpSocketOptions) {
    this.#libc = libc;
    this.#judgesFrames = checksChaddr;
    this.#listenIp = listenIp;
    this.#nobody = prefix.network;
    this.#watch = watchInterface(interfaceName, (events) => {
      if (events.some(({ kind }) => kind === 'deleted' || kind === 'replaced')) {
        this.#loss.lost(`the interface ${interfaceName} was deleted`);
      }
    });
    const link = this.#watch.now;
    try {
      if (link === undefined) throw interfaceMissing(interfaceName);
      this.#everybody = linkAddress(ETH_P_ARP, link.index, EVERYBODY);
      this.#fd = boundSocket(libc, link.index, prefix);
    } catch (error) {
      this.#watch.close();
      throw error;
    }
    this.#vector = new MessageVector(libc, pinnedMemory(libc, SLOTS * SLOT_BYTES), SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#vector.putMessage(slot, slot * SLOT_BYTES, SLOT_BYTES, 0);
      this.#vector.putRoom(slot);
    }
    this.listenIp = this.#listenIpArp(listenIp);
  }

  /**
   * An ordinary request from the listen IP, not a probe (sender 0.0.0.0, RFC 5227 §2.1.1): a client that itself probes
   * the same address at that moment would take a probe of ours for a rival and decline its lease; and a bridge that
   * suppresses ARP, as on VXLAN, does not pass probes on. It is also true: this interface has the listen IP.
   */
  ask(address: Ipv4): boolean {
    const isSent = this.#send(this.#listenIp, address);
    if (isSent) this.questions += 1;
    return isSent;
  }

  #send(source: Ipv4, target: Ipv4): boolean {
    if (this.#isClosed) return false;
    const request = arpRequest(this.#hardware(), source, target);
    const send = () => this.#libc.sendto(this.#fd, request, MSG_DONTWAIT, this.#everybody);
    // The first error may be an old one that the kernel reports only now: the interface had been down.
    if (send() >= 0) return true;
    const result = send();
    if (result < 0) countError(this.refusedSends, result);
    return result >= 0;
  }

  onHeard(hear: (address: Ipv4, machine: HardwareAddress, speech: ArpSpeech) => void): void {
    this.#hear = hear;
    this.#beginReading();
  }

  hearNow(): void {
    if (!this.#isClosed) this.#read();
  }

  onProbed(hear: (address: Ipv4, hardware: HardwareAddress) => void): void {
    this.#hearProbe = hear;
    this.#beginReading();
  }

  onAsked(hear: (asker: Ipv4, machine: HardwareAddress) => void): void {
    this.#hearAsker = hear;
    this.#beginReading();
  }

  #listenIpArp(listenIp: Ipv4): ListenIpArp {
    const hardware = () => this.#hardware();
    return {
      get hardware() {
        return hardware();
      },
      probe: () => void this.#send(UNSPECIFIED, listenIp),
      probeNobody: () => void this.#send(UNSPECIFIED, this.#nobody),
      announce: () => void this.#send(listenIp, listenIp),
      onSign: (hear) => {
        this.#hearSign = hear;
        this.#beginReading();
      },
      hearNow: () => this.hearNow(),
    };
  }

  #beginReading(): void {
    // When the interface goes down (ENETDOWN), a read clears the error; when it is up again, messages arrive again.
    this.#readiness ??= whenReadable(this.#libc, this.#fd, () => this.#read());
  }

  onLost(run: (reason: string) => void): void {
    this.#loss.onLost(run);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#readiness?.close();
    this.#libc.close(this.#fd);
  }

  /** Whoever is told of a message may ask for the others while they are being read. */
  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#readAll();
    } finally {
      this.#isReading = false;
    }
  }

  #readAll(): void {
    const vector = this.#vector;
    const { view } = vector.payload;
    const count = vector.receive(this.#fd, 0, SLOTS);
    for (let slot = 0; slot < count; slot++) {
      const offset = slot * SLOT_BYTES;
      const sender = arpSender(view, offset, vector.lengthOf(slot));
      const probed = arpProbed(view, offset, vector.lengthOf(slot));
      const about = arpAbout(this.#listenIp, view, offset, vector.lengthOf(slot));
      const frame = this.#judgesFrames ? this.#frameSourceOf(slot) : NO_HARDWARE;
      const isAsked =
        sender !== undefined && asksFor(this.#listenIp, view, offset) && this.#isBroadcast(slot);
      vector.putRoom(slot);
      if (sender !== undefined) this.#hear(sender.address, frame || sender.hardware, arpSpeech(view, offset));
      if (isAsked) this.#hearAsker(sender.address, frame || sender.hardware);
      if (probed !== undefined) this.#hearProbe(probed.address, frame || probed.hardware);
      if (about !== undefined) this.#hearSign(about.sign, about.hardware);
      else if (sender?.address === this.#nobody) this.#hearSign('proxy', sender.hardware);
    }
  }

  /** The network card that the frame of a message comes from. */
  #frameSourceOf(slot: number): HardwareAddress {
    return hardwareAt(this.#vector.names, this.#vector.nameOffset(slot) + LINK_HARDWARE);
  }

  #isBroadcast(slot: number): boolean {
    return this.#vector.names.getUint8(this.#vector.nameOffset(slot) + LINK_PACKET_TYPE) === PACKET_BROADCAST;
  }

  /** The interface's hardware address now: a bridge may change its own when a port joins it. */
  #hardware(): HardwareAddress {
    const result = this.#libc.getsockname(this.#fd, this.#self);
    return result < 0 ? NO_HARDWARE : linkAddressOf(this.#self).hardware;
  }
}

function boundSocket(libc: Libc, index: number, prefix: Prefix): number {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw noArp('made', fd);
  // The filter is attached before the protocol is set, so no unfiltered message arrives.
  const filtered = attachFilter(libc, fd, arpFilter(prefix));
  const result = filtered < 0 ? filtered : libc.bind(fd, linkAddress(ETH_P_ARP, index, NO_HARDWARE));
  if (result < 0) {
    libc.close(fd);
    throw noArp(filtered < 0 ? 'filtered' : 'bound', result);
  }
  return fd;
}

function noArp(what: string, errno: number): GatewayError {
  return new GatewayError(
    'transport-unavailable',
    `an ARP socket cannot be ${what} (${errnoName(errno)}): run as root or with the capability NET_RAW`,
  );
}
