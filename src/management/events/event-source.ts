import type { RefusedClientStatus } from '../../detection/segment-observer.ts';
import type { ProblemName, RunningProblem } from '../../diagnosis/running-problem.ts';
import { hardwareToText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { ipv4ToText, UNSPECIFIED } from '../../net/ipv4.ts';
import type { SharedEvent, SharedEventReader } from '../../reporting/shared-events.ts';
import type { EventKind, EventLog, NewEvent } from './event-log.ts';
import type { SegmentNews } from './segment-news.ts';

/** How often decisions are read while somebody follows the events: milliseconds. */
const INTERVAL = 100;
/** How often problems are looked for, while somebody follows the events: milliseconds. */
const PROBLEMS = 1000;

/** Reasons after which an address has another holder, or none. Renewals are no news. */
const LEASE_REASONS: ReadonlySet<string> = new Set([
  ...['bound', 'moved', 'adopted', 'bootp', 'released', 'expired', 'declined', 'peer-granted'],
  ...['released-by-operator', 'quarantined-by-operator', 'restored-by-operator', 'quarantine-ended'],
]);
const CONFLICT_REASONS: ReadonlySet<string> = new Set(['address-in-use', 'still-in-use', 'declined']);
const NEW_LEASES: ReadonlySet<string> = new Set(['bound', 'moved', 'adopted']);

/** What a problem's coming and going is an event of. */
const PROBLEM_KINDS: Readonly<Partial<Record<ProblemName, EventKind>>> = {
  'listen-ip-conflict': 'conflict',
  'rogue-server': 'rogue',
  'pool-full': 'pool',
  'pool-nearly-full': 'pool',
  peers: 'peer',
  cluster: 'peer',
  store: 'store',
  directory: 'store',
  'lease-file': 'store',
};

/** What of a gateway's status is looked at. */
export interface WatchedStatus {
  readonly problems: readonly RunningProblem[];
  readonly refusedClients: readonly RefusedClientStatus[];
}

export interface EventSourceParts {
  readonly status: () => Promise<WatchedStatus>;
  readonly isFollowed: () => boolean;
  readonly news: SegmentNews;
  /** This gateway's. */
  readonly node: string;
}

interface Told {
  readonly problems: ReadonlyMap<ProblemName, RunningProblem>;
  /** By MAC and cause. */
  readonly refused: ReadonlyMap<string, RefusedClientStatus>;
}

/**
 * Fills an event log: with decisions from the memory that they lie in, with problems that come and go, with clients that are not
 * served and, where leases are shared, with what other gateways do. While nobody follows, decisions stay in that memory: a busy
 * gateway makes tens of thousands a second.
 */
export class EventSource {
  readonly #log: EventLog;
  readonly #reader: SharedEventReader;
  readonly #status: () => Promise<WatchedStatus>;
  readonly #isFollowed: () => boolean;
  readonly #news: SegmentNews;
  readonly #node: string;
  /** Undefined: nobody has followed yet, so it is not known what is new. */
  #known: Told | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    log: EventLog,
    reader: SharedEventReader,
    { status, isFollowed, news, node }: EventSourceParts,
  ) {
    this.#log = log;
    this.#reader = reader;
    this.#status = status;
    this.#isFollowed = isFollowed;
    this.#news = news;
    this.#node = node;
  }

  /**
   * To be called for each follower before it is one: it may continue from an earlier stream. What happened while nobody
   * followed is added, and it looks for events until nobody does.
   */
  follow(): void {
    this.read();
    const wasFollowed = this.#isFollowed();
    if (this.#timers.length === 0)
      this.#timers.push(
        setInterval(() => this.#isFollowed() && this.read(), INTERVAL).unref(),
        setInterval(() => void this.#look(), PROBLEMS).unref(),
      );
    if (wasFollowed) return;
    void this.#lookOnce(true); // Nobody waits for it: the gateway's thread may be slow to answer.
  }

  end(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Takes the decisions that were made since the last call. To be called before the log is used, if nobody follows. */
  read(): void {
    const { events, lost } = this.#reader.take();
    if (lost > 0) this.#log.add({ kind: 'missed', data: { missed: lost } });
    for (const event of events) this.#add(event);
    if (events.length > 0) this.#log.wake();
  }

  #add(event: SharedEvent): void {
    const { reason, outcome, client, isReserved } = event;
    const at = new Date(event.at).toISOString();
    const mac = event.hardware === NO_HARDWARE ? undefined : hardwareToText(event.hardware);
    const address = event.address === UNSPECIFIED ? undefined : ipv4ToText(event.address);
    const about = { reason, mac, address };
    const { type, kind, took } = event;
    const data = {
      ...{ at, address: address ?? null, mac: mac ?? null, client, reason, node: this.#node },
      reply_seconds: Number.isNaN(took) ? null : took / 1000,
    };
    const xid = event.xid.toString(16).padStart(8, '0');
    this.#log.add({ ...about, kind: 'decision', data: { ...data, type, xid, kind, outcome } });
    if (outcome !== 'committed') return;
    if (LEASE_REASONS.has(reason)) this.#log.add({ ...about, kind: 'lease', data });
    if (CONFLICT_REASONS.has(reason)) this.#log.add({ ...about, kind: 'conflict', data });
    if (NEW_LEASES.has(reason) && !isReserved) this.#log.add({ ...about, kind: 'unknown_mac', data });
  }

  async #look(): Promise<void> {
    if (this.#isFollowed()) await this.#lookOnce(false);
    else this.end();
  }

  /**
   * Never rejects.
   *
   * @param wasUnfollowed What it finds has happened while nobody followed.
   */
  async #lookOnce(wasUnfollowed: boolean): Promise<void> {
    for (const event of await this.#news.take()) this.#tell({ ...event, wasUnfollowed });
    try {
      const { problems, refusedClients } = await this.#status();
      const known = this.#known;
      const now: Told = {
        problems: new Map(problems.map((problem) => [problem.name, problem])),
        refused: new Map(refusedClients.map((each) => [`${each.hardware} ${each.why}`, each])),
      };
      this.#known = now;
      if (known === undefined) return;
      for (const [name, problem] of now.problems)
        if (!known.problems.has(name)) this.#addProblem(problem, true, wasUnfollowed);
      for (const [name, problem] of known.problems)
        if (!now.problems.has(name)) this.#addProblem(problem, false, wasUnfollowed);
      for (const [key, each] of now.refused)
        if (!known.refused.has(key)) this.#addRefused(each, wasUnfollowed);
    } catch {
      // The gateway stands still: the next look tells what has changed.
    }
  }

  /** A client that the operator's rules keep away. */
  #addRefused(refused: RefusedClientStatus, wasUnfollowed: boolean): void {
    const { hardware: mac, why: reason, hostname, count, client, lastAsked: at } = refused;
    const command = `vps-gateway reservations set ID --mac ${mac}`;
    const data = { at, address: null, mac, client, reason, hostname, count, command, node: this.#node };
    this.#tell({ kind: 'unknown_mac', reason, mac, wasUnfollowed, data });
  }

  #tell(event: NewEvent): void {
    this.#log.add(event);
    this.#log.wake();
  }

  #addProblem({ name, message, remedy }: RunningProblem, isThere: boolean, wasUnfollowed: boolean): void {
    const kind = PROBLEM_KINDS[name];
    if (kind === undefined) return;
    const at = new Date().toISOString();
    const data = { at, warning: name, state: isThere ? 'began' : 'ended', title: message, remedy };
    this.#tell({ kind, reason: name, wasUnfollowed, data });
  }
}
