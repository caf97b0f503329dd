import type { DroppedFrom } from '../exchange/dropped-from.ts';
import { DROPS, type Drop } from '../exchange/drops.ts';
import type { Log } from '../log/log.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { ipv4ToText } from '../net/ipv4.ts';

/** Between the first that is dropped and the line that counts them: milliseconds. */
const INTERVAL = 60_000;

/** Datagrams that are broken, cut or not to be answered: one line a minute that counts them by cause, if there were any. */
export class DroppedDatagrams {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #causes = new Map<Drop, number>();
  #since = 0;
  #last: DroppedFrom | undefined;
  #lastCause: Drop | undefined;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note(cause: Drop, count: number, from: DroppedFrom | undefined): void {
    if (!DROPS[cause].isFaulty) return;
    if (this.#causes.size === 0) this.#since = this.#monotonic();
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + count);
    this.#lastCause = cause;
    this.#last = from;
  }

  /** To be called now and then. */
  check(): void {
    if (this.#causes.size > 0 && this.#monotonic() - this.#since >= INTERVAL) this.say();
  }

  /** Says what was counted and not said yet. */
  say(): void {
    if (this.#causes.size === 0) return;
    const causes = Object.fromEntries(this.#causes);
    const count = Object.values(causes).reduce((sum, each) => sum + each, 0);
    this.#causes.clear();
    const { source, hardware } = this.#last ?? {};
    this.#log.info(
      {
        count,
        causes,
        last: this.#lastCause,
        source: source === undefined ? undefined : ipv4ToText(source),
        hardware: hardware === undefined ? undefined : hardwareToText(hardware),
      },
      'datagrams dropped',
    );
  }
}
