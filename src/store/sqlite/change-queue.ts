import type { Say } from '../../log/say.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { KeptLease, MirroredChange } from '../mirror.ts';
import { historyEventOf } from './history/history-rows.ts';

/** Changes that wait while the disk takes none. Of more, only the newest of each address is kept. */
export const MOST_WAITING = 100_000;

/** Changes that wait for a mirror's file, in bounded memory. No lease is lost; rows of the history may be, and are counted. */
export class ChangeQueue {
  #changes: MirroredChange[] = [];
  #most = MOST_WAITING;
  #lostRows = 0;

  get size(): number {
    return this.#changes.length;
  }

  push(change: MirroredChange): void {
    this.#changes.push(change);
    if (this.#changes.length > this.#most) this.#keepNewest();
  }

  /** The oldest `count` changes, or fewer. */
  first(count: number): readonly MirroredChange[] {
    return this.#changes.slice(0, count);
  }

  /** Drops the oldest `count` changes. */
  drop(count: number): void {
    this.#changes.splice(0, count);
    if (this.#changes.length === 0) this.#most = MOST_WAITING;
  }

  /** How many rows of the history were lost since the last call. */
  takeLostRows(): number {
    const lost = this.#lostRows;
    this.#lostRows = 0;
    return lost;
  }

  #keepNewest(): void {
    const newest = new Map<Ipv4, MirroredChange>();
    for (const change of this.#changes) {
      const { address } = change.after;
      const earlier = newest.get(address);
      if (earlier !== undefined && hasRow(earlier)) this.#lostRows += 1;
      newest.set(address, earlier === undefined ? change : joined(earlier, change));
    }
    this.#changes = [...newest.values()];
    // Else each change would go through all of them again, where there are more addresses than the limit.
    this.#most = Math.max(MOST_WAITING, 2 * this.#changes.length);
  }
}

/** Logs how many rows of the history were lost. Call it when the disk takes changes again. */
export function sayLostRows(changes: ChangeQueue, say: Say): void {
  const rows = changes.takeLostRows();
  if (rows > 0) say('warn', { rows }, 'rows of the history are lost: more came than could wait for the disk');
}

/** Keeps the host name of a client that has the address still: it stays until another client has the address. */
export function keptOver(earlier: KeptLease | undefined, after: KeptLease): KeptLease {
  const { hostname = earlier?.client === after.client ? earlier.hostname : undefined } = after;
  return hostname === after.hostname ? after : { ...after, hostname };
}

/** Two changes of one address as one. */
function joined(earlier: MirroredChange, { after, reason }: MirroredChange): MirroredChange {
  return { before: earlier.before, after: keptOver(earlier.after, after), reason };
}

function hasRow({ before, after, reason }: MirroredChange): boolean {
  return (
    after.state !== 'offered' && historyEventOf(before, after, { at: after.updatedAt, reason }) !== undefined
  );
}
