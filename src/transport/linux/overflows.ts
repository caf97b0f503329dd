import { closeSync, openSync, readSync } from 'node:fs';

/** Of the network in which it was opened. */
const STATISTICS = '/proc/thread-self/net/snmp';
/** Of the lines `Udp:`: what found no room, and what found no memory (Linux 5.11 and newer). */
const FULL = ['RcvbufErrors', 'MemErrors'];

/**
 * Datagrams that were lost for want of room. A socket's own count (SO_RXQ_OVFL) has those with a wrong checksum too, and
 * those that its filter rejects, of which any guest may send as many as it likes. So the statistics of UDP, which count
 * full buffers of all sockets together, are asked when it has risen: what both have is lost, perhaps, and nothing more is.
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

  /** The socket's own count has risen. */
  add(dropped: number): void {
    this.#dropped += dropped;
  }

  /** How many were lost since the beginning; for now and then, as it may have to read. */
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

/** How often a UDP socket of this network had no room. */
export interface FullBuffers {
  /** Undefined: it cannot be read. */
  count(): number | undefined;
  close(): void;
}

/** Undefined where /proc does not say it. */
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

/** Reads the two lines `Udp:`, names above numbers; undefined if they do not name what is looked for. */
export function fullBuffersIn(statistics: string): number | undefined {
  const [names = [], numbers = []] = statistics
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  const counts = FULL.map((name) => Number(numbers[names.indexOf(name)] ?? Number.NaN));
  const found = counts.filter((count) => !Number.isNaN(count));
  return found.length === 0 ? undefined : found.reduce((sum, count) => sum + count, 0);
}
