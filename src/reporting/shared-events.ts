import type { Decision, Reason } from '../engine/decision/decision.ts';
import { REASONS } from '../engine/decision/reasons.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer/observer.ts';
import { type ClientKey, ethernetOf, keyOfEthernet } from '../lease/client-key.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { OUTCOMES } from '../store/lease-store.ts';
import { MESSAGE_TYPES } from '../wire/message.ts';
import { addressOfDecision } from './decision-lines.ts';

/**
 * Records that the memory has room for; a reader that is later than that misses some. A power of two, and more than the
 * events that can be resumed, for they are read when somebody asks for them.
 */
const RECORDS = 16_384;
/** Octets of one record, and of the head before the first one. */
const RECORD = 128;
const HEAD = 64;
/** The most characters of a client's key that are kept. */
const CLIENT = 80;
/** The word of the previous address, behind the client's key. */
const PREVIOUS = 29;
/** The word of the time until the reply, in microseconds, behind that; NEVER: there was none. */
const TOOK = 30;
const NEVER = 0xffff_ffff;
/** In place of a length. */
const OF_HARDWARE = 0xff;
/** The count of written records is kept modulo this. */
const WRAP = 0x4000_0000;

const TYPES = [...MESSAGE_TYPES, 'BOOTP', 'order'] as const;
const KINDS = ['reply', 'silence', 'wait', 'again'] as const satisfies readonly Decision['kind'][];
const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];
const ALL_OUTCOMES = [...OUTCOMES, 'nothing'] as const satisfies readonly DecisionOutcome[];

const TYPE_NUMBERS = numbered(TYPES);
const REASON_NUMBERS = numbered(REASON_NAMES);

/** One decision, as another thread reads it. */
export interface SharedEvent {
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** The type of its message; order: no client has asked for it. */
  readonly type: (typeof TYPES)[number];
  readonly xid: number;
  readonly client: ClientKey;
  readonly hardware: HardwareAddress;
  /** UNSPECIFIED: it is about no address. */
  readonly address: Ipv4;
  readonly kind: Decision['kind'];
  readonly reason: Reason;
  readonly outcome: DecisionOutcome;
  /** True: what it writes follows a reservation. */
  readonly isReserved: boolean;
  /** The address that its client has left for this one; UNSPECIFIED: none. */
  readonly previous: Ipv4;
  /** Milliseconds from the reading of its message until the replies of its round had left; NaN: it has none. */
  readonly took: number;
}

/** Octets of the memory. */
export const SHARED_EVENT_BYTES = HEAD + RECORDS * RECORD;

/**
 * Writes every decision into memory that another thread reads. To write costs the packets' thread the same with a reader
 * and without, and allocates nothing.
 */
export class SharedEvents implements Observer {
  readonly memory = new SharedArrayBuffer(SHARED_EVENT_BYTES);
  readonly #head = new Int32Array(this.memory, 0, 1);
  readonly #floats = new Float64Array(this.memory, HEAD);
  readonly #words = new Uint32Array(this.memory, HEAD);
  readonly #octets = Buffer.from(this.memory, HEAD);
  readonly #now: () => number;
  #written = 0;

  /** @param now Wall-clock milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  decided(
    message: Parameters<Required<Observer>['decided']>[0],
    client: ClientKey,
    decision: Decision,
    outcome: DecisionOutcome,
    took: number,
  ): void {
    const { type = 'BOOTP', xid, hardware } = message;
    this.#write(
      TYPE_NUMBERS.get(type) ?? 0,
      xid,
      client,
      hardware,
      addressOfDecision(message, decision),
      decision,
      outcome,
      took,
    );
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    const change = decision.kind === 'wait' ? undefined : decision.change;
    const write = change?.writes[0];
    const next = write?.next;
    const hardware = next === undefined || next === 'precondition-only' ? NO_HARDWARE : next.hardware;
    const type = TYPES.length - 1;
    const address = write?.address ?? UNSPECIFIED;
    this.#write(type, 0, change?.client, hardware, address, decision, outcome, Number.NaN);
  }

  #write(
    type: number,
    xid: number,
    client: ClientKey | undefined,
    hardware: HardwareAddress,
    address: Ipv4,
    decision: Decision,
    outcome: DecisionOutcome,
    took: number,
  ): void {
    const record = this.#written & (RECORDS - 1);
    const float = record * (RECORD / 8);
    const word = record * (RECORD / 4);
    this.#floats[float] = this.#now();
    this.#floats[float + 1] = hardware;
    const words = this.#words;
    words[word + 4] = address;
    words[word + 5] = xid;
    words[word + 6] = ((REASON_NUMBERS.get(decision.reason) ?? 0) << 8) | type;
    words[word + 7] =
      (KINDS.indexOf(decision.kind) << 16) |
      (ALL_OUTCOMES.indexOf(outcome) << 8) |
      (isReserved(decision) ? 1 : 0);
    words[word + 8] = this.#putClient(client, hardware, record * RECORD + 36);
    words[word + PREVIOUS] = previousIn(decision, address);
    words[word + TOOK] = Number.isNaN(took) ? NEVER : Math.min(took * 1000, NEVER - 1);
    this.#written = (this.#written + 1) % WRAP;
    Atomics.store(this.#head, 0, this.#written);
  }

  /** Returns the length; OF_HARDWARE: nothing is written, since the key is made of the hardware address, as most are. */
  #putClient(client: ClientKey | undefined, hardware: HardwareAddress, at: number): number {
    if (client === undefined) return 0;
    if (hardware !== NO_HARDWARE && ethernetOf(client) === hardware) return OF_HARDWARE;
    return this.#octets.write(client, at, CLIENT, 'latin1');
  }
}

