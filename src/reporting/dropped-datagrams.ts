import type { DroppedFrom } from '../exchange/observer/dropped-from.ts';
import { DROPS, type Drop, type DropRow } from '../exchange/observer/drops.ts';
import type { Log } from '../log/log.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { PortTextOf } from './plugged-log.ts';

/** Time from the first dropped datagram to the line that counts them: milliseconds. */
const INTERVAL = 60_000;

/** Counts dropped datagrams that are faulty or unwelcome (`DropRow`), by cause; logs at most one line a minute. */
export class DroppedDatagrams {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #portTextOf: PortTextOf;
  readonly #causes = new Map<Drop, number>();
  #since = 0;
  #last: DroppedFrom | undefined;
  #lastCause: Drop | undefined;

  constructor(log: Log, monotonic: () => number, portTextOf: PortTextOf) {
    this.#log = log;
    this.#monotonic = monotonic;
    this.#portTextOf = portTextOf;
  }

  note(cause: Drop, count: number, from: DroppedFrom | undefined): void {
    const row: DropRow = DROPS[cause];
    if (!row.isFaulty && row.isUnwelcome !== true) return;
    if (this.#causes.size === 0) this.#since = this.#monotonic();
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + count);
    this.#lastCause = cause;
    this.#last = from;
  }

  /** Call it about once a second. */
  check(): void {
    if (this.#causes.size > 0 && this.#monotonic() - this.#since >= INTERVAL) this.logCounts();
  }

  /** Logs what was counted since the last line. */
  logCounts(): void {
    if (this.#causes.size === 0) return;
    const causes = Object.fromEntries(this.#causes);
    const count = Object.values(causes).reduce((sum, each) => sum + each, 0);
    this.#causes.clear();
    const { source, hardware, frame } = this.#last ?? {};
    const sender = frame ?? hardware;
    this.#log.info(
      {
        count,
        causes,
        last: this.#lastCause,
        source: source === undefined ? undefined : ipv4ToText(source),
        hardware: hardware === undefined ? undefined : hardwareToText(hardware),
        frame: frame === undefined ? undefined : hardwareToText(frame),
        port: sender === undefined ? undefined : this.#portTextOf(sender),
      },
      'datagrams dropped',
    );
  }
}
