import type { HardwareAddress } from '../net/hardware-address.ts';

/** How long a DHCPDECLINE counts: milliseconds. */
const WINDOW = 600_000;
/** Network cards that are remembered; the one that declined longest ago is forgotten first. */
const CARD_LIMIT = 4096;
/** Times that are remembered for each card; no rule needs more. */
const TIME_LIMIT = 16;

/**
 * The DHCPDECLINEs of each network card in the last ten minutes. The client identifier does not matter, since a guest can
 * choose any. All senders without an Ethernet address count as one card.
 */
export class DeclineLog {
  /** Monotonic milliseconds, by card; the card that declined last is last. */
  readonly #declines = new Map<HardwareAddress, readonly number[]>();

  /** The number up to now; at most 16. */
  count(card: HardwareAddress, monotonic: number): number {
    const times = this.#declines.size === 0 ? undefined : this.#declines.get(card);
    return times === undefined ? 0 : recent(times, monotonic).length;
  }

  note(card: HardwareAddress, monotonic: number): void {
    const times = [...recent(this.#declines.get(card) ?? [], monotonic), monotonic].slice(-TIME_LIMIT);
    this.#declines.delete(card);
    this.#declines.set(card, times);
    if (this.#declines.size <= CARD_LIMIT) return;
    for (const oldest of this.#declines.keys()) {
      this.#declines.delete(oldest);
      return;
    }
  }
}

function recent(times: readonly number[], monotonic: number): readonly number[] {
  return times.filter((time) => monotonic - time < WINDOW);
}
