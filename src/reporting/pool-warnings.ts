import type { Decision } from '../engine/decision.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import { Lasting } from './lasting.ts';

/** Networks whose pools are remembered as full. */
const FULL_LIMIT = 64;
/** A pool has room again if no client was refused for so long: milliseconds. */
const CALM = 60_000;

/** A pool that is full, and has room again: each is told once a minute at most. */
export class PoolWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  /** By relay address; 0: this segment. */
  readonly #full = new Map<Ipv4, Lasting>();

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note({ giaddr }: Message, { reason }: Decision): void {
    if (reason === 'pool-full') this.#refused(giaddr);
    else if (this.#full.size > 0 && isForNewClient(reason)) this.#full.get(giaddr)?.mended();
  }

  /** To be called now and then. */
  check(): void {
    for (const [giaddr, pool] of this.#full) {
      if (!pool.isOver(this.#monotonic())) continue;
      this.#full.delete(giaddr);
      this.#log.warn({ relay: relayOf(giaddr) }, 'the pool has room again');
    }
  }

  #refused(giaddr: Ipv4): void {
    let pool = this.#full.get(giaddr);
    if (pool === undefined) {
      if (this.#full.size >= FULL_LIMIT) return;
      pool = new Lasting(CALM);
      this.#full.set(giaddr, pool);
    }
    if (pool.met(this.#monotonic()))
      this.#log.warn({ relay: relayOf(giaddr) }, 'the pool is full: new clients get no address');
  }
}

function isForNewClient(reason: Decision['reason']): boolean {
  return reason === 'offered' || reason === 'offered-to-clone' || reason === 'bootp';
}

function relayOf(giaddr: Ipv4): string | undefined {
  return giaddr === 0 ? undefined : ipv4ToText(giaddr);
}
