import { GatewayError } from '../../errors.ts';
import { type Ipv4, ipv4ToText, LIMITED_BROADCAST } from '../../net/ipv4.ts';
import type { ArrivalFilter } from './arrival-filter.ts';
import type { Vrf } from './interfaces.ts';
import type { Libc } from './libc.ts';
import {
  AF_INET,
  AF_PACKET,
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  ENODEV,
  EPERM,
  errnoName,
  inetAddress,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SO_NO_CHECK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './linux.ts';

/** Bytes of replies that may wait in the kernel for a slow interface. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

export interface SocketPlan {
  readonly filter: ArrivalFilter;
  /** The VRF that the interface is in. */
  readonly vrf: Vrf | undefined;
  readonly interfaceName: string;
  readonly listenIp: Ipv4;
  readonly serverPort: number;
  readonly receiveBufferBytes: number;
}

/**
 * Hears broadcasts to one address (255.255.255.255, or the subnet's own) of one interface only. Bound without
 * SO_REUSEADDR: with it two servers would both hear every broadcast, and both would answer.
 * @throws GatewayError rival-server, interface-missing, port-forbidden or transport-unavailable.
 */
export function openBroadcastSocket(libc: Libc, plan: SocketPlan, address: Ipv4 = LIMITED_BROADCAST): number {
  return opened(libc, udpSocket(libc), (fd) => {
    bindToDevice(libc, fd, plan.interfaceName);
    plan.filter.attach(fd);
    setReceiveOptions(libc, fd, plan.receiveBufferBytes);
    const result = libc.bind(fd, inetAddress(address, plan.serverPort));
    if (result === -EADDRINUSE) throw rivalServer(plan.interfaceName, plan.serverPort);
    if (result < 0) throw bindFailed(plan, address, result);
  });
}

function bindToDevice(libc: Libc, fd: number, name: string): void {
  const bound = libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${name}\0`, 'latin1'));
  if (bound === -ENODEV) throw interfaceMissing(name);
  if (bound < 0) throw unavailable(`a socket cannot be bound to the interface ${name}`, bound, 'NET_RAW');
}

/**
 * Hears what is sent to the listen IP: of relay agents by whatever interface it came (within the VRF of the segment, if
 * it is in one, for an address of a VRF is nobody's outside it). Answers relays, and the segment where no frames can. A
 * server on another interface may hold `0.0.0.0%other:67`, with which a plain bind collides though no datagram could
 * reach both; a rival on this interface was ruled out before.
 * @throws GatewayError rival-server, listen-ip-missing, port-forbidden or transport-unavailable.
 */
export function openUnicastSocket(libc: Libc, plan: SocketPlan): number {
  return opened(libc, udpSocket(libc), (fd) => {
    if (plan.vrf !== undefined) bindToDevice(libc, fd, plan.vrf.name);
    plan.filter.attach(fd);
    libc.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1);
    // Its replies carry no checksum rather than one that the network card would have to finish.
    libc.setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, 1);
    setReceiveOptions(libc, fd, plan.receiveBufferBytes);
    force(libc, fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
    const address = inetAddress(plan.listenIp, plan.serverPort);
    let result = libc.bind(fd, address);
    if (result === -EADDRINUSE) {
      libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      result = libc.bind(fd, address);
      libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 0); // Or whoever comes later might take the unicasts over.
    }
    if (result === -EADDRINUSE) throw rivalServer(plan.interfaceName, plan.serverPort);
    if (result < 0) throw bindFailed(plan, plan.listenIp, result);
  });
}

/** Sends frames and receives nothing (protocol 0); a negative error number without the right to it. */
export function openFrameSocket(libc: Libc): number {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) force(libc, fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
  return fd;
}

function udpSocket(libc: Libc): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw unavailable('no UDP socket can be made', fd, undefined);
  return fd;
}

function opened(libc: Libc, fd: number, prepare: (fd: number) => void): number {
  try {
    prepare(fd);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** The default buffer holds 166 datagrams of 300 bytes, which is less than may come during one fsync. */
function setReceiveOptions(libc: Libc, fd: number, bytes: number): void {
  force(libc, fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
  libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

/** Beyond the system's limit where we may (CAP_NET_ADMIN), else up to it. */
function force(libc: Libc, fd: number, forced: number, plain: number, bytes: number): void {
  if (libc.setsockopt(fd, SOL_SOCKET, forced, bytes) < 0) libc.setsockopt(fd, SOL_SOCKET, plain, bytes);
}

export function rivalServer(interfaceName: string, port: number, cause?: unknown): GatewayError {
  return new GatewayError(
    'rival-server',
    `another DHCP server holds UDP port ${port} on ${interfaceName}, and two on one interface would both answer: ` +
      `stop it; ss -ulpn 'sport = :${port}' shows which it is`,
    cause,
  );
}

export function listenIpMissing(listenIp: Ipv4, interfaceName: string, cause?: unknown): GatewayError {
  const address = ipv4ToText(listenIp);
  return new GatewayError(
    'listen-ip-missing',
    `no interface of this host has the listen IP ${address}: add it, as with ip addr add ${address}/24 dev ${interfaceName}`,
    cause,
  );
}

export function interfaceMissing(interfaceName: string): GatewayError {
  return new GatewayError(
    'interface-missing',
    `there is no interface ${interfaceName} here: create it, or set GATEWAY_DHCP_INTERFACE to one that ip -br link shows`,
  );
}

/** No other kind of socket may either. */
export function portForbidden(port: number, cause?: unknown): GatewayError {
  return new GatewayError(
    'port-forbidden',
    `UDP port ${port} may not be bound: run as root or with the capability NET_BIND_SERVICE`,
    cause,
  );
}

function bindFailed(plan: SocketPlan, address: Ipv4, result: number): GatewayError {
  if (result === -EADDRNOTAVAIL) return listenIpMissing(plan.listenIp, plan.interfaceName);
  if (result === -EACCES) return portForbidden(plan.serverPort);
  return unavailable(`${ipv4ToText(address)}:${plan.serverPort} cannot be bound`, result, undefined);
}

function unavailable(what: string, errno: number, capability: string | undefined): GatewayError {
  const remedy =
    capability !== undefined && (errno === -EPERM || errno === -EACCES)
      ? `run as root or with the capability ${capability}`
      : 'see the limits of this process and its sandbox';
  return new GatewayError('transport-unavailable', `${what} (${errnoName(errno)}): ${remedy}`);
}
