import type { Watch, WatchEvent, WatchListener } from '../../src/store/etcd/client/etcd.ts';
import type { EtcdLink, SimulatedCluster } from './etcd.ts';

/** A watch that hears nothing for so long is taken for lost: milliseconds. */
const SILENCE = 3000;

/** One watch: its events arrive later, in their order, and not while the link is cut or stands still. */
export class WatchLink {
  readonly #cluster: SimulatedCluster;
  readonly #link: EtcdLink;
  readonly #listener: WatchListener;
  readonly #watch: Watch;
  readonly #arriving: { readonly events: readonly WatchEvent[]; readonly revision: number }[] = [];
  #isOver = false;
  #isScheduled = false;
  #cutSince: number | undefined;

  constructor(
    cluster: SimulatedCluster,
    link: EtcdLink,
    prefix: string,
    from: number,
    listener: WatchListener,
  ) {
    this.#cluster = cluster;
    this.#link = link;
    this.#listener = listener;
    this.#watch = cluster.watch(prefix, from, {
      events: (events, revision) => {
        this.#arriving.push({ events, revision });
        this.#schedule();
      },
      ended: (why, message) => this.#end(why, message),
    });
    this.#look();
  }

  close(): void {
    this.#isOver = true;
    this.#watch.close();
  }

  end(message: string): void {
    this.#end('lost', message);
  }

  #end(why: 'compacted' | 'lost', message: string): void {
    if (this.#isOver) return;
    this.close();
    this.#cluster.clock.after(1, () => {
      this.#wake(() => this.#listener.ended(why, message));
    });
  }

  /** Once a second: a link that is cut for too long. */
  #look(): void {
    const { clock } = this.#cluster;
    clock.after(1000, () => {
      if (this.#isOver) return;
      const now = clock.monotonic();
      if (!this.#link.isCut) this.#cutSince = undefined;
      else this.#cutSince ??= now;
      if (this.#cutSince !== undefined && now - this.#cutSince >= SILENCE) this.end('silent');
      else this.#look();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { clock, random, weather } = this.#cluster;
    const gap = Math.max(0, this.#link.gapUntil - clock.monotonic());
    clock.after(gap + 1 + random.below(weather.lag), () => {
      this.#isScheduled = false;
      if (this.#isOver) return;
      if (this.#link.isCut || this.#link.gapUntil > clock.monotonic()) {
        clock.after(200, () => this.#schedule());
        return;
      }
      // A sign of life may overtake what it should follow.
      if (random.chance(10)) this.#hear([], this.#cluster.revision);
      for (const { events, revision } of this.#arriving.splice(0)) this.#hear(events, revision);
    });
  }

  #hear(events: readonly WatchEvent[], revision: number): void {
    this.#wake(() => {
      if (!this.#isOver) this.#listener.events(events, revision);
    });
  }

  #wake(run: () => void): void {
    this.#link.standstill.wake('store', () => {
      if (!this.#link.isDead) run();
    });
  }
}
