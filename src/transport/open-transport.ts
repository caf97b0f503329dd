import { GatewayError } from '../errors.ts';
import { type ArpSocket, type ArpSocketOptions, NO_ARP, openArpSocket } from './arp-socket.ts';
import { type DgramTransportOptions, openDgramTransport } from './dgram-transport.ts';
import { openBridgePorts } from './linux/bridge-ports.ts';
import { type FrameCounter, openFrameCounter } from './linux/frame-counter.ts';
import { type Libc, loadLibc } from './linux/libc.ts';
import { openNativeTransport } from './native-transport.ts';
import type { SocketTransport } from './socket-transport.ts';
import type { ListenIpArp, SegmentPorts } from './transport.ts';

export interface OpenTransportOptions extends DgramTransportOptions {
  /** The best kind to try; `raw` by default. */
  readonly best?: 'raw' | 'broadcast' | 'dgram';
}

export interface OpenedTransport {
  readonly transport: SocketTransport;
  readonly arp: ArpSocket;
  /** Where the guests are plugged in; undefined: the kernel cannot be asked. */
  readonly ports: SegmentPorts | undefined;
  /** Why it is not a better kind, one sentence for each missing thing; empty for `raw` with ARP. */
  readonly shortcomings: readonly string[];
  /** Datagrams that were dropped because they arrived faster than they were read. */
  lost(): number;
  /** Frames that an ordinary day does not have, so far; undefined: nothing looks for them. */
  sentinelFrames(): number | undefined;
  /** Whether anything is connected to the interface. */
  hasCarrier(): boolean;
  /** Whether the interface is up. */
  isUp(): boolean;
  /** Counts from now on the frames that the sockets should receive; undefined: not possible. */
  countFrames(): FrameCounter | undefined;
  /** Closes all of them. */
  close(): void;
}

/**
 * Opens the best transport that this machine allows: raw, else broadcast, else dgram; and an ARP socket, else NO_ARP.
 * @throws GatewayError rival-server, interface-missing, listen-ip-missing, port-forbidden: they concern all kinds.
 * transport-unavailable: not even dgram is possible, or it would answer clients of other interfaces; the message begins
 * with the reasons against the better kinds.
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
        const { checksChaddr = true } = options;
        const countFrames = () => openFrameCounter(libc, { ...options, checksChaddr });
        const ports = openBridgePorts(options.interfaceName);
        return joined(transport, arp ?? NO_ARP, shortcomings, { ports, countFrames });
      } catch (error) {
        transport.close();
        throw error;
      }
    }
  }
  const transport = await openLast(options, shortcomings);
  return joined(transport, NO_ARP, shortcomings);
}

/**
 * Opens the last kind. If that fails too, the error names the reasons against the better kinds first: they are the ones to
 * correct.
 */
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

/** ARP about a listen IP before its sockets are opened; undefined: not possible, or the interface does not exist. */
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
  more: {
    readonly ports?: (SegmentPorts & { close(): void }) | undefined;
    readonly countFrames?: () => FrameCounter | undefined;
  } = {},
): OpenedTransport {
  return {
    transport,
    arp,
    ports: more.ports,
    shortcomings: [...shortcomings, ...transport.shortcomings],
    lost: () => transport.counters.overflows,
    sentinelFrames: () => transport.counters.sentinelFrames,
    hasCarrier: () => transport.hasCarrier,
    isUp: () => transport.isUp,
    countFrames: () => more.countFrames?.(),
    close: () => {
      more.ports?.close();
      arp.close();
      transport.close();
    },
  };
}

/** undefined, with the reason added to the shortcomings, where this machine does not allow it. Other errors are thrown on. */
function unlessUnavailable<T>(open: () => T, shortcomings: string[]): T | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'transport-unavailable') throw error;
    shortcomings.push(error.message);
    return undefined;
  }
}
