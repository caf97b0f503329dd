import type {
  RefusedClientStatus,
  RogueServerStatus,
  SegmentObserver,
} from '../detection/segment-observer.ts';
import type { Decision, Reason } from '../engine/decision/decision.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer/observer.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import { addressOfDecision } from './decision-lines.ts';

/** One decision as plain values: they outlive the message, and can be posted to another thread. */
export interface DecisionEvent {
  readonly event: 'decision';
  /** The number of the event in this process, from 0. A gap shows lost events. */
  readonly number: number;
  /** The message that was decided, or an order. */
  readonly from:
    | {
        readonly type: NonNullable<Message['type']> | 'BOOTP';
        readonly xid: number;
        readonly client: ClientKey;
        readonly hardware: HardwareAddress;
        /** UNSPECIFIED: the message is about no address. */
        readonly address: Ipv4;
      }
    | 'order';
  readonly kind: Decision['kind'];
  readonly reason: Reason;
  readonly outcome: DecisionOutcome;
}

/** A DHCP server that is no gateway of this pool was heard, or a guest has asked for it. */
export interface RogueServerEvent {
  readonly event: 'rogue';
  /** As above: one row of numbers. */
  readonly number: number;
  readonly rogue: RogueServerStatus;
}

/** A client was not served, because of the operator's rules. */
export interface RefusedClientEvent {
  readonly event: 'refused';
  /** As above. */
  readonly number: number;
  readonly refused: RefusedClientStatus;
}

export type RingEvent = DecisionEvent | RogueServerEvent | RefusedClientEvent;

/**
 * Keeps the newest events for a reader that may be slow, such as another thread. Writing costs the packet path the same
 * with and without a reader. Events that are not read in time are overwritten, and counted as lost.
 */
export class EventRing implements Observer, SegmentObserver {
  readonly #events: RingEvent[] = [];
  readonly #size: number;
  #written = 0;
  #read = 0;

  /** @param size The largest number of events to keep; 1 or more. */
  constructor(size: number) {
    this.#size = size;
  }

  /** The events since the last call, the oldest first, and the number of events before them that were lost. */
  take(): { readonly events: readonly RingEvent[]; readonly lost: number } {
    const first = Math.max(this.#read, this.#written - this.#size);
    const lost = first - this.#read;
    const events: RingEvent[] = [];
    for (let number = first; number < this.#written; number += 1) {
      const event = this.#events[number % this.#size];
      if (event !== undefined) events.push(event);
    }
    this.#read = this.#written;
    return { events, lost };
  }

  decided(message: Message, client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    const { type = 'BOOTP', xid, hardware } = message;
    this.#write(
      { type, xid, client, hardware, address: addressOfDecision(message, decision) },
      decision,
      outcome,
    );
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    this.#write('order', decision, outcome);
  }

  rogueServer(rogue: RogueServerStatus): void {
    this.#put({ event: 'rogue', number: this.#written, rogue });
  }

  refusedClient(refused: RefusedClientStatus): void {
    this.#put({ event: 'refused', number: this.#written, refused });
  }

  #write(from: DecisionEvent['from'], { kind, reason }: Decision, outcome: DecisionOutcome): void {
    this.#put({ event: 'decision', number: this.#written, from, kind, reason, outcome });
  }

  #put(event: RingEvent): void {
    this.#events[this.#written % this.#size] = event;
    this.#written += 1;
  }
}
