import type { ClientKey } from '../lease/client-key.ts';

/** How long a DHCPDECLINE counts: milliseconds. */
const WINDOW = 600_000;
/** Clients that are remembered; the longest silent one is forgotten first. */
const CLIENT_LIMIT = 4096;
/** Times that are remembered of one client: no rule asks for more. */
const TIME_LIMIT = 16;

/** The DHCPDECLINEs of each client in the last ten minutes. */
export class DeclineLog {
  /** Monotonic times by client, the client that declined last at the end. */
  readonly #declines = new Map<ClientKey, readonly number[]>();

  /** How many there were up to now; at most 16. */
  count(client: ClientKey, monotonic: number): number {
    const times = this.#declines.size === 0 ? undefined : this.#declines.get(client);
    return times === undefined ? 0 : recent(times, monotonic).length;
  }

  note(client: ClientKey, monotonic: number): void {
    const times = [...recent(this.#declines.get(client) ?? [], monotonic), monotonic].slice(-TIME_LIMIT);
    this.#declines.delete(client);
    this.#declines.set(client, times);
    if (this.#declines.size <= CLIENT_LIMIT) return;
    for (const oldest of this.#declines.keys()) {
      this.#declines.delete(oldest);
      return;
    }
  }
}

function recent(times: readonly number[], monotonic: number): readonly number[] {
  return times.filter((time) => monotonic - time < WINDOW);
}
