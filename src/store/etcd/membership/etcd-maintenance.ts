import type { Clock } from '../../../lease/clock.ts';
import type { Say } from '../../../log/say.ts';
import { type Etcd, EtcdError, endOfPrefix, type Revision } from '../client/etcd.ts';
import { SEGMENTS } from '../keys/keys.ts';
import type { SharingProblem } from './sharing-problem.ts';
import { alarmsOf, fullness, type Space, spaceProblems } from './space.ts';

/** auto: if etcd is the gateways' own. */
export type Compacting = 'auto' | 'on' | 'off';

/** How often etcd's space is looked at: milliseconds; and sooner after so many keys were written. */
const LOOK_EVERY = 60_000;
const LOOK_AFTER = 5000;
/** How often it is noted where etcd has come to: milliseconds. */
const MARK_EVERY = 1000;
/** What is compacted when so much of the quota is in use: all that is older than so many milliseconds. */
const KEPT = [
  { from: 0.5, milliseconds: 1000 },
  { from: 0.35, milliseconds: 10_000 },
  { from: 0.2, milliseconds: 60_000 },
  { from: 0, milliseconds: 300_000 },
] as const;
const LONGEST = 300_000;
/** However large the quota is, or is said to be, no more is kept than so many keys written: some ten megabytes. */
const MOST_KEPT = 30_000;
/** Less is not worth a compaction where there is room: keys written. */
const LEAST = 1000;
/** Up to the last key: etcd's own sign for it. */
const NO_END = '\0';

export interface EtcdMaintenanceParts {
  readonly etcd: Etcd;
  readonly clock: Clock;
  readonly compacting: Compacting;
  /** Bytes, for members that do not say theirs. */
  readonly quota: number;
  readonly say: Say;
}

/** Where the watch had come to. */
interface Mark {
  readonly at: number;
  readonly revision: Revision;
  readonly written: number;
}

/** How this gateway stands to etcd, for each second. */
export interface WatchPosition {
  /** Seen by the watch: the newest revision, and how many keys were written so far. */
  readonly revision: Revision;
  readonly written: number;
  /** It is this gateway's to compact: it grants, and is the first of those that do. */
  readonly isFirst: boolean;
}

/**
 * Looks after etcd's space, off the way of the packets: says when it runs short, and compacts what is past, so that no
 * number of changes fills it. A watch that was left behind by a compaction ends, and the leases are read anew.
 */
export class EtcdMaintenance {
  readonly #parts: EtcdMaintenanceParts;
  /** The oldest first, of the last minutes. */
  #marks: Mark[] = [];
  #compacted: Mark = { at: 0, revision: 0, written: 0 };
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookedWritten = 0;
  #isLooking = false;
  #problems: readonly SharingProblem[] = [];
  #said = '';

  constructor(parts: EtcdMaintenanceParts) {
    this.#parts = parts;
  }

  /** What is wrong with etcd's space. */
  get problems(): readonly SharingProblem[] {
    return this.#problems;
  }

  /** For every second. */
  idle(standing: WatchPosition): void {
    const now = this.#parts.clock.monotonic();
    this.#mark(standing, now);
    const isDue = now - this.#lookedAt >= LOOK_EVERY || standing.written - this.#lookedWritten >= LOOK_AFTER;
    if (!isDue || this.#isLooking) return;
    this.#lookedAt = now;
    this.#lookedWritten = standing.written;
    this.#isLooking = true;
    void this.#look(standing.isFirst).finally(() => {
      this.#isLooking = false;
    });
  }

  #mark({ revision, written }: WatchPosition, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && (revision < last.revision || written < last.written)) {
      // It was put back to what it was earlier: it counts anew.
      this.#marks = [];
      this.#compacted = { at, revision: 0, written: 0 };
    } else if (last !== undefined && at - last.at < MARK_EVERY) return;
    this.#marks.push({ at, revision, written });
    // One that is older than all that is ever kept will do.
    const second = this.#marks[1];
    if (second !== undefined && at - second.at >= LONGEST) this.#marks.shift();
  }

  async #look(isFirst: boolean): Promise<void> {
    const { etcd, quota } = this.#parts;
    try {
      const [members, alarms] = await Promise.all([etcd.statuses(), alarmsOf(etcd)]);
      const space = { members, alarms };
      this.#problems = spaceProblems(space, quota);
      if (isFirst) await this.#compact(space);
    } catch {
      // What etcd does not answer to is said where leases wait for it.
    }
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

  /** Returns why etcd refuses it; undefined: it is done. */
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

/** Why GATEWAY_ETCD_COMPACT=auto leaves etcd as it is; undefined: all keys are the gateways'. Rejects with an EtcdError. */
export async function whyNotCompact(etcd: Etcd): Promise<string | undefined> {
  try {
    const before = await etcd.range('\0', SEGMENTS, { limit: 1 });
    const behind = await etcd.range(endOfPrefix(SEGMENTS), NO_END, { limit: 1 });
    const other = before.found[0] ?? behind.found[0];
    if (other === undefined) return undefined;
    return `etcd holds keys of others too (${JSON.stringify(other.key)}), whose past a compaction would take; GATEWAY_ETCD_COMPACT=on compacts all the same`;
  } catch (error) {
    if (!(error instanceof EtcdError) || error.fault !== 'refused') throw error;
    return 'this user may not see whether etcd holds keys of others, whose past a compaction would take; GATEWAY_ETCD_COMPACT=on compacts all the same';
  }
}
