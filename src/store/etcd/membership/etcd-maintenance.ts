import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import {
  type AskedMember,
  type Etcd,
  EtcdError,
  endOfPrefix,
  type MemberStatus,
  type Revision,
} from '../client/etcd.ts';
import { SEGMENTS } from '../keys/keys.ts';
import type { SharingProblem } from './sharing-problem.ts';
import { alarmsOf, fullness, type Space, spaceProblems } from './space.ts';

/** auto: the gateways compact if etcd holds no keys but theirs. */
export type Compacting = 'auto' | 'on' | 'off';

/** Time between two looks at etcd's space: milliseconds. A look comes earlier after LOOK_AFTER written keys. */
const LOOK_EVERY = 60_000;
const LOOK_AFTER = 5000;
/** The same while etcd gives no answer, and once after that, so that people see which members this node reaches. */
const LOOK_UNANSWERED = 5000;
/** Time between two marks of etcd's revision: milliseconds. */
const MARK_EVERY = 1000;
/** Where at least the part `from` of the quota is in use, versions older than `milliseconds` are compacted. */
const KEPT = [
  { from: 0.5, milliseconds: 1000 },
  { from: 0.35, milliseconds: 10_000 },
  { from: 0.2, milliseconds: 60_000 },
  { from: 0, milliseconds: 300_000 },
] as const;
const LONGEST = 300_000;
/** The most written keys whose old versions are kept, whatever the quota: some ten megabytes. */
const MOST_KEPT = 30_000;
/** Written keys from which a compaction is worth it while there is room. */
const LEAST = 1000;
/** etcd's sign for the end of all keys. */
const NO_END = '\0';

export interface EtcdMaintenanceParts {
  readonly etcd: Etcd;
  readonly clock: Clock;
  readonly compacting: Compacting;
  /** Bytes, for members that do not tell their own. */
  readonly quota: number;
  readonly say: Say;
}

/** The position of the watch at a time. */
interface Mark {
  readonly at: number;
  readonly revision: Revision;
  readonly written: number;
}

/** etcd's members, as they were at one look. */
export interface MembersLook {
  /** Undefined: they were not looked at yet. */
  readonly at: Instant | undefined;
  readonly asked: readonly AskedMember[];
}

/** Whether a majority answers this gateway. */
export interface QuorumStanding {
  /** Why no lease may be promised; undefined: they may. */
  readonly failure: string | undefined;
  /** Since when etcd gives no answer: monotonic milliseconds; undefined: it answers, or refuses. */
  readonly unansweredSince: number | undefined;
}

/** What the maintenance needs to know, each second. */
export interface WatchPosition {
  /** By the watch: the newest revision, and the number of keys written so far. */
  readonly revision: Revision;
  readonly written: number;
  /** True: it is this gateway's task to compact. */
  readonly isFirst: boolean;
  readonly quorum: QuorumStanding;
}

/**
 * Watches etcd's space in the background. It reports when space runs short, and compacts old versions, so no number of
 * changes fills etcd. A watch that needs a compacted version ends, and then the leases are read again.
 */
export class EtcdMaintenance {
  readonly #parts: EtcdMaintenanceParts;
  /** Marks of the last minutes, the oldest first. */
  #marks: Mark[] = [];
  #compacted: Mark = { at: 0, revision: 0, written: 0 };
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookedWritten = 0;
  #lookedUnanswered = false;
  /** When the members were asked that `#members` tells of: monotonic milliseconds. */
  #membersAskedAt = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #problems: readonly SharingProblem[] = [];
  #members: MembersLook = { at: undefined, asked: [] };
  #said = '';

  constructor(parts: EtcdMaintenanceParts) {
    this.#parts = parts;
  }

  /** What is wrong with etcd's space. */
  get problems(): readonly SharingProblem[] {
    return this.#problems;
  }

  /** What the members said at the last look, each with its quota. */
  get members(): MembersLook {
    const { quota } = this.#parts;
    const { at, asked } = this.#members;
    return {
      at,
      asked: asked.map(({ status, ...member }) => ({
        ...member,
        status: status?.quotaBytes === 0 ? { ...status, quotaBytes: quota } : status,
      })),
    };
  }

