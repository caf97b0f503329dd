import { errnoName } from './linux/linux.ts';
import type { Transport } from './transport.ts';

/** What a transport over real sockets says beside its datagrams. */
export interface SocketTransport extends Transport {
  readonly counters: TransportCounters;
  /** What its sockets cannot do that they should, a sentence each. */
  readonly shortcomings: readonly string[];
  /** False while nothing is connected to the interface, or it is gone. */
  readonly hasCarrier: boolean;
  /** False while the operator has the interface down. */
  readonly isUp: boolean;
  /** Calls `run` once, with the reason in words, when the sockets are of no more use and must be opened anew. */
  onLost(run: (reason: string) => void): void;
}

/** Since the transport was opened. */
export interface TransportCounters {
  /** Datagrams that were dropped because they came faster than they were read; reads a file, so for now and then. */
  readonly overflows: number;
  /** Replies that the kernel refused, by the error's name (ENETUNREACH, EINVAL when our address is gone, ...). */
  readonly refusedSends: ReadonlyMap<string, number>;
  /** Receives that failed, by the error's name. */
  readonly failedReceives: ReadonlyMap<string, number>;
}

/** Counts one more under an error's name. */
export function countError(counts: Map<string, number>, errno: number, by = 1): void {
  const name = errnoName(errno);
  counts.set(name, (counts.get(name) ?? 0) + by);
}

/** The loss of sockets: told once, also to whoever asks only after it happened. */
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
