import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Clock } from '../lease/clock.ts';
import type { Log } from '../log/log.ts';
import type { FrameCounter } from '../transport/linux/frame-counter.ts';

/** The sockets hear no broadcast for so long before it is looked at what comes to the interface: milliseconds. */
const QUIET = 30_000;
/** So many unheard frames are no accident. */
const ENOUGH = 2;
/** What was unheard so long ago says nothing of now: milliseconds. */
const MEMORY = 300_000;

/** Whether messages come. Times are ISO 8601, UTC. */
export interface ReceptionStatus {
  /** Since when the sockets listen. */
  readonly since: string;
  /** When they heard something last; null: nothing since then. */
  readonly lastHeard: string | null;
  /** False: nothing is connected to the interface; null: that is not known. */
  readonly hasCarrier: boolean | null;
  /** Broadcasts that came to the interface while the sockets heard none; null: that is not known. */
  readonly unheard: number | null;
}

export interface ReceptionParts {
  readonly interfaceName: string;
  readonly clock: Clock;
  readonly log: Log;
  hasCarrier(): boolean | undefined;
  /** Undefined: nothing can be counted. */
  countFrames(): FrameCounter | undefined;
}

/**
 * Whether the sockets hear what new guests send, which is broadcast. A firewall drops messages behind the interface and
 * before the sockets, so while these hear none, what comes to the interface is counted; on an ordinary day nothing is.
 */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly #since: number;
  #heard = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  #broadcasts = 0;
  #broadcastAt = Number.NEGATIVE_INFINITY;
  #counter: FrameCounter | undefined;
  /** False: it was tried, and cannot be had. */
  #canCount = true;
  /** Counted a moment ago: the sockets may just have them. */
  #pending = 0;
  #unheard = 0;
  #unheardAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#since = parts.clock.monotonic();
  }

  /**
   * For every second.
   *
   * @param heard How many datagrams the sockets have brought so far.
   * @param broadcasts How many of them were broadcasts.
   */
  check(heard: number, broadcasts: number): void {
    const now = this.#parts.clock.monotonic();
    if (heard !== this.#heard) this.#heardAt = now;
    this.#heard = heard;
    if (broadcasts !== this.#broadcasts) {
      this.#broadcasts = broadcasts;
      this.#broadcastAt = now;
      this.#end();
    } else if (this.#counter !== undefined) this.#count(this.#counter, now);
    else if (this.#canCount && now - this.#broadcastAt >= QUIET) {
      this.#counter = this.#parts.countFrames();
      this.#canCount = this.#counter !== undefined;
    }
  }

  get status(): ReceptionStatus {
    const hasHeard = this.#heardAt > Number.NEGATIVE_INFINITY;
    return {
      since: this.#isoOf(this.#since),
      lastHeard: hasHeard ? this.#isoOf(this.#heardAt) : null,
      hasCarrier: this.#parts.hasCarrier() ?? null,
      unheard: this.#canCount ? this.#unheard : null,
    };
  }

  get problem(): RunningProblem | undefined {
    if (this.#unheard < ENOUGH) return undefined;
    const { interfaceName } = this.#parts;
    return {
      name: 'unheard',
      message: `DHCP broadcasts come to ${interfaceName}, and none reaches the gateway: a firewall of this machine drops UDP port 67 (or rp_filter what comes to it)`,
      remedy: remedyFor(interfaceName),
      stopsNewGuests: true,
    };
  }

  close(): void {
    this.#counter?.close();
    this.#counter = undefined;
  }

  #count(counter: FrameCounter, now: number): void {
    const hadProblem = this.problem !== undefined;
    if (this.#pending > 0) this.#unheardAt = now;
    else if (now - this.#unheardAt > MEMORY) this.#unheard = 0;
    this.#unheard += this.#pending;
    this.#pending = counter.count();
    const { problem } = this;
    if (problem === undefined || hadProblem) return;
    const { message: cause, remedy } = problem;
    this.#parts.log.warn({ cause, remedy }, 'messages come to the interface and do not reach the sockets');
  }

  /** The sockets hear: nothing more is to be found out. */
  #end(): void {
    if (this.problem !== undefined) this.#parts.log.info({}, 'messages reach the sockets again');
    this.close();
    this.#pending = 0;
    this.#unheard = 0;
  }

  #isoOf(monotonic: number): string {
    const { clock } = this.#parts;
    return new Date(clock.now() - (clock.monotonic() - monotonic)).toISOString().replace(/\.\d+/, '');
  }
}

function remedyFor(interfaceName: string): string {
  return (
    '`vps-gateway check`, run as root, names the rule where it can read it; to let them in: ' +
    rulesThatLetIn(interfaceName)
  );
}

/** The commands that make a firewall accept what guests send, for the operator to choose from. */
export function rulesThatLetIn(interfaceName: string): string {
  return (
    `nft insert rule <family> <table> <input chain> iifname ${interfaceName} udp dport 67 accept, or ` +
    `iptables -I INPUT -i ${interfaceName} -p udp --dport 67 -j ACCEPT`
  );
}
