import { type HardwareAddress, hardwareAt, hardwareToText, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Arena, Datagram } from '../transport/transport.ts';
import * as at from '../wire/layout.ts';
import { DROPS } from './drops.ts';
import type { Log } from './log.ts';
import type { Drop } from './observer.ts';

/** Between the first that is dropped and the line that counts them: milliseconds. */
const INTERVAL = 60_000;
const HARDWARE_BYTES = 6;

/** The sender of a datagram that was dropped. */
export interface DroppedFrom {
  /** Its IP source. */
  readonly source: Ipv4;
  /** By its chaddr; undefined: it has none that can be read. */
  readonly hardware: HardwareAddress | undefined;
  /** The relay that it names, if it is dropped for that. */
  readonly giaddr?: Ipv4;
}

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

/** Who sent a datagram that is no message, or not one to be answered: as far as its bytes go. */
export function droppedFrom({ offset, length, arrival }: Datagram, { view }: Arena): DroppedFrom {
  const { source } = arrival;
  const hardware = length < at.CHADDR + HARDWARE_BYTES ? NO_HARDWARE : hardwareAt(view, offset + at.CHADDR);
  const sender = { source, hardware: hardware === NO_HARDWARE ? undefined : hardware };
  return length < at.GIADDR + 4 ? sender : { ...sender, giaddr: ipv4(view.getUint32(offset + at.GIADDR)) };
}
