import type { Clock } from '../../../lease/clock.ts';
import type { SharingProblem } from './sharing-problem.ts';

/** Who leaves in order ends its heartbeat as soon as it wants to; else etcd ends it this long after it was heard last, or later. */
const FAREWELL_LIMIT = 5000;
/** It is told for so long: milliseconds. */
const TOLD_FOR = 86_400_000;

interface Gone {
  readonly listenIp: string;
  /** When it was heard last: wall clock. */
  readonly since: number;
  /** When etcd deleted its heartbeat: monotonic. */
  readonly at: number;
}

/** Gateways whose heartbeat has run out: they were killed, are cut off, or their machine is down. All times are milliseconds. */
export class GoneGateways {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** When a heartbeat of each node arrived last: monotonic. */
  readonly #heardAt = new Map<string, number>();
  readonly #gone = new Map<string, Gone>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** One for each that is not back, for a day. */
  get problems(): readonly SharingProblem[] {
    const now = this.#clock.monotonic();
    const told = [...this.#gone].filter(([, { at }]) => now - at <= TOLD_FOR);
    return told.map(([node, gone]) => problemOf(node, gone));
  }

  /** A heartbeat of a node is there. */
  heard(node: string): void {
    this.#heardAt.set(node, this.#clock.monotonic());
    this.#gone.delete(node);
  }

  /** etcd has deleted a node's heartbeat. */
  ended(node: string, listenIp: string): void {
    const heardAt = this.#heardAt.get(node);
    this.#heardAt.delete(node);
    const at = this.#clock.monotonic();
    if (heardAt === undefined || at - heardAt < FAREWELL_LIMIT) return;
    this.#gone.set(node, { listenIp, since: this.#clock.now() - (at - heardAt), at });
  }
}

function problemOf(node: string, { listenIp, since }: Gone): SharingProblem {
  const when = new Date(since).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    message: `the gateway ${node} (${listenIp}) was heard last at ${when}, and has not said that it would end`,
    remedy:
      'look on its node whether it runs (systemctl status vps-gateway) and reaches etcd; guests keep their leases, and the ' +
      'other gateways renew them; if it is not to come back, this is told for a day',
  };
}