  /** Why no lease may be promised, with the number of members that this node reaches, if they were asked since then. */
  withReach({ failure, unansweredSince }: QuorumStanding): string | undefined {
    const { asked } = this.#members;
    if (failure === undefined || unansweredSince === undefined || this.#membersAskedAt < unansweredSince)
      return failure;
    const reached = asked.filter(({ status }) => status !== undefined).length;
    const set = asked.length === 1 ? 'the 1 member that is set' : `the ${asked.length} members that are set`;
    const hint =
      2 * reached > asked.length ? '' : ": where other nodes reach more, look at this node's own link first";
    return `${failure}; this node reaches ${reached} of ${set}${hint}`;
  }

  /** Call it once a second. */
  idle(standing: WatchPosition): void {
    const now = this.#parts.clock.monotonic();
    this.#mark(standing, now);
    const isUnanswered = standing.quorum.unansweredSince !== undefined;
    const every = isUnanswered || this.#lookedUnanswered ? LOOK_UNANSWERED : LOOK_EVERY;
    const isDue = now - this.#lookedAt >= every || standing.written - this.#lookedWritten >= LOOK_AFTER;
    if (!isDue || this.#isLooking) return;
    this.#lookedAt = now;
    this.#lookedWritten = standing.written;
    this.#lookedUnanswered = isUnanswered;
    this.#isLooking = true;
    void this.#look(standing.isFirst).finally(() => {
      this.#isLooking = false;
    });
  }

  #mark({ revision, written }: WatchPosition, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && (revision < last.revision || written < last.written)) {
      // etcd was restored from a backup: its revisions count anew.
      this.#marks = [];
      this.#compacted = { at, revision: 0, written: 0 };
    } else if (last !== undefined && at - last.at < MARK_EVERY) return;
    this.#marks.push({ at, revision, written });
    // One mark older than LONGEST is enough.
    const second = this.#marks[1];
    if (second !== undefined && at - second.at >= LONGEST) this.#marks.shift();
  }

  async #look(isFirst: boolean): Promise<void> {
    const { etcd, quota } = this.#parts;
    try {
      const [members, alarms] = await Promise.all([this.#askMembers(), alarmsOf(etcd)]);
      const space = { members, alarms };
      this.#problems = spaceProblems(space, quota);
      if (isFirst) await this.#compact(space);
    } catch {
      // An etcd that does not answer is reported where leases wait for it.
    }
  }

  async #askMembers(): Promise<readonly MemberStatus[]> {
    const { etcd, clock } = this.#parts;
    const askedAt = clock.monotonic();
    const asked = await etcd.statuses();
    this.#membersAskedAt = askedAt;
    // Noted also where none answers, though then asking for alarms fails.
    this.#members = { at: clock.now(), asked };
    return asked.flatMap(({ status }) => status ?? []);
  }

  async #compact(space: Space): Promise<void> {
    const { etcd, clock, compacting, quota } = this.#parts;
    if (compacting === 'off') return;
    const share = fullness(space, quota);
    const kept = KEPT.find(({ from }) => share >= from)?.milliseconds ?? LONGEST;
    const now = clock.monotonic();
    const most = (this.#marks.at(-1)?.written ?? 0) - MOST_KEPT;
    const mark = this.#marks.findLast(({ at, written }) => now - at >= kept || written <= most);
    const least = kept === LONGEST ? LEAST : 1;
    if (mark === undefined || mark.written - this.#compacted.written < least) return;
    const hindrance = compacting === 'auto' ? await whyNotCompact(etcd) : undefined;
    this.#sayOnce(hindrance ?? (await this.#compactTo(mark)));
  }

  /** Returns why etcd refuses it; undefined: etcd has compacted. */
  async #compactTo(mark: Mark): Promise<string | undefined> {
    try {
      await this.#parts.etcd.compact(mark.revision);
    } catch (error) {
      if (!(error instanceof EtcdError) || error.fault === 'unknown') throw error;
      if (error.fault === 'refused') return error.message;
      // compacted: another gateway, or etcd itself, has come first.
    }
    this.#compacted = mark;
    return undefined;
  }

  #sayOnce(cause: string | undefined): void {
    const said = cause ?? '';
    if (said === this.#said) return;
    this.#said = said;
    if (cause !== undefined) this.#parts.say('info', { cause }, 'etcd is not compacted by the gateways');
  }
}

/** Why GATEWAY_ETCD_COMPACT=auto does not compact; undefined: it does, since all keys are the gateways'. @throws EtcdError */
export async function whyNotCompact(etcd: Etcd): Promise<string | undefined> {
  try {
    const before = await etcd.range('\0', SEGMENTS, { limit: 1 });
    const behind = await etcd.range(endOfPrefix(SEGMENTS), NO_END, { limit: 1 });
    const other = before.found[0] ?? behind.found[0];
    if (other === undefined) return undefined;
    return `etcd holds keys of others too (${JSON.stringify(other.key)}), whose old versions a compaction would delete; GATEWAY_ETCD_COMPACT=on compacts all the same`;
  } catch (error) {
    if (!(error instanceof EtcdError) || error.fault !== 'refused') throw error;
    return 'this user may not see whether etcd holds keys of others, whose old versions a compaction would delete; GATEWAY_ETCD_COMPACT=on compacts all the same';
  }
}
