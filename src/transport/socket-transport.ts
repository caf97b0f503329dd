import { errnoName } from './linux/linux.ts';
import type { Transport } from './transport.ts';

/** A transport over real sockets, and their state. */
export interface SocketTransport extends Transport {
  readonly counters: TransportCounters;
  /** What its sockets should do and cannot, one sentence each. */
  readonly shortcomings: readonly string[];
  /** False while nothing is connected to the interface, or it does not exist. */
  readonly hasCarrier: boolean;
  /** False while an operator has set the interface down. */
  readonly isUp: boolean;
  /** Calls `run` once, with the reason in words, when the sockets no longer work and must be opened again. */
  onLost(run: (reason: string) => void): void;
}

/** Counts since the transport was opened. */
export interface TransportCounters {
  /** Datagrams that were dropped because they arrived faster than they were read. Reads a file: do not ask often. */
  readonly overflows: number;
  /** Replies that the kernel refused, by the error's name (ENETUNREACH, EINVAL when the listen IP is gone, ...). */
  readonly refusedSends: ReadonlyMap<string, number>;
  /** Receives that failed, by the error's name. */
  readonly failedReceives: ReadonlyMap<string, number>;
  /** Frames that the sentinel has brought; absent: there is no sentinel. */
  readonly sentinelFrames?: number;
}

/** Counts one more under an error's name. */
export function countError(counts: Map<string, number>, errno: number, by = 1): void {
  const name = errnoName(errno);
  counts.set(name, (counts.get(name) ?? 0) + by);
}

/** Tells once that the sockets are lost, also to a listener that comes later. */
export class LossNotice {
  #reason: string | undefined;
  #run: ((reason: string) => void) | undefined;

  lost(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#run?.(reason);
  }

  onLost(run: (reason: string) => void): void {
    this.#run = run;
    if (this.#reason !== undefined) run(this.#reason);
  }
}
