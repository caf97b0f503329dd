import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NO_HARDWARE } from '../../../net/hardware-address.ts';
import { attachFilter } from '../../../transport/linux/bpf.ts';
import { type Libc, loadLibc } from '../../../transport/linux/libc.ts';
import {
  AF_PACKET,
  linkAddress,
  MSG_DONTWAIT,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
} from '../../../transport/linux/linux.ts';
import { type Readiness, whenReadable } from '../../../transport/linux/readiness.ts';
import type { NamespaceHost } from '../namespace-host.ts';

const CLONE_NEWNET = 0x40000000;
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;
/** The longest frame that is read whole. */
const FRAME_BYTES = 2048;
/** How many frames are read before other work of this thread. */
const AT_ONCE = 256;

/** Calls that only a process in several network namespaces needs. */
interface Calls {
  setns(fd: number, kind: number): number;
  indexOf(device: string): number;
}

let calls: Calls | undefined;

function loadCalls(): Calls {
  if (calls !== undefined) return calls;
  const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
  const library = koffi.load(null);
  calls = {
    setns: library.func('int setns(int fd, int nstype)'),
    indexOf: library.func('uint32_t if_nametoindex(const char* name)'),
  };
  return calls;
}

/** Runs something synchronous while this thread is in the network namespace of a machine. */
export function inNetworkOf<Result>(host: NamespaceHost, run: () => Result): Result {
  const { setns } = loadCalls();
  const own = openSync('/proc/thread-self/ns/net', 'r');
  const other = openSync(`/proc/${host.pid}/ns/net`, 'r');
  try {
    check(setns(other, CLONE_NEWNET), 'setns');
    return run();
  } finally {
    check(setns(own, CLONE_NEWNET), 'setns');
    closeSync(own);
    closeSync(other);
  }
}

/** Whole Ethernet frames of one type in and out of an interface of a machine. */
export class PacketSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #readiness: Readiness;
  readonly #slot = Buffer.alloc(FRAME_BYTES);
  /** Of the interface. */
  readonly #address: Uint8Array;

  /**
   * @param etherType 0x0800 for IPv4, 0x0806 for ARP
   * @param filter what `assemble` makes: the frames that are let through; absent: all
   * @throws GatewayError transport-unavailable: there is no koffi for this machine
   */
  constructor(
    host: NamespaceHost,
    device: string,
    etherType: number,
    onFrame: (frame: Buffer) => void,
    filter?: Uint8Array,
  ) {
    const libc = loadLibc();
    this.#libc = libc;
    const inNetworkOrder = ((etherType & 255) << 8) | (etherType >> 8);
    const { fd, address } = inNetworkOf(host, () => opened(libc, device, etherType, inNetworkOrder));
    this.#fd = fd;
    this.#address = address;
    if (filter !== undefined) check(attachFilter(libc, fd, filter), 'SO_ATTACH_FILTER');
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    this.#readiness = whenReadable(libc, fd, () => this.#read(onFrame));
  }

  send(frame: Uint8Array): void {
    check(this.#libc.sendto(this.#fd, frame, 0, this.#address), 'sendto');
  }

  close(): void {
    this.#readiness.close();
    this.#libc.close(this.#fd);
  }

  #read(onFrame: (frame: Buffer) => void): void {
    for (let left = AT_ONCE; left > 0; left -= 1) {
      const length = this.#libc.recv(this.#fd, this.#slot, MSG_DONTWAIT);
      if (length < 0) return;
      onFrame(Buffer.from(this.#slot.subarray(0, length)));
    }
  }
}

function opened(libc: Libc, device: string, etherType: number, inNetworkOrder: number) {
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, inNetworkOrder);
  check(fd, 'socket');
  const address = linkAddress(etherType, loadCalls().indexOf(device), NO_HARDWARE);
  check(libc.bind(fd, address), 'bind');
  return { fd, address };
}

function check(result: number, call: string): void {
  if (result < 0) throw new Error(`${call}: error ${result}`);
}
