import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int nstype)');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, void* address, uint32_t size)');
const close = libc.func('int close(int fd)');
const nameToIndex = libc.func('uint32_t if_nametoindex(const char* name)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, void* value, uint32_t size)');
const send = libc.func('long send(int fd, const void* bytes, size_t size, int flags)');
const recv = libc.func('long recv(int fd, void* bytes, size_t size, int flags)');

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const CLONE_NEWNET = 0x40000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;

/** Runs something synchronous with this thread in the network of another machine. */
export function inNetworkOf<Result>(host: NamespaceHost, run: () => Result): Result {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const away = openSync(`/proc/${host.pid}/ns/net`, 'r');
  try {
    check(setns(away, CLONE_NEWNET), 'setns');
    return run();
  } finally {
    check(setns(home, CLONE_NEWNET), 'setns');
    closeSync(home);
    closeSync(away);
  }
}

/** Whole Ethernet frames of one type in and out of an interface of a machine. */
export class PacketSocket {
  readonly #fd: number;
  readonly #poll: ReturnType<typeof koffi.node.poll>;
  readonly #slot = Buffer.alloc(2048);

  /** @param etherType 0x0800 for IPv4, 0x0806 for ARP */
  constructor(host: NamespaceHost, device: string, etherType: number, onFrame: (frame: Buffer) => void) {
    const type = ((etherType & 255) << 8) | (etherType >> 8);
    this.#fd = inNetworkOf(host, () => {
      const fd = socket(AF_PACKET, SOCK_RAW_CLOEXEC, type);
      check(fd, 'socket');
      const address = Buffer.alloc(20);
      address.writeUInt16LE(AF_PACKET, 0);
      address.writeUInt16LE(type, 2);
      address.writeInt32LE(nameToIndex(device), 4);
      check(bind(fd, address, address.length), 'bind');
      return fd;
    });
    const size = Buffer.alloc(4);
    size.writeInt32LE(16 * 1024 * 1024);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
    this.#poll = koffi.node.poll(this.#fd, { readable: true }, () => {
      for (let left = 256; left > 0; left -= 1) {
        const length = Number(recv(this.#fd, this.#slot, this.#slot.length, MSG_DONTWAIT));
        if (length < 0) return;
        onFrame(Buffer.from(this.#slot.subarray(0, length)));
      }
    });
  }

  send(frame: Uint8Array): void {
    check(Number(send(this.#fd, frame, frame.length, 0)), 'send');
  }

  close(): void {
    this.#poll.stop();
    this.#poll.close();
    close(this.#fd);
  }
}

function check(result: number, call: string): void {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
}
