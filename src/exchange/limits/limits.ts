import type { Decision } from '../../engine/decision/decision.ts';
import { type ClientKey, clientKeyOf } from '../../lease/client-key.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import type { Arrival } from '../../net/datagram.ts';
import { UNSPECIFIED } from '../../net/ipv4.ts';
import { NO_LIMITS, type Plan, type PlanLimits } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';
import { Bucket } from '../admission/bucket.ts';
import { guestPortOf } from '../admission/client-rule-admission.ts';
import { type Rate, rateOf } from '../admission/rate.ts';
import type { Drop } from '../observer/drops.ts';
import type { DecisionOutcome, Observer } from '../observer/observer.ts';
import type { GuestPorts } from '../parts/exchange-parts.ts';
import { PortLimits, type PortRates } from './port-limits.ts';
import { RateTable } from './rate-table.ts';

const SECOND = 1000;
const MINUTE = 60_000;
/** Of the tables of what is counted for a minute: a pool of a million addresses may boot in that time. */
const CELLS_OF_MINUTE = 65_536;

/** Undefined: any number. */
type Rates = { readonly [Name in keyof PlanLimits]: Rate | undefined } & { readonly ofPort: PortRates };

/**
 * What one network card, the guest at one port of the bridge, and all unknown clients together may ask for in a time: checked
 * of each message before it is decided, and counted of each change when it is committed. `Plan.limits` has the numbers. All
 * of it runs on the packets' thread; its memory is fixed.
 */
export class Limits implements Observer {
  readonly #leases: Pick<LeaseView, 'bindingOf' | 'leasesOf' | 'recordAt'>;
  readonly #monotonic: () => number;
  readonly #plan: () => Plan;
  readonly #messages: RateTable;
  /** Of all clients together. */
  readonly #unknown = new Bucket();
  readonly #cardLeases: RateTable;
  readonly #newLeases = new Bucket();
  readonly #changes: RateTable;
  readonly #ports: PortLimits;
  readonly #guestPorts: Pick<GuestPorts, 'portOf'> | undefined;
  #limits = NO_LIMITS;
  #rates = ratesOf(NO_LIMITS);

  /**
   * @param seed Of 32 bits, and known to no client.
   * @param guestPorts Undefined: it is not known where guests are plugged in.
   */
  constructor(
    leases: Pick<LeaseView, 'bindingOf' | 'leasesOf' | 'recordAt'>,
    monotonic: () => number,
    plan: () => Plan,
    seed: number,
    guestPorts?: Pick<GuestPorts, 'portOf'>,
  ) {
    this.#leases = leases;
    this.#monotonic = monotonic;
    this.#plan = plan;
    this.#messages = new RateTable(seed);
    this.#cardLeases = new RateTable(seed, CELLS_OF_MINUTE);
    this.#changes = new RateTable(seed, CELLS_OF_MINUTE);
    this.#ports = new PortLimits(seed);
    this.#guestPorts = guestPorts;
  }

