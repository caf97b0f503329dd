import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { GatewayError } from '../../errors.ts';

/**
 * System calls that Node does not offer. Each returns the result of the call, or a negative error number.
 * No length is checked against memory here: callers give whole buffers, and `loadLibc` checks the layouts.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  /** A number is passed as an int. */
  setsockopt(fd: number, level: number, option: number, value: number | Uint8Array): number;
  /** The option's value as an int. */
  getsockopt(fd: number, level: number, option: number): number;
  /** Fills `address`. */
  getsockname(fd: number, address: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, flags: number, address: Uint8Array): number;
  recv(fd: number, bytes: Uint8Array, flags: number): number;
  /** Microseconds, fewer than a million. A signal ends it. */
  usleep(microseconds: number): void;
  /** `headers` is the address of `count` struct mmsghdr. */
  recvmmsg(fd: number, headers: bigint, count: number, flags: number): number;
  sendmmsg(fd: number, headers: bigint, count: number, flags: number): number;
  close(fd: number): number;
  /** The address of a buffer's bytes. They do not move; keep the buffer referenced while the kernel may use them. */
  addressOf(memory: ArrayBuffer): bigint;
  /** Calls `run` (status 0, or negative when the descriptor is in error) while the descriptor is readable. */
  poll(fd: number, run: (status: number) => void): PollHandle;
}

export interface PollHandle {
  start(run: (status: number) => void): void;
  stop(): void;
  close(): void;
}

/** Sizes and offsets, in bytes, of structures that are written by hand here (equal in glibc and musl on 64-bit machines). */
export const LAYOUT = {
  mmsghdr: {
    size: 64,
    name: 0,
    namelen: 8,
    iov: 16,
    iovlen: 24,
    control: 32,
    controllen: 40,
    flags: 48,
    len: 56,
  },
  iovec: { size: 16, base: 0, len: 8 },
  cmsghdr: { size: 16, len: 0, level: 8, type: 12 },
  sockFprog: { size: 16, len: 0, filter: 8 },
} as const;

export type Koffi = typeof import('koffi');
let loaded: Libc | undefined;

/**
 * Loads the system calls, once.
 * @throws GatewayError transport-unavailable: koffi has no binary for this machine, or the machine is not 64-bit.
 */
export function loadLibc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    assertLayout(koffi);
    return bindCalls(koffi);
  } catch (cause) {
    throw new GatewayError(
      'transport-unavailable',
      `koffi, which calls the system's sockets, cannot be loaded (${cause instanceof Error ? cause.message : cause}): ` +
        'install with optional dependencies (no --omit=optional), on 64-bit Linux, on a file system without noexec',
      cause,
    );
  }
}

/** @throws Error where a compiler of this machine would lay out the structures differently from LAYOUT. */
function assertLayout(koffi: Koffi): void {
  if (process.platform !== 'linux') throw new Error(`${process.platform} is not Linux`);
  if (endianness() !== 'LE') throw new Error('the machine is big-endian');
  const message = {
    name: 'void *',
    namelen: 'uint32_t',
    iov: 'void *',
    iovlen: 'size_t',
    control: 'void *',
    controllen: 'size_t',
    flags: 'int',
  };
  const msghdr = koffi.struct(message);
  const structures: Record<keyof typeof LAYOUT, ReturnType<Koffi['struct']>> = {
    mmsghdr: koffi.struct({ header: msghdr, len: 'unsigned int' }),
    iovec: koffi.struct({ base: 'void *', len: 'size_t' }),
    cmsghdr: koffi.struct({ len: 'size_t', level: 'int', type: 'int' }),
    sockFprog: koffi.struct({ len: 'unsigned short', filter: 'void *' }),
  };
  for (const [name, type] of Object.entries(structures)) {
    const { size, ...offsets } = LAYOUT[name as keyof typeof LAYOUT];
    if (koffi.sizeof(type) !== size)
      throw new Error(`struct ${name} has ${koffi.sizeof(type)} bytes, not ${size}`);
    for (const [member, offset] of Object.entries(offsets)) {
      const holder = name === 'mmsghdr' && member in message ? msghdr : type;
      const found = koffi.offsetof(holder, member);
      if (found !== offset) throw new Error(`${name}.${member} is at ${found}, not at ${offset}`);
    }
  }
}

function bindCalls(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const call = (name: string, ...types: string[]): ((...values: unknown[]) => number) => {
    const invoke: (...values: unknown[]) => number = library.func(name, 'int', types);
    return invoke;
  };
  const socket = call('socket', 'int', 'int', 'int');
  const bind = call('bind', 'int', 'void *', 'uint32_t');
  const setsockopt = call('setsockopt', 'int', 'int', 'int', 'void *', 'uint32_t');
  const getsockopt = call('getsockopt', 'int', 'int', 'int', 'void *', 'void *');
  const getsockname = call('getsockname', 'int', 'void *', 'void *');
  const sendto = call('sendto', 'int', 'void *', 'size_t', 'int', 'void *', 'uint32_t');
  const recv = call('recv', 'int', 'void *', 'size_t', 'int');
  const recvmmsg = call('recvmmsg', 'int', 'void *', 'unsigned int', 'int', 'void *');
  const sendmmsg = call('sendmmsg', 'int', 'void *', 'unsigned int', 'int');
  const usleep = call('usleep', 'uint32_t');
  const close = call('close', 'int');
  const checked = (result: number) => (result < 0 ? -koffi.errno() : result);
  const readable = { readable: true };

  return {
    socket: (domain, type, protocol) => checked(socket(domain, type, protocol)),
    bind: (fd, address) => checked(bind(fd, address, address.length)),
    setsockopt: (fd, level, option, value) => {
      const bytes = typeof value === 'number' ? new Uint8Array(Int32Array.of(value).buffer) : value;
      return checked(setsockopt(fd, level, option, bytes, bytes.length));
    },
    getsockopt: (fd, level, option) => {
      const value = new Int32Array(1);
      const result = checked(getsockopt(fd, level, option, value, Uint32Array.of(4)));
      return result < 0 ? result : (value[0] ?? 0);
    },
    getsockname: (fd, address) => checked(getsockname(fd, address, Uint32Array.of(address.length))),
    sendto: (fd, bytes, flags, address) =>
      checked(sendto(fd, bytes, bytes.length, flags, address, address.length)),
    usleep: (microseconds) => void usleep(microseconds),
    recv: (fd, bytes, flags) => checked(recv(fd, bytes, bytes.length, flags)),
    recvmmsg: (fd, headers, count, flags) => checked(recvmmsg(fd, headers, count, flags, null)),
    sendmmsg: (fd, headers, count, flags) => checked(sendmmsg(fd, headers, count, flags)),
    close: (fd) => checked(close(fd)),
    addressOf: (memory) => koffi.address(memory),
    poll: (fd, run) => {
      // koffi's types name the second argument only: the first that comes is the status.
      const calling = (again: (status: number) => void) => (status: unknown) => again(Number(status));
      const handle = koffi.node.poll(fd, readable, calling(run));
      return {
        start: (again) => handle.start(readable, calling(again)),
        stop: () => handle.stop(),
        close: () => handle.close(),
      };
    },
  };
}
