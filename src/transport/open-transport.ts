import { GatewayError } from '../errors.ts';
import { type ArpSocket, type ArpSocketOptions, NO_ARP, openArpSocket } from './arp-socket.ts';
import { type DgramTransportOptions, openDgramTransport } from './dgram-transport.ts';
import { type FrameCounter, openFrameCounter } from './linux/frame-counter.ts';
import { type Libc, loadLibc } from './linux/libc.ts';
import { openNativeTransport } from './native-transport.ts';
import type { SocketTransport } from './socket-transport.ts';
import type { ListenIpArp } from './transport.ts';

export interface OpenTransportOptions extends DgramTransportOptions {
  /** The best rung to try; `raw` by default. */
  readonly best?: 'raw' | 'broadcast' | 'dgram';
}

export interface OpenedTransport {
  readonly transport: SocketTransport;
  readonly arp: ArpSocket;
  /** Why it is not better, a sentence for each thing that could not be had; empty for `raw` with ARP. */
  readonly shortcomings: readonly string[];
  /** Datagrams that were dropped because they came faster than they were read. */
  lost(): number;
  /** Whether anything is connected to the interface. */
  hasCarrier(): boolean;
  /** Whether the interface is up. */
  isUp(): boolean;
  /** Counts from now on what the sockets should hear; undefined: that cannot be had. */
  countFrames(): FrameCounter | undefined;
  /** Closes the transport and the ARP socket. */
  close(): void;
}

/**
 * Opens the best transport that can be had: raw, else broadcast, else dgram; and an ARP socket, else NO_ARP.
 * @throws GatewayError rival-server, interface-missing, listen-ip-missing, port-forbidden: no rung is better than another
 * for these; transport-unavailable: not even the last can be had, or it would answer clients of other interfaces; then
 * what was missing for the better ones is said first.
 */
export async function openTransport(
  options: OpenTransportOptions,
  load: () => Libc = loadLibc,
): Promise<OpenedTransport> {
  const shortcomings: string[] = [];
  const best = options.best ?? 'raw';
  if (best !== 'raw') shortcomings.push(`asked for no better than ${best}`);
  if (best !== 'dgram') {
    const native = unlessUnavailable(() => {
      const libc = load();
      return { libc, transport: openNativeTransport(libc, { ...options, mayFrame: best === 'raw' }) };
    }, shortcomings);
    if (native !== undefined) {
      const { libc, transport } = native;
      if (transport.kind === 'broadcast' && best === 'raw') {
        shortcomings.push(
          'frames may not be sent without the capability NET_RAW: clients without a lease are answered by broadcast',
        );
      }
      try {
        const arp = unlessUnavailable(() => openArpSocket(libc, options), shortcomings);
        const countFrames = () => openFrameCounter(libc, options);
        return joined(transport, arp ?? NO_ARP, shortcomings, countFrames);
      } catch (error) {
        transport.close();
        throw error;
      }
    }
  }
  const transport = await openLast(options, shortcomings);
  return joined(transport, NO_ARP, shortcomings);
}

/** Whoever mends the first reason needs no last rung: it is not to be hidden behind what is wrong with that. */
async function openLast(
  options: OpenTransportOptions,
  shortcomings: readonly string[],
): Promise<SocketTransport> {
  try {
    return await openDgramTransport(options);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'transport-unavailable') throw error;
    throw new GatewayError(error.code, [...shortcomings, error.message].join('. Without that: '), error);
  }
}

/** The ARP of a listen IP before anything is opened on it; undefined where it cannot be had, or the interface has gone. */
export function openListenIpArp(
  options: ArpSocketOptions,
  load: () => Libc = loadLibc,
): { readonly arp: ListenIpArp; close(): void } | undefined {
  try {
    const socket = openArpSocket(load(), options);
    return { arp: socket.listenIp, close: () => socket.close() };
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

function joined(
  transport: SocketTransport,
  arp: ArpSocket,
  shortcomings: readonly string[],
  countFrames: () => FrameCounter | undefined = () => undefined,
): OpenedTransport {
  return {
    transport,
    arp,
    shortcomings: [...shortcomings, ...transport.shortcomings],
    lost: () => transport.counters.overflows,
    hasCarrier: () => transport.hasCarrier,
    isUp: () => transport.isUp,
    countFrames,
    close: () => {
      arp.close();
      transport.close();
    },
  };
}

/** Undefined, and the reason noted, when something cannot be had on this machine; all other errors are thrown on. */
function unlessUnavailable<T>(open: () => T, shortcomings: string[]): T | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'transport-unavailable') throw error;
    shortcomings.push(error.message);
    return undefined;
  }
}
