import type { Say } from '../../log/say.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { KeptLease, MirroredChange } from '../mirror.ts';
import { eventOf } from './history/history-rows.ts';

/** Changes that wait for a disk that takes none; beyond them only the newest of each address is kept. */
export const MOST_WAITING = 100_000;

/** Changes on their way to a mirror's file, in a bounded room: leases are never lost, rows of the history are, and counted. */
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

  /** The oldest, as many as there are. */
  first(count: number): readonly MirroredChange[] {
    return this.#changes.slice(0, count);
  }

  /** So many of the oldest need to wait no more. */
  drop(count: number): void {
    this.#changes.splice(0, count);
    if (this.#changes.length === 0) this.#most = MOST_WAITING;
  }

  /** How many rows of the history were lost since this was asked last. */
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
    // More addresses than there is room for are not looked through again at each change.
    this.#most = Math.max(MOST_WAITING, 2 * this.#changes.length);
  }
}

/** Once the disk takes changes again. */
export function sayLostRows(changes: ChangeQueue, say: Say): void {
  const rows = changes.takeLostRows();
  if (rows > 0) say('warn', { rows }, 'rows of the history are lost: more came than could wait for the disk');
}

/** A host name belongs to the client, and stays as long as the address names it. */
export function keptOver(earlier: KeptLease | undefined, after: KeptLease): KeptLease {
  const { hostname = earlier?.client === after.client ? earlier.hostname : undefined } = after;
  return hostname === after.hostname ? after : { ...after, hostname };
}

/** From what the file has to the newest. */
function joined(earlier: MirroredChange, { after, reason }: MirroredChange): MirroredChange {
  return { before: earlier.before, after: keptOver(earlier.after, after), reason };
}

function hasRow({ before, after, reason }: MirroredChange): boolean {
  return after.state !== 'offered' && eventOf(before, after, { at: after.updatedAt, reason }) !== undefined;
}