/** Reads them, in another thread. */
export class SharedEventReader {
  readonly #head: Int32Array;
  readonly #floats: Float64Array;
  readonly #words: Uint32Array;
  readonly #octets: Buffer;
  #read: number;

  /** @param begins With the oldest event that is kept, or with the next that comes. */
  constructor(memory: SharedArrayBuffer, begins: 'oldest' | 'next' = 'next') {
    this.#head = new Int32Array(memory, 0, 1);
    this.#floats = new Float64Array(memory, HEAD);
    this.#words = new Uint32Array(memory, HEAD);
    this.#octets = Buffer.from(memory, HEAD);
    const head = Atomics.load(this.#head, 0);
    this.#read = begins === 'next' ? head : Math.max(0, head - RECORDS);
  }

  /** The events since the last call, the oldest first, and how many before them were overwritten. */
  take(): { readonly events: readonly SharedEvent[]; readonly lost: number } {
    const from = this.#read;
    const to = Atomics.load(this.#head, 0);
    const waiting = (to - from + WRAP) % WRAP;
    const kept = Math.min(waiting, RECORDS);
    const events: SharedEvent[] = [];
    for (let index = waiting - kept; index < waiting; index += 1)
      events.push(this.#at((from + index) % WRAP));
    this.#read = to;
    // What was written meanwhile may have gone over the oldest of them.
    const over = ((Atomics.load(this.#head, 0) - from + WRAP) % WRAP) - RECORDS - (waiting - kept);
    const torn = Math.min(Math.max(over + 1, 0), kept);
    return { events: events.slice(torn), lost: waiting - kept + torn };
  }

  #at(number: number): SharedEvent {
    const record = number & (RECORDS - 1);
    const word = record * (RECORD / 4);
    const [address = 0, xid = 0, reasonAndType = 0, others = 0, length = 0] = this.#words.subarray(
      word + 4,
      word + 9,
    );
    const hardware = (this.#floats[record * (RECORD / 8) + 1] ?? 0) as HardwareAddress;
    const from = record * RECORD + 36;
    return {
      at: this.#floats[record * (RECORD / 8)] ?? 0,
      hardware,
      address: ipv4(address),
      xid,
      reason: REASON_NAMES[reasonAndType >>> 8] ?? 'no-binding',
      type: TYPES[reasonAndType & 0xff] ?? 'unknown',
      kind: KINDS[others >>> 16] ?? 'silence',
      outcome: ALL_OUTCOMES[(others >>> 8) & 0xff] ?? 'nothing',
      isReserved: (others & 1) === 1,
      previous: ipv4(this.#words[word + PREVIOUS] ?? 0),
      took: millisecondsFrom(this.#words[word + TOOK]),
      client:
        length === OF_HARDWARE
          ? keyOfEthernet(hardware)
          : (this.#octets.toString('latin1', from, from + Math.min(length, CLIENT)) as ClientKey),
    };
  }
}

function millisecondsFrom(microseconds = NEVER): number {
  return microseconds === NEVER ? Number.NaN : microseconds / 1000;
}

/** Another lease that the change ends. */
function previousIn(decision: Decision, address: Ipv4): Ipv4 {
  const writes = decision.kind === 'wait' ? undefined : decision.change?.writes;
  const other = writes === undefined || writes.length < 2 ? undefined : writes[1];
  return other === undefined || other.address === address ? UNSPECIFIED : other.address;
}

function isReserved(decision: Decision): boolean {
  const next = decision.kind === 'wait' ? undefined : decision.change?.writes[0]?.next;
  return next !== undefined && next !== 'precondition-only' && next.ids?.reservationId !== undefined;
}

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, number) => [name, number]));
}
