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
/** Requests that are remembered for that. */
const RIVAL_LIMIT = 1024;

const REMEDY =
  'the gateways share the pool by hearing alone, which lost broadcasts and pauses can defeat: give each its own part (GATEWAY_DHCP_SHARE), or run one';

/** The other gateways of the segment, by what clients ask of them: a DHCPREQUEST that names another server is heard by all. */
export class Peers implements Hearing {
  /** The addresses that may be gateways; the plan's. */
  known: ReadonlySet<Ipv4> = new Set();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #heard = new Map<Ipv4, Instant>();
  /** By address, the oldest first. */
  readonly #rivals = new Map<Ipv4, Rival & { readonly at: number }>();

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
    const at = this.#clock.monotonic();
    const before = this.#rivals.get(address);
    const isFirst = before === undefined || at - before.at >= RIVALRY || server < before.granter;
    if (isFirst) {
      this.#rivals.delete(address);
      this.#rivals.set(address, { granter: server, client, at });
    }
    if (this.#rivals.size > RIVAL_LIMIT) this.#forgetOldest();
    if (isNew) {
      this.#log.warn({ gateway: ipv4ToText(server), remedy: REMEDY }, 'another gateway serves this segment');
    }
  }

  rivalFor(address: Ipv4): Rival | undefined {
    const rival = this.#rivals.get(address);
    return rival !== undefined && this.#clock.monotonic() - rival.at < RIVALRY ? rival : undefined;
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

  #forgetOldest(): void {
    for (const address of this.#rivals.keys()) {
      this.#rivals.delete(address);
      return;
    }
  }
}
