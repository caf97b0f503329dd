import type { BridgePort } from '../../net/bridge-port.ts';
import { Bucket } from '../admission/bucket.ts';
import type { Rate } from '../admission/rate.ts';
import type { Drop } from '../observer/drops.ts';
import { RateTable } from './rate-table.ts';

/**
 * There is pressure when `PortLimits.admit` is asked about more messages than this, at all ports together. When the guests of a
 * whole pool boot, each sends a few, from a port of its own.
 */
const PRESSURE: Rate = { burst: 300, interval: 10 };

/** The rates of one guest, which are those of one MAC. Undefined: any number. */
export interface PortRates {
  readonly messages: Rate | undefined;
  readonly newLeases: Rate | undefined;
  readonly changes: Rate | undefined;
}

/**
 * What the guest behind one port of the bridge may ask for while much is asked for, whatever MACs it sends from. Only a
 * guest's own port is counted: behind a tunnel are the guests of all other nodes. Without pressure a guest may be a host of
 * containers that all start at once. Ports are known by the index of their interface; its memory is fixed.
 */
export class PortLimits {
  readonly #all = new Bucket();
  readonly #messages: RateTable;
  readonly #newLeases: RateTable;
  readonly #changes: RateTable;

  constructor(seed: number) {
    this.#messages = new RateTable(seed);
    this.#newLeases = new RateTable(seed);
    this.#changes = new RateTable(seed);
  }

  /**
   * For a message that may change a lease, and for any other message of a client without a record. `isKnown`: its client has a
   * lease, or had one.
   */
  admit(
    port: BridgePort | undefined,
    isKnown: () => boolean,
    now: number,
    { messages, newLeases, changes }: PortRates,
  ): Drop | 'admitted' {
    const isUnderPressure = this.#all.isOver(now, PRESSURE);
    this.#all.take(now, PRESSURE);
    if (port?.kind !== 'guest' || !isUnderPressure) return 'admitted';
    if (this.#changes.isOver(port.index, now, changes)) return 'port-changes';
    if (isKnown()) return 'admitted';
    if (this.#newLeases.isOver(port.index, now, newLeases)) return 'port-leases';
    if (messages === undefined) return 'admitted';
    return this.#messages.takeIfFree(port.index, now, messages) ? 'admitted' : 'port-messages';
  }

  /** A lease of a client at this port was taken or released. `isNew`: the client had none before. */
  note(port: BridgePort | undefined, isNew: boolean, now: number, { newLeases, changes }: PortRates): void {
    if (port?.kind !== 'guest') return;
    this.#changes.take(port.index, now, changes);
    if (isNew) this.#newLeases.take(port.index, now, newLeases);
  }
}