  /** An `Admission`. */
  readonly admit = (message: Message, _arrival: Arrival, now: number, plan: Plan): Drop | 'admitted' => {
    const { messagesOfMac } = this.#ratesOf(plan);
    if (messagesOfMac !== undefined && !this.#messages.takeIfFree(message.hardware, now, messagesOfMac))
      return 'mac-messages';
    return mayChange(message) ? this.#admitChange(message, now, plan) : this.#admitOther(message, now, plan);
  };

  decided(message: Message, _client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    if (outcome !== 'committed' || !('change' in decision) || decision.change?.kind !== 'binding') return;
    const { reason, change } = decision;
    const isLease = reason === 'bound' || reason === 'bootp';
    if (!isLease && reason !== 'released' && reason !== 'moved') return;
    const rates = this.#ratesOf(this.#plan());
    const now = this.#monotonic();
    const { hardware } = message;
    const isNew = isLease && change.expectedBindingVersion === 0;
    this.#changes.take(hardware, now, rates.changesOfMac);
    this.#ports.note(this.#guestPorts?.portOf(message), isNew, now, rates.ofPort);
    if (!isNew) return;
    this.#cardLeases.take(hardware, now, rates.newLeasesOfMac);
    this.#newLeases.take(now, rates.newLeases);
  }

  #admitChange(message: Message, now: number, plan: Plan): Drop | 'admitted' {
    const { changesOfMac, newLeasesOfMac, newLeases, unknownMessages } = this.#ratesOf(plan);
    const { hardware } = message;
    if (this.#changes.isOver(hardware, now, changesOfMac)) return 'mac-changes';
    const ofPort = this.#admitAtPort(message, now, plan);
    if (ofPort !== 'admitted') return ofPort;
    if (this.#cardLeases.isOver(hardware, now, newLeasesOfMac) && this.#takesAnother(message, plan))
      return 'mac-leases';
    if (this.#newLeases.isOver(now, newLeases) && !this.#isExpected(message, plan)) return 'segment-leases';
    if (unknownMessages === undefined || this.#isExpected(message, plan)) return 'admitted';
    return this.#unknown.takeIfFree(now, unknownMessages) ? 'admitted' : 'unknown-messages';
  }

  /** A client that goes on with what it has is always known, unless its lease was lost: or its name is invented. */
  #admitOther(message: Message, now: number, plan: Plan): Drop | 'admitted' {
    const isAtPort = this.#guestPorts?.portOf(message)?.kind === 'guest';
    return isAtPort && !this.#isKnown(message, plan) ? this.#admitAtPort(message, now, plan) : 'admitted';
  }

  #admitAtPort(message: Message, now: number, plan: Plan): Drop | 'admitted' {
    if (this.#guestPorts === undefined || !plan.limitsPorts) return 'admitted';
    const port = this.#guestPorts.portOf(message);
    return this.#ports.admit(port, () => this.#isKnown(message, plan), now, this.#ratesOf(plan).ofPort);
  }

  #ratesOf(plan: Plan): Rates {
    if (plan.limits !== this.#limits) {
      this.#limits = plan.limits;
      this.#rates = ratesOf(plan.limits);
    }
    return this.#rates;
  }

  /** A card without a lease takes none too many, even where so many others do that it shares its counts with them. */
  #takesAnother(message: Message, plan: Plan): boolean {
    return this.#leases.leasesOf(message.hardware).length > 0 && !this.#isKnown(message, plan);
  }

  /** Known clients are not counted among those that are new: room is kept for them. */
  #isKnown(message: Message, { identity }: Plan): boolean {
    const client = clientKeyOf(message, identity !== 'mac');
    return client !== undefined && this.#leases.bindingOf(client) !== undefined;
  }

  /**
   * Nor are those that have a reservation. Of the cards at a port that is reserved only the one that has the address, or any until
   * one has it: a guest may invent as many as it likes.
   */
  #isExpected(message: Message, plan: Plan): boolean {
    if (this.#isKnown(message, plan)) return true;
    const { reservations } = plan.subnet;
    const client = reservations.isEmpty ? undefined : clientKeyOf(message, plan.identity !== 'mac');
    if (client === undefined) return false;
    const { hardware } = message;
    const who = { client, hardware, message };
    if (reservations.of(who) !== undefined) return true;
    const found = reservations.of({ ...who, port: guestPortOf(message, this.#guestPorts) });
    const holder = found === undefined ? undefined : this.#leases.recordAt(found.address);
    return found !== undefined && (holder?.state !== 'bound' || holder.hardware === hardware);
  }
}

function ratesOf(limits: PlanLimits): Rates {
  const messages = rateOf(limits.messagesOfMac, SECOND);
  const newLeases = rateOf(limits.newLeasesOfMac, MINUTE);
  const changes = rateOf(limits.changesOfMac, MINUTE);
  return {
    messagesOfMac: messages,
    newLeasesOfMac: newLeases,
    changesOfMac: changes,
    ofPort: { messages, newLeases, changes },
    newLeases: rateOf(limits.newLeases, MINUTE),
    unknownMessages: rateOf(limits.unknownMessages, SECOND),
  };
}

/** False for a client that goes on with what it has: renewals are never counted as changes. */
function mayChange({ type, ciaddr }: Message): boolean {
  if (type === 'DHCPREQUEST') return ciaddr === UNSPECIFIED;
  return type !== 'DHCPINFORM';
}
