import { closeSync, openSync, readSync } from 'node:fs';

/** Shows the network namespace in which it was opened. */
const STATISTICS = '/proc/thread-self/net/snmp';
/** Counters of the line `Udp:`: datagrams without room in a buffer, and without memory (Linux 5.11 and newer). */
const FULL = ['RcvbufErrors', 'MemErrors'];

/**
 * Counts datagrams that were lost because a buffer was full. A socket's own count (SO_RXQ_OVFL) includes datagrams with a
 * wrong checksum and those that its filter rejects, of which any guest can send as many as it likes. So when it has risen,
 * the UDP statistics are read, which count full buffers of all sockets together: the smaller of both is the loss.
 */
export class Overflows {
  #dropped = 0;
  #judged = 0;
  #lost = 0;
  readonly #fullBuffers: FullBuffers | undefined;
  readonly #fullBefore: number;

  constructor(open: () => FullBuffers | undefined = openFullBuffers) {
    this.#fullBuffers = open();
    this.#fullBefore = this.#fullBuffers?.count() ?? 0;
  }

  /** Call it when a socket's own count has risen. */
  add(dropped: number): void {
    this.#dropped += dropped;
  }

  /** The datagrams that were lost since the beginning. May read a file: do not ask often. */
  get lost(): number {
    if (this.#dropped > this.#judged) {
      this.#judged = this.#dropped;
      const full = this.#fullBuffers?.count();
      const most = full === undefined ? this.#dropped : full - this.#fullBefore;
      this.#lost = Math.max(this.#lost, Math.min(this.#dropped, most));
    }
    return this.#lost;
  }

  close(): void {
    this.#fullBuffers?.close();
  }
}

/** The count of full buffers of all UDP sockets of this network namespace. */
export interface FullBuffers {
  /** undefined: the file cannot be read. */
  count(): number | undefined;
  close(): void;
}

/** undefined where /proc has no such file. */
function openFullBuffers(): FullBuffers | undefined {
  let file: number;
  try {
    file = openSync(STATISTICS, 'r');
  } catch {
    return undefined;
  }
  const buffer = Buffer.alloc(4096);
  const count = (): number | undefined => {
    try {
      return fullBuffersIn(buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0)));
    } catch {
      return undefined;
    }
  };
  return { count, close: () => closeSync(file) };
}

/** Reads the two lines `Udp:`, names and numbers; undefined if they lack the counters. */
export function fullBuffersIn(statistics: string): number | undefined {
  const [names = [], numbers = []] = statistics
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  const counts = FULL.map((name) => Number(numbers[names.indexOf(name)] ?? Number.NaN));
  const found = counts.filter((count) => !Number.isNaN(count));
  return found.length === 0 ? undefined : found.reduce((sum, count) => sum + count, 0);
}
