import { EVERYBODY, type HardwareAddress, hardwareAt, putHardware } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../../net/ipv4.ts';
import { arpRequest } from '../../../transport/linux/arp.ts';
import {
  assemble,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_HALF,
  REJECT,
  RETURN,
  WHOLE,
} from '../../../transport/linux/bpf.ts';
import { FRAME_HEADER_BYTES, putFrameHeaders } from '../../../transport/linux/frame.ts';
import { ETH_P_ARP, ETH_P_IP } from '../../../transport/linux/linux.ts';
import { decode } from '../../../wire/decode.ts';
import type { Message } from '../../../wire/message.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import { PacketSocket } from './packet-socket.ts';

const ETHERNET_BYTES = 14;
const PAYLOAD = ETHERNET_BYTES + FRAME_HEADER_BYTES;
const UDP = 17;
const [SERVER_PORT, CLIENT_PORT] = [67, 68];
/** RFC 826: offsets of the fields of a request in its frame. */
const ARP = { operation: 20, senderHardware: 22, senderAddress: 28, targetAddress: 38, bytes: 42 };
const [ARP_REQUEST, ARP_REPLY] = [1, 2];
/** Reverse ARP (RFC 903): what QEMU sends when a guest has moved, so that bridges learn its new port. */
const ETH_P_RARP = 0x8035;
const RARP_REQUEST = 3;

/** The addresses of a frame and its datagram. */
export interface Envelope {
  readonly sourceHardware: HardwareAddress;
  readonly targetHardware: HardwareAddress;
  readonly source: Ipv4;
  readonly target: Ipv4;
}

export interface LinkEvents {
  /** A message to clients; `from` is the card that its frame came from. */
  readonly onReply?: (reply: Message, from: HardwareAddress) => void;
  /** A message to servers. A link that takes these takes none to clients. */
  readonly onRequest?: (request: Message) => void;
  /** Who has an address here; undefined: nobody. */
  readonly holderOf: (address: Ipv4) => HardwareAddress | undefined;
}

/** Offsets in a frame of IPv4 without options. */
const [IP_HEADER, PROTOCOL, TARGET_PORT] = [14, 23, 36];

/** The kernel drops everything else: else each of a hundred guests would read the broadcasts of all others. */
function datagramsTo(port: number): Uint8Array {
  return assemble([
    [LOAD_BYTE, IP_HEADER],
    [JUMP_IF_EQUAL, 0x45, undefined, 'rejected'],
    [LOAD_BYTE, PROTOCOL],
    [JUMP_IF_EQUAL, UDP, undefined, 'rejected'],
    [LOAD_HALF, TARGET_PORT],
    [JUMP_IF_EQUAL, port, undefined, 'rejected'],
    [RETURN, WHOLE],
    'rejected',
    [RETURN, REJECT],
  ]);
}

const ARP_REQUESTS = assemble([
  [LOAD_HALF, ARP.operation],
  [JUMP_IF_EQUAL, ARP_REQUEST, undefined, 'rejected'],
  [RETURN, WHOLE],
  'rejected',
  [RETURN, REJECT],
]);

/** Sends and receives DHCP messages as frames on a network card, and answers ARP for the machines behind it. */
export class DhcpLink {
  readonly #events: LinkEvents;
  readonly #ipv4: PacketSocket;
  readonly #arp: PacketSocket;

  constructor(host: NamespaceHost, device: string, events: LinkEvents) {
    this.#events = events;
    const port = events.onRequest === undefined ? CLIENT_PORT : SERVER_PORT;
    this.#ipv4 = new PacketSocket(host, device, ETH_P_IP, (frame) => this.#receive(frame), datagramsTo(port));
    this.#arp = new PacketSocket(host, device, ETH_P_ARP, (frame) => this.#receiveArp(frame), ARP_REQUESTS);
  }

  /** Sends a message from the client's port to the server's. */
  toServer(message: Uint8Array, envelope: Envelope): void {
    this.#send(message, envelope, CLIENT_PORT, SERVER_PORT);
  }

  toClient(message: Uint8Array, envelope: Envelope): void {
    this.#send(message, envelope, SERVER_PORT, CLIENT_PORT);
  }

  /** RFC 5227 §2.3: says to all that this card has the address. */
  announce(hardware: HardwareAddress, address: Ipv4): void {
    sendOrLose(this.#arp, ethernet(EVERYBODY, hardware, ETH_P_ARP, arpRequest(hardware, address, address)));
  }

  /** Shows the bridges at which port this card is now. */
  moved(hardware: HardwareAddress): void {
    const request = arpRequest(hardware, ipv4(0), ipv4(0));
    new DataView(request.buffer).setUint16(6, RARP_REQUEST);
    sendOrLose(this.#arp, ethernet(EVERYBODY, hardware, ETH_P_RARP, request));
  }

  close(): void {
    this.#ipv4.close();
    this.#arp.close();
  }

  #send(message: Uint8Array, envelope: Envelope, sourcePort: number, targetPort: number): void {
    const bytes = new Uint8Array(PAYLOAD + message.length);
    const view = new DataView(bytes.buffer);
    putHardware(view, 0, envelope.targetHardware);
    putHardware(view, 6, envelope.sourceHardware);
    view.setUint16(12, ETH_P_IP);
    bytes.set(message, PAYLOAD);
    putFrameHeaders(view, PAYLOAD, message.length, envelope.source, sourcePort, envelope.target, targetPort);
    sendOrLose(this.#ipv4, bytes);
  }

  #receive(frame: Buffer): void {
    const bytes = new Uint8Array(frame);
    const view = new DataView(bytes.buffer);
    const isPlain = bytes.length > PAYLOAD && bytes[ETHERNET_BYTES] === 0x45;
    if (!isPlain || bytes[ETHERNET_BYTES + 9] !== UDP) return;
    const [from, to] = [view.getUint16(PAYLOAD - 8), view.getUint16(PAYLOAD - 6)];
    const message = decode(bytes, view, PAYLOAD, bytes.length - PAYLOAD);
    if (!message.ok) return;
    if (from === SERVER_PORT && to === CLIENT_PORT) this.#events.onReply?.(message, hardwareAt(view, 6));
    if (to === SERVER_PORT) this.#events.onRequest?.(message);
  }

  /** RFC 826: answers a request for an address that a machine here has. */
  #receiveArp(frame: Buffer): void {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    if (frame.length < ARP.bytes || view.getUint16(ARP.operation) !== ARP_REQUEST) return;
    const address = ipv4(view.getUint32(ARP.targetAddress));
    const holder = this.#events.holderOf(address);
    const asker = hardwareAt(view, ARP.senderHardware);
    if (holder === undefined || holder === asker) return;
    const reply = arpRequest(holder, address, ipv4(view.getUint32(ARP.senderAddress)));
    const fields = new DataView(reply.buffer);
    fields.setUint16(6, ARP_REPLY);
    putHardware(fields, 18, asker);
    sendOrLose(this.#arp, ethernet(asker, holder, ETH_P_ARP, reply));
  }
}

/** What the interface does not take now is lost, as on any network. */
function sendOrLose(socket: PacketSocket, frame: Uint8Array): void {
  try {
    socket.send(frame);
  } catch {
    // Its buffer is full, or it is just being moved.
  }
}

function ethernet(
  target: HardwareAddress,
  source: HardwareAddress,
  etherType: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  putHardware(view, 0, target);
  putHardware(view, 6, source);
  view.setUint16(12, etherType);
  frame.set(payload, ETHERNET_BYTES);
  return frame;
}
