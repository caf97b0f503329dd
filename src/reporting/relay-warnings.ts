import type { RelayRefusal } from '../exchange/relay-refusal.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';

/** One relay is named once in so long: milliseconds. */
const INTERVAL = 60_000;
/** Relays that are told apart; giaddr is whatever a guest writes. Those beyond share one line. */
const RELAY_LIMIT = 16;

/** A message with giaddr that was dropped. */
export interface RefusedRelay {
  readonly giaddr: Ipv4;
  /** Its IP source. */
  readonly source: Ipv4;
}

const WARNINGS: Readonly<Record<RelayRefusal, { readonly message: string; readonly remedy: string }>> = {
  'relay-not-listed': {
    message: 'what comes through a relay that is not listed is dropped',
    remedy: 'if it is a relay of yours, list its giaddr in GATEWAY_DHCP_RELAYS (--relays)',
  },
  'bad-giaddr': {
    message: 'what names a relay that cannot be one is dropped',
    remedy: 'look for the machine that sends it: giaddr is to be an address of the relay itself',
  },
};

interface Told {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Messages since that were not told. */
  untold: number;
}

/** Relays that are refused: a line a minute for each. */
export class RelayWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  /** By giaddr. */
  readonly #told = new Map<Ipv4, Told>();
  /** Those for which there was no room. */
  #others: Told | undefined;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note(reason: RelayRefusal, refused: RefusedRelay): void {
    const now = this.#monotonic();
    const hasRoom = this.#hasRoomFor(refused.giaddr, now);
    const told = hasRoom ? this.#told.get(refused.giaddr) : this.#others;
    if (told !== undefined && now - told.at < INTERVAL) {
      told.untold += 1;
      return;
    }
    if (hasRoom) this.#told.set(refused.giaddr, { at: now, untold: 0 });
    else this.#others = { at: now, untold: 0 };
    this.#say(reason, refused, 1 + (told?.untold ?? 0), hasRoom);
  }

  #hasRoomFor(giaddr: Ipv4, now: number): boolean {
    if (this.#told.has(giaddr) || this.#told.size < RELAY_LIMIT) return true;
    for (const [other, { at }] of this.#told) if (now - at >= INTERVAL) this.#told.delete(other);
    return this.#told.size < RELAY_LIMIT;
  }

  #say(reason: RelayRefusal, { giaddr, source }: RefusedRelay, count: number, isOne: boolean): void {
    const { message, remedy } = WARNINGS[reason];
    const names = { relay: ipv4ToText(giaddr), source: ipv4ToText(source), reason, count };
    this.#log.warn({ ...names, ...(isOne ? {} : { others: 'counted with it' }), remedy }, message);
  }
}
