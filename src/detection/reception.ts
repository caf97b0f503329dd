import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Clock } from '../lease/clock.ts';
import type { Log } from '../log/log.ts';
import type { FrameCounter } from '../transport/linux/frame-counter.ts';

/** After this time without a broadcast in the sockets, the frames at the interface are counted: milliseconds. */
const QUIET = 30_000;
/** The number of missing frames from which it is a problem. */
const ENOUGH = 2;
/** Missing frames are forgotten after this time: milliseconds. */
const MEMORY = 300_000;

/** Whether messages arrive. Times are ISO 8601, UTC. */
export interface ReceptionStatus {
  /** When the sockets were opened. */
  readonly since: string;
  /** When the sockets last received a datagram; null: none since they were opened. */
  readonly lastHeard: string | null;
  /** False: the interface is not connected; null: unknown. */
  readonly hasCarrier: boolean | null;
  /** Frames that the UDP sockets do not receive: forged messages, replies of other servers; null: nothing receives them. */
  readonly sentinel: number | null;
  /** Broadcasts that arrived at the interface while the sockets received none; null: unknown. */
  readonly unheard: number | null;
}

export interface ReceptionParts {
  readonly interfaceName: string;
  readonly clock: Clock;
  readonly log: Log;
  hasCarrier(): boolean | undefined;
  /** Undefined: there is no sentinel. */
  sentinelFrames(): number | undefined;
  /** Undefined: frames cannot be counted. */
  countFrames(): FrameCounter | undefined;
}

/**
 * Checks that the sockets receive the broadcasts of new guests. A firewall drops messages between the interface and the
 * sockets. So while the sockets receive none, the frames at the interface are counted; normally nothing is counted.
 */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly #since: number;
  #heard = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  #broadcasts = 0;
  #broadcastAt = Number.NEGATIVE_INFINITY;
  #counter: FrameCounter | undefined;
  /** False: frames cannot be counted. */
  #canCount = true;
  /** Frames of the last count: the sockets may receive them now. */
  #pending = 0;
  #unheard = 0;
  #unheardAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#since = parts.clock.monotonic();
  }

  /**
   * Call it once a second.
   *
   * @param heard Datagrams that the sockets have received so far.
   * @param broadcasts Broadcasts among them.
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

  /** @param heard Datagrams that the sockets have received so far; what has come since the last check counts as of now. */
  status(heard: number): ReceptionStatus {
    const heardAt = heard === this.#heard ? this.#heardAt : this.#parts.clock.monotonic();
    const hasHeard = heardAt > Number.NEGATIVE_INFINITY;
    return {
      since: this.#isoOf(this.#since),
      lastHeard: hasHeard ? this.#isoOf(heardAt) : null,
      hasCarrier: this.#parts.hasCarrier() ?? null,
      sentinel: this.#parts.sentinelFrames() ?? null,
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

  /** The sockets receive broadcasts: counting ends. */
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

/** Commands that make a firewall accept the messages of guests; the operator chooses one. */
function rulesThatLetIn(interfaceName: string): string {
  return (
    `\`nft insert rule <family> <table> <input chain> iifname ${interfaceName} udp dport 67 accept\`, or ` +
    `\`iptables -I INPUT -i ${interfaceName} -p udp --dport 67 -j ACCEPT\``
  );
}
