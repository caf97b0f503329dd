import type { RelayDrop } from '../exchange/observer/relay-drop.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';

/** Each relay is logged at most once in this time: milliseconds. */
const INTERVAL = 60_000;
/** Relays with a line of their own. A guest can write any giaddr, so all further ones share one line. */
const RELAY_LIMIT = 16;

/** A message with giaddr that was dropped. */
export interface DroppedRelay {
  readonly giaddr: Ipv4;
  /** Its IP source. */
  readonly source: Ipv4;
}

const WARNINGS: Readonly<Record<RelayDrop, { readonly message: string; readonly remedy: string }>> = {
  'relay-not-listed': {
    message: 'what comes through a relay that is not listed is dropped',
    remedy: 'if it is a relay of yours, list its giaddr in GATEWAY_DHCP_RELAYS (--relays)',
  },
  'bad-giaddr': {
    message: 'what names a relay that cannot be one is dropped',
    remedy: 'look for the machine that sends it: giaddr is to be an address of the relay itself',
  },
};

interface LoggedRelay {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Messages since that were not logged. */
  notLogged: number;
}

/** Logs relays whose messages are dropped: one line a minute for each. */
export class RelayWarnings {
  readonly #log: Log;
  readonly #monotonic: () => number;
  /** By giaddr. */
  readonly #logged = new Map<Ipv4, LoggedRelay>();
  /** The relays beyond the limit. */
  #others: LoggedRelay | undefined;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note(reason: RelayDrop, dropped: DroppedRelay): void {
    const now = this.#monotonic();
    const hasRoom = this.#hasRoomFor(dropped.giaddr, now);
    const logged = hasRoom ? this.#logged.get(dropped.giaddr) : this.#others;
    if (logged !== undefined && now - logged.at < INTERVAL) {
      logged.notLogged += 1;
      return;
    }
    if (hasRoom) this.#logged.set(dropped.giaddr, { at: now, notLogged: 0 });
    else this.#others = { at: now, notLogged: 0 };
    this.#warn(reason, dropped, 1 + (logged?.notLogged ?? 0), hasRoom);
  }

  #hasRoomFor(giaddr: Ipv4, now: number): boolean {
    if (this.#logged.has(giaddr) || this.#logged.size < RELAY_LIMIT) return true;
    for (const [other, { at }] of this.#logged) if (now - at >= INTERVAL) this.#logged.delete(other);
    return this.#logged.size < RELAY_LIMIT;
  }

  #warn(reason: RelayDrop, { giaddr, source }: DroppedRelay, count: number, isOne: boolean): void {
    const { message, remedy } = WARNINGS[reason];
    const names = { relay: ipv4ToText(giaddr), source: ipv4ToText(source), reason, count };
    this.#log.warn({ ...names, ...(isOne ? {} : { others: 'counted with it' }), remedy }, message);
  }
}
