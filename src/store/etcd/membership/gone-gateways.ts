import type { Clock } from '../../../lease/clock.ts';
import { type Ipv4, ipv4FromText } from '../../../net/ipv4.ts';
import { goneRemedy, goneText } from '../../gone-gateway.ts';
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
    return this.#told().map(([node, gone]) => problemOf(node, gone));
  }

  /** Their listen IPs. */
  get addresses(): ReadonlySet<Ipv4> {
    const addresses = this.#told().map(([, { listenIp }]) => ipv4FromText(listenIp));
    return new Set(addresses.filter((address) => address !== undefined));
  }

  /** The same, dotted, by their nodes. */
  get byNode(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#told().map(([node, { listenIp }]) => [node, listenIp]));
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

  #told(): readonly (readonly [string, Gone])[] {
    const now = this.#clock.monotonic();
    return [...this.#gone].filter(([, { at }]) => now - at <= TOLD_FOR);
  }
}

function problemOf(node: string, { listenIp, since }: Gone): SharingProblem {
  return {
    message: goneText(`${node} (${listenIp})`, since, 'has not said that it would end'),
    remedy: goneRemedy(
      'look on its node whether it runs (`systemctl status vps-gateway`) and reaches etcd',
      'a day',
    ),
  };
}
