import { afterEach } from 'vitest';
import { inNetworkOf, PacketSocket } from '../../src/cli/lab/guests/packet-socket.ts';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { prefixOf } from '../../src/net/prefix.ts';
import { loadLibc } from '../../src/transport/linux/libc.ts';
import { type NativeTransportOptions, openNativeTransport } from '../../src/transport/native-transport.ts';
import type { SocketTransport } from '../../src/transport/socket-transport.ts';
import { readUdpFrame, type UdpFrame } from '../support/frames.ts';
import { at } from '../support/plan.ts';

/** The gateway of the address plan on its interface. */
export const PLAN: NativeTransportOptions = {
  interfaceName: 'eth0',
  listenIp: at('10.15.3.10'),
  prefix: prefixOf(at('10.15.3.0'), 24),
};

/** Closes, after each test, what the test gave it, the last first. */
export function useClosing(): <T extends { close(): unknown }>(each: T) => T {
  const closing: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of closing.splice(0).reverse()) await each.close();
  });
  return (each) => {
    closing.push(each);
    return each;
  };
}

export function openIn(host: NamespaceHost, options: Partial<NativeTransportOptions> = {}): SocketTransport {
  return inNetworkOf(host, () => openNativeTransport(loadLibc(), { ...PLAN, ...options }));
}

/** A second network of a machine: the other end of the cable, in `stranger`, has 10.99.0.2. */
export function addOtherNetwork(host: NamespaceHost, stranger: NamespaceHost): void {
  host.ip(`link add other0 type veth peer name eth0 netns ${stranger.pid}`);
  host.ip('addr add 10.99.0.1/24 dev other0');
  host.ip('link set other0 up');
  stranger.ip('addr add 10.99.0.2/24 dev eth0');
  stranger.ip('link set eth0 up');
}

/** What an interface hears, byte for byte, as a guest's DHCP client with a raw socket does. */
export class Ear {
  readonly frames: UdpFrame[] = [];
  /** Frames that are no UDP, or have a wrong checksum. */
  readonly faults: unknown[] = [];
  readonly #socket: PacketSocket;
  readonly #waiting: { readonly count: number; readonly done: () => void }[] = [];

  constructor(host: NamespaceHost) {
    this.#socket = new PacketSocket(host, 'eth0', 0x0800, (bytes) => {
      try {
        const frame = readUdpFrame(bytes);
        if (frame === undefined || frame.sourcePort !== 67) return;
        this.frames.push({ ...frame, payload: Buffer.from(frame.payload) });
      } catch (error) {
        this.faults.push(error);
      }
      for (const { count, done } of this.#waiting) if (this.frames.length >= count) done();
    });
  }

  get texts(): readonly string[] {
    return this.frames.map(({ payload }) => payload.toString());
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  async until(count: number): Promise<void> {
    if (this.frames.length >= count) return;
    await new Promise<void>((done) => this.#waiting.push({ count, done }));
  }

  close(): void {
    this.#socket.close();
  }
}
