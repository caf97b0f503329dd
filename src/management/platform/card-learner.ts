import { hardwareToText } from '../../net/hardware-address.ts';
import { newestRow, rowsBehind } from '../../store/sqlite/query/follow-history.ts';
import { someAtOnce } from './at-once.ts';
import { inForce, type Pinned, pin } from './pins.ts';
import type { PlatformCaller, PlatformParts } from './platform-parts.ts';
import type { FoundVps, RegisteredStreams } from './registered-streams.ts';
import type { Turns } from './turns.ts';
import { type UnknownLease, unknownLeases } from './unknown-leases.ts';

/** How often it is looked for new leases, while the platform can be asked: milliseconds. */
const INTERVAL = 500;
/** Questions to the platform at once, and for how long those of one look are begun: milliseconds. */
const AT_ONCE = 8;
const LOOK_TIME = 10_000;
/** A lease whose guest is new at its address. */
const NEW: readonly string[] = ['bound', 'moved', 'adopted'];

/**
 * Asks the platform whose the card of a guest is that no reservation knows, and adds the card to the reservation of its VPS: the
 * platform makes one before the VM has its card.
 */
export class CardLearner {
  readonly #parts: PlatformParts;
  readonly #streams: RegisteredStreams;
  readonly #turns: Turns;
  #timer: NodeJS.Timeout | undefined;
  /** The row of the history that was looked at last; undefined: what comes from now on is new. */
  #last: number | undefined;
  #counted = 0;
  #isLooking = false;

  constructor(parts: PlatformParts, streams: RegisteredStreams, turns: Turns) {
    this.#parts = parts;
    this.#streams = streams;
    this.#turns = turns;
  }

  begin(): void {
    this.#timer = setInterval(() => void this.#look(), INTERVAL).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /**
   * What became of the question whose a card is: the reservation of its VPS that has the card now, or nothing. A further card of
   * a VPS whose first one uses the address gets leases as any other guest.
   */
  async learn(lease: UnknownLease, found: FoundVps, caller: PlatformCaller): Promise<Pinned | undefined> {
    const { gateway, say } = this.#parts;
    const { vpsId, organizationId } = found;
    const known = inForce(await gateway.reservationOf(vpsId));
    const cards = known?.macs.map(hardwareToText) ?? [];
    if (known !== undefined && (known.source === 'file' || cards.includes(lease.mac))) return undefined;
    if (known !== undefined && cards.length > 0) {
      const asked = await gateway.ask(known.address);
      if (asked.kind === 'asked' && asked.holder !== null && cards.includes(asked.holder)) return undefined;
    }
    // What the guest has counts: it is there already, and its address is not taken away from it.
    const adopt = known === undefined || known.source === 'platform';
    const pinned = await this.#turns.run(() =>
      pin(
        this.#parts,
        { id: vpsId, vpsId, organizationId, card: lease.mac, address: undefined, adopt },
        caller,
      ),
    );
    say(
      'info',
      { vpsId, mac: lease.mac, address: lease.address },
      'the platform knows the VPS of a new card',
    );
    return pinned;
  }

  async #look(): Promise<void> {
    if (this.#streams.size === 0) {
      this.#last = undefined;
      return;
    }
    const reasons = this.#parts.counters.tally('reasons');
    const counted = NEW.reduce((sum, reason) => sum + (reasons[reason] ?? 0), 0);
    if (this.#isLooking || (counted === this.#counted && this.#last !== undefined)) return;
    this.#isLooking = true;
    try {
      const signal = AbortSignal.timeout(2 * LOOK_TIME);
      const isFirst = this.#last === undefined;
      const added = await this.#newLeases();
      this.#counted = counted;
      // What was leased while nobody could be asked.
      const leases = isFirst ? await unknownLeases(this.#parts, signal) : added;
      await someAtOnce(leases, AT_ONCE, LOOK_TIME, async (lease) => {
        const found = await this.#streams.findVps(lease.address, lease.mac);
        if (found !== undefined) await this.learn(lease, found, { author: 'platform', signal });
      });
    } catch {
      // The lease file cannot be read now: the next look begins where this one did.
    } finally {
      this.#isLooking = false;
    }
  }

  async #newLeases(): Promise<readonly UnknownLease[]> {
    return await this.#parts.leases.read(({ database }) => {
      const last = this.#last;
      const rows = last === undefined ? [] : rowsBehind(database, last);
      this.#last = rows.at(-1)?.id ?? newestRow(database);
      const { node } = this.#parts.options;
      return rows.flatMap(({ reason, reservation_id: id, address, mac, node: granter }) =>
        NEW.includes(reason) && id === null && mac !== null && (granter === null || granter === node)
          ? [{ address, mac }]
          : [],
      );
    });
  }
}
