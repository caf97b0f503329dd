import type { Hearing, Rival } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import type { Instant } from '../lease/lease.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Log } from './log.ts';

/** A peer that was heard within this time is there: milliseconds. */
const PRESENT = 86_400_000;
/** Two clients that ask for one address within this time are rivals: milliseconds. */
const RIVALRY = 1000;
/** Addresses that are remembered for that, and clients that ask for one of them. */
const RIVAL_LIMIT = 1024;
const RIVALS_OF_ONE = 8;

const REMEDY =
  'the gateways share the pool by hearing alone, which lost broadcasts and pauses can defeat: give each its own part (GATEWAY_DHCP_SHARE), or run one';

interface HeardRival extends Rival {
  readonly at: number;
}

/** The other gateways of the segment, by what clients ask of them: a DHCPREQUEST that names another server is heard by all. */
export class Peers implements Hearing {
  /** The addresses that may be gateways; the plan's. */
  known: ReadonlySet<Ipv4> = new Set();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #heard = new Map<Ipv4, Instant>();
  /** By address, the oldest first. */
  readonly #rivals = new Map<Ipv4, readonly HeardRival[]>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get peers(): ReadonlyMap<Ipv4, Instant> {
    return this.#heard;
  }

  /** A client asks another server for an address; what is no peer is nobody. */
  heardRequest(server: Ipv4, address: Ipv4, client: ClientKey): void {
    if (!this.known.has(server)) return;
    const isNew = !this.#heard.has(server);
    this.#heard.set(server, this.#clock.now());
    // A client that asks again has given up what it asked for before.
    const others = this.#rivalsFor(address).filter((rival) => rival.client !== client);
    const rival = { granter: server, client, at: this.#clock.monotonic() };
    this.#rivals.delete(address);
    this.#rivals.set(address, [...others, rival].slice(-RIVALS_OF_ONE));
    if (this.#rivals.size > RIVAL_LIMIT) this.#forgetOldest();
    if (isNew) {
      this.#log.warn({ gateway: ipv4ToText(server), remedy: REMEDY }, 'another gateway serves this segment');
    }
  }

  rivalFor(address: Ipv4, client: ClientKey): Rival | undefined {
    let first: Rival | undefined;
    for (const rival of this.#rivalsFor(address)) {
      const isLower = first === undefined || rival.granter < first.granter;
      if (rival.client !== client && isLower) first = rival;
    }
    return first;
  }

  /** For now and then: who was not heard for long is gone. */
  check(): void {
    const now = this.#clock.now();
    for (const [peer, last] of this.#heard) {
      if (Math.abs(now - last) < PRESENT) continue;
      this.#heard.delete(peer);
      this.#log.warn({ gateway: ipv4ToText(peer) }, 'another gateway has not been heard for a day');
    }
  }

  /** What is wrong about it, for the status. */
  get problem(): string | undefined {
    if (this.#heard.size === 0) return undefined;
    return `other gateways serve this pool, and nothing is shared with them: ${[...this.#heard.keys()].map(ipv4ToText).join(', ')}`;
  }

  #rivalsFor(address: Ipv4): readonly HeardRival[] {
    const now = this.#clock.monotonic();
    return (this.#rivals.get(address) ?? []).filter(({ at }) => now - at < RIVALRY);
  }

  #forgetOldest(): void {
    for (const address of this.#rivals.keys()) {
      this.#rivals.delete(address);
      return;
    }
  }
}
