import { LAYOUT, type Libc } from './libc.ts';
import { MSG_DONTWAIT, MSG_TRUNC, SO_RXQ_OVFL, SOL_SOCKET } from './linux.ts';

const HEADER = LAYOUT.mmsghdr;
const IOVEC = LAYOUT.iovec;
const CMSG = LAYOUT.cmsghdr;
/** Room for a sockaddr_in or a sockaddr_ll. */
const NAME_BYTES = 32;
/** CMSG_SPACE of one control message with a 32-bit counter. */
const CONTROL_BYTES = 24;

/** Memory whose address the kernel is given. */
export interface PinnedMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Below 2^48, so exact as a number. */
  readonly address: number;
}

/** Memory off the heap: an ArrayBuffer's bytes never move. It is freed when nothing refers to it any more. */
export function pinnedMemory(libc: Libc, length: number): PinnedMemory {
  const buffer = new ArrayBuffer(length);
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    address: Number(libc.addressOf(buffer)),
  };
}

/**
 * The array of struct mmsghdr for recvmmsg and sendmmsg. Each slot is one message, with one iovec into the payload memory,
 * one address and, for receiving, one control message.
 */
export class MessageVector {
  readonly capacity: number;
  readonly payload: PinnedMemory;
  readonly #libc: Libc;
  readonly #memory: PinnedMemory;
  readonly #view: DataView;
  readonly #iovecs: number;
  readonly #names: number;
  readonly #controls: number;

  constructor(libc: Libc, payload: PinnedMemory, capacity: number) {
    this.#libc = libc;
    this.payload = payload;
    this.capacity = capacity;
    this.#iovecs = capacity * HEADER.size;
    this.#names = this.#iovecs + capacity * IOVEC.size;
    this.#controls = this.#names + capacity * NAME_BYTES;
    this.#memory = pinnedMemory(libc, this.#controls + capacity * CONTROL_BYTES);
    this.#view = this.#memory.view;
    for (let slot = 0; slot < capacity; slot++) {
      const header = slot * HEADER.size;
      this.#putAddress(header + HEADER.name, this.#memory.address + this.nameOffset(slot));
      this.#putAddress(header + HEADER.iov, this.#memory.address + this.#iovecs + slot * IOVEC.size);
      this.#view.setUint32(header + HEADER.iovlen, 1, true);
    }
  }

  /** The memory of the addresses; `nameOffset` gives a slot's. */
  get names(): DataView {
    return this.#view;
  }

  nameOffset(slot: number): number {
    return this.#names + slot * NAME_BYTES;
  }

  /** Sets the bytes of the payload memory that a slot sends, and the length of its address. */
  putMessage(slot: number, offset: number, length: number, nameLength: number): void {
    const iovec = this.#iovecs + slot * IOVEC.size;
    this.#putAddress(iovec + IOVEC.base, this.payload.address + offset);
    this.#view.setUint32(iovec + IOVEC.len, length, true);
    this.#view.setUint32(slot * HEADER.size + HEADER.namelen, nameLength, true);
  }

  /** Makes every slot send this control message with its datagram. Keep its memory referenced. */
  putControl({ address, bytes }: PinnedMemory): void {
    for (let slot = 0; slot < this.capacity; slot++) {
      const header = slot * HEADER.size;
      this.#putAddress(header + HEADER.control, address);
      this.#view.setUint32(header + HEADER.controllen, bytes.length, true);
    }
  }

  /** Prepares a slot to receive. The kernel overwrites both lengths with each datagram. */
  putRoom(slot: number): void {
    const header = slot * HEADER.size;
    this.#putAddress(header + HEADER.control, this.#memory.address + this.#controls + slot * CONTROL_BYTES);
    this.#view.setUint32(header + HEADER.namelen, NAME_BYTES, true);
    this.#view.setUint32(header + HEADER.controllen, CONTROL_BYTES, true);
  }

  /** Fills up to `count` slots from `first` on, without waiting. Returns how many were filled, or a negative error number. */
  receive(fd: number, first: number, count: number): number {
    return this.#libc.recvmmsg(fd, this.#headerAddress(first), count, MSG_DONTWAIT);
  }

  /** Sends `count` slots from `first` on. Returns how many the kernel accepted before it refused one, or a negative error number. */
  send(fd: number, first: number, count: number): number {
    return this.#libc.sendmmsg(fd, this.#headerAddress(first), count, MSG_DONTWAIT);
  }

  lengthOf(slot: number): number {
    return this.#view.getUint32(slot * HEADER.size + HEADER.len, true);
  }

  isTruncated(slot: number): boolean {
    return (this.#view.getUint32(slot * HEADER.size + HEADER.flags, true) & MSG_TRUNC) !== 0;
  }

  /** The socket's count of dropped datagrams when this one was queued (SO_RXQ_OVFL, modulo 2^32); 0: not told. */
  overflowsAt(slot: number): number {
    const length = this.#view.getUint32(slot * HEADER.size + HEADER.controllen, true);
    if (length < CMSG.size + 4) return 0;
    const control = this.#controls + slot * CONTROL_BYTES;
    const isOverflow =
      this.#view.getInt32(control + CMSG.level, true) === SOL_SOCKET &&
      this.#view.getInt32(control + CMSG.type, true) === SO_RXQ_OVFL;
    return isOverflow ? this.#view.getUint32(control + CMSG.size, true) : 0;
  }

  #headerAddress(slot: number): bigint {
    return BigInt(this.#memory.address + slot * HEADER.size);
  }

  #putAddress(offset: number, address: number): void {
    this.#view.setUint32(offset, address >>> 0, true);
    this.#view.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), true);
  }
}
