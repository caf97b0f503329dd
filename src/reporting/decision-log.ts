import type { Decision } from '../engine/decision/decision.ts';
import type { DroppedFrom } from '../exchange/observer/dropped-from.ts';
import type { Drop } from '../exchange/observer/drops.ts';
import { type DecisionOutcome, mayLeave, type Observer } from '../exchange/observer/observer.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { LineLimit } from '../log/allowance.ts';
import type { Log } from '../log/log.ts';
import type { LeaseStore, Outcome } from '../store/lease-store.ts';
import type { Message } from '../wire/message.ts';
import { optionName } from '../wire/option-text.ts';
import { ConflictWarnings } from './conflict-warnings.ts';
import { addressOfDecision, DecisionLines } from './decision-lines.ts';
import { DroppedDatagrams } from './dropped-datagrams.ts';
import { LastingState } from './lasting-state.ts';
import { LineLimits, repeatedField } from './line-limits.ts';
import { NameWatch } from './name-watch.ts';
import type { PortTextOf } from './plugged-log.ts';
import type { PoolUse } from './pool-use.ts';
import { PoolWarnings } from './pool-warnings.ts';
import { RelayWarnings } from './relay-warnings.ts';

/** The store has recovered when it has not failed for this time: milliseconds. */
const QUIET_TIME = 5000;
/** For the warnings of each kind. */
const WARNING_LIMIT: LineLimit = { burst: 10, perSecond: 0.1 };
/** For all limited warnings together, in octets. */
export const WARNING_OCTETS: LineLimit = { burst: 100_000, perSecond: 500 };

/** The size of a line with the stack of an error. */
const STACK_OCTETS = 2000;

const REMEDY =
  'see to the disk of the leases directory (df, dmesg); what is missing in the file follows, from the journal beside it as long as that has room, or from etcd';

const LATE_REMEDY =
  'where it stood still for longer than a lease, compare `vps-gateway leases` with what the guests have';

/** Logs each decision, and the begin and the end of each lasting problem. */
export class DecisionLog implements Observer {
  readonly #log: Log;
  readonly #store: Pick<LeaseStore, 'failure' | 'trouble'>;
  readonly #monotonic: () => number;
  readonly #failure = new LastingState(QUIET_TIME);
  readonly #trouble = new LastingState(QUIET_TIME);
  readonly #lines: DecisionLines;
  readonly #pools: PoolWarnings;
  readonly #limits: LineLimits<string>;
  readonly #conflicts: ConflictWarnings;
  readonly #names: NameWatch;
  readonly #relays: RelayWarnings;
  readonly #dropped: DroppedDatagrams;

  /**
   * @param portTextOf Where a network card is plugged in.
   * @param poolUse How the pool is used now; undefined: that is not known.
   */
  constructor(
    log: Log,
    store: Pick<LeaseStore, 'failure' | 'trouble'>,
    monotonic: () => number,
    portTextOf: PortTextOf = () => undefined,
    poolUse: () => PoolUse | undefined = () => undefined,
  ) {
    this.#log = log;
    this.#monotonic = monotonic;
    this.#lines = new DecisionLines(log, monotonic);
    this.#pools = new PoolWarnings(log, monotonic, poolUse);
    this.#limits = new LineLimits({ limitOf: () => WARNING_LIMIT, octets: WARNING_OCTETS, monotonic });
    this.#conflicts = new ConflictWarnings(log, monotonic, this.#limits, portTextOf);
    this.#names = new NameWatch(log, monotonic);
    this.#relays = new RelayWarnings(log, monotonic);
    this.#dropped = new DroppedDatagrams(log, monotonic, portTextOf);
    this.#store = store;
  }

  decided(message: Message, client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    this.#lines.decided(message, client, decision, outcome);
    this.#noteStore(outcome);
    this.#pools.note(decision);
    if (mayLeave(outcome)) {
      this.#conflicts.note(message, client, decision, addressOfDecision(message, decision));
      if (decision.kind === 'reply' && decision.reply.type !== 'DHCPNAK') this.#names.note(message, client);
    }
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    if (outcome === 'nothing') return;
    this.#lines.ordered(decision, outcome);
    this.#noteStore(outcome);
  }

  dropped(reason: Drop, count: number, from?: DroppedFrom): void {
    this.#log.debug({ reason, count }, 'dropped');
    this.#dropped.note(reason, count, from);
    if (from?.giaddr !== undefined && (reason === 'relay-not-listed' || reason === 'bad-giaddr'))
      this.#relays.note(reason, { giaddr: from.giaddr, source: from.source });
  }

  sentLate(count: number, milliseconds: number): void {
    this.#log.warn(
      { count, milliseconds: Math.round(milliseconds), remedy: LATE_REMEDY },
      'this gateway stood still while it sent replies, which may have left late',
    );
  }

  omitted(code: number): void {
    if (this.#log.isLevelEnabled?.('debug') === false) return;
    this.#log.debug({ option: code, name: optionName(code) }, 'an option did not fit');
  }

  broken(error: unknown): void {
    const repeated = this.#limits.admit('broken');
    if (repeated === undefined) return;
    this.#log.error(
      { err: error, ...repeatedField(repeated) },
      'a message was lost by a mistake of this program',
    );
    this.#limits.wrote(STACK_OCTETS);
  }

  /** Call it once a second. Logs ends of problems and counts of omitted lines; the store's recovery is noticed only here. */
  check(): void {
    this.#dropped.check();
    this.#lines.check();
    this.#pools.check();
    this.#logOmitted(this.#limits.quiet());
    this.#checkStore();
  }

  /** Call it before the sockets are closed: then it is not known any more where a sender is plugged in. */
  logDropped(): void {
    this.#dropped.logCounts();
  }

  /** Call it before the log ends. Logs the counts of omitted lines. */
  end(): void {
    this.#lines.end();
    this.#logOmitted(this.#limits.rest());
    this.#dropped.logCounts();
  }

  #noteStore(outcome: DecisionOutcome): void {
    if (outcome === 'failed' || outcome === 'unknown') this.#noteFailure(outcome);
  }

  #checkStore(): void {
    const now = this.#monotonic();
    const { failure, trouble } = this.#store;
    if (failure !== undefined) this.#noteFailure('failed');
    else this.#failure.notObserved();
    if (this.#failure.isOver(now)) this.#log.warn({}, 'leases are stored again');
    if (trouble === undefined) this.#trouble.notObserved();
    else if (this.#trouble.observed(now))
      this.#log.warn({ cause: trouble, remedy: REMEDY }, 'the lease file does not follow; leases are given');
    if (this.#trouble.isOver(now)) this.#log.warn({}, 'the lease file follows again');
  }

  #noteFailure(outcome: Outcome): void {
    if (!this.#failure.observed(this.#monotonic())) return;
    this.#log.warn({ cause: this.#store.failure ?? outcome }, 'leases cannot be stored, so none is promised');
  }

  #logOmitted(kinds: Iterable<readonly [string, number]>): void {
    for (const [reason, repeated] of kinds)
      this.#log.warn({ reason, repeated }, 'warnings of this kind were left out');
  }
}
