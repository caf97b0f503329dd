import { latencyOf } from '../report/statistics.ts';
import { ACK, NAK, OFFER, putDiscover, putRenewing, putSelecting, ReplyReader, xidOf } from './messages.ts';
import { BATCH, type ClientPort } from './ports.ts';
import type { Workload, WorkloadResult } from './workload.ts';

/** Places of exchanges under way; the low bits of their xid. */
const PLACES = 16_384;
const PLACE_BITS = 14;
/** What has had no reply for so long is lost: milliseconds. */
const PATIENCE = 1000;
const LOOK_INTERVAL = 100;
/** How often a client that has a lease asks, until its first ACK: milliseconds. */
const ASK_INTERVAL = 4;

/** A moment: milliseconds. */
const REST = 0.1;
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** What is waited for. */
const NOTHING = 0;
const AN_OFFER = 1;
const AN_ACK = 2;
const AN_ECHO = 3;

/** Drives a workload: looks at the socket without pause, and sends what follows from what came. */
export class Exchanges {
  readonly #port: ClientPort;
  readonly #work: Workload;
  readonly #reply = new ReplyReader();
  readonly #awaited = new Uint8Array(PLACES);
  readonly #xids = new Uint32Array(PLACES);
  readonly #hardware = new Float64Array(PLACES);
  /** When the message was sent, or, at a fixed rate, was due; and whether it is measured. */
  readonly #sentAt = new Float64Array(PLACES);
  readonly #free = new Int32Array(PLACES);
  #freeCount = 0;
  #generation = 0;
  #client = 0;
  /** Messages in the slots to send. */
  #queued = 0;
  #now = 0;
  #measuredFrom = 0;
  #latencies = new Float64Array(1 << 16);
  #completed = 0;
  /** From DISCOVER to OFFER; the first ones, if there are more. */
  readonly #offerLatencies = new Float64Array(1 << 16);
  #offers = 0;
  #total = 0;
  #begun = 0;
  #lost = 0;
  #refused = 0;
  #firstAckAt = 0n;

  constructor(port: ClientPort, work: Workload) {
    this.#port = port;
    this.#work = work;
    const places = work.rate === undefined ? work.window : PLACES;
    for (let place = 0; place < places; place += 1) this.#free[this.#freeCount++] = place;
  }

  run(): WorkloadResult {
    const { seconds, settle, limit, rate, kind } = this.#work;
    const isUntilFirst = kind === 'until-ack' || kind === 'first-ack';
    const isUntilAck = kind === 'until-ack';
    const start = performance.now();
    this.#measuredFrom = start + settle * 1000;
    const end = this.#measuredFrom + seconds * 1000;
    let looked = start;
    let idle = 0;
    let longestGap = 0;
    this.#now = start;
    while (this.#now < end && (limit === undefined || this.#completed < limit)) {
      const received = this.#receive();
      const queued = this.#queued + this.#begin(rate, start);
      this.#flush();
      if (this.#now - looked > (isUntilAck ? ASK_INTERVAL : LOOK_INTERVAL)) {
        looked = this.#now;
        this.#forgetLost(isUntilAck ? ASK_INTERVAL : (this.#work.patience ?? PATIENCE));
      }
      if (this.#work.rests === true && received === 0 && queued === 0) Atomics.wait(NOBODY, 0, 0, REST);
      const before = this.#now;
      this.#now = performance.now();
      const took = this.#now - before;
      if (received === 0 && queued === 0) idle += took;
      if (took > longestGap && before >= this.#measuredFrom) longestGap = took;
      if (isUntilFirst && this.#completed > 0) break;
    }
    const measured = (this.#now - this.#measuredFrom) / 1000;
    const { user, system } = process.cpuUsage();
    return {
      seconds: measured,
      begun: this.#begun,
      completed: this.#completed,
      lost: this.#lost,
      refused: this.#refused,
      rate: this.#completed / measured,
      total: this.#total,
      ...latencyOf(this.#latencies.slice(0, this.#completed)),
      offer: latencyOf(this.#offerLatencies.slice(0, this.#offers)),
      idle: idle / (this.#now - start),
      longestGap,
      firstAckAt: String(this.#firstAckAt),
      processorSeconds: (user + system) / 1e6,
    };
  }

  #receive(): number {
    const count = this.#port.receive();
    if (count > 0) this.#now = performance.now();
    for (let slot = 0; slot < count; slot += 1) {
      const start = this.#port.replyStart(slot);
      const end = this.#port.replyEnd(slot);
      if (end - start < 240) continue;
      if (this.#work.kind === 'echo') this.#heard(xidOf(this.#port.incoming, start), AN_ECHO);
      else {
        this.#reply.read(this.#port.incoming, start, end);
        const { type, xid } = this.#reply;
        if (type === OFFER) this.#heard(xid, AN_OFFER);
        else if (type === ACK) this.#heard(xid, AN_ACK);
        else if (type === NAK) this.#heardRefusal(xid);
      }
    }
    return count;
  }

  /** A reply counts if its xid is the one that its place waits for, and its type too. */
  #heard(xid: number, what: number): void {
    const place = xid & (PLACES - 1);
    if (this.#xids[place] !== xid || this.#awaited[place] !== what) return;
    if (what === AN_OFFER) {
      this.#noteOffer(this.#now - (this.#sentAt[place] ?? 0));
      const slot = this.#slot();
      const hardware = this.#hardware[place] ?? 0;
      const { yiaddr, server } = this.#reply;
      putSelecting(this.#port.outgoing, this.#port.messageAt(slot), xid, hardware, yiaddr, server);
      this.#awaited[place] = AN_ACK;
      this.#sentAt[place] = this.#now;
      return;
    }
    this.#total += 1;
    if (this.#firstAckAt === 0n && what === AN_ACK) this.#firstAckAt = process.hrtime.bigint();
    if (this.#now >= this.#measuredFrom) this.#note(this.#now - (this.#sentAt[place] ?? 0));
    this.#release(place);
  }

  #heardRefusal(xid: number): void {
    const place = xid & (PLACES - 1);
    if (this.#xids[place] !== xid || this.#awaited[place] === NOTHING) return;
    this.#refused += 1;
    this.#release(place);
  }

  #noteOffer(latency: number): void {
    if (this.#now < this.#measuredFrom || this.#offers === this.#offerLatencies.length) return;
    this.#offerLatencies[this.#offers] = latency;
    this.#offers += 1;
  }

  #note(latency: number): void {
    if (this.#completed === this.#latencies.length) {
      const longer = new Float64Array(this.#completed * 2);
      longer.set(this.#latencies);
      this.#latencies = longer;
    }
    this.#latencies[this.#completed] = latency;
    this.#completed += 1;
  }

  #release(place: number): void {
    this.#awaited[place] = NOTHING;
    this.#free[this.#freeCount++] = place;
  }

  /** Begins what is due; how many. */
  #begin(rate: number | undefined, start: number): number {
    let count = this.#freeCount;
    let due = this.#now;
    if (rate !== undefined) {
      const dueByNow = 1 + Math.floor(((this.#now - start) / 1000) * rate);
      count = Math.min(dueByNow - this.#begun, count, BATCH);
    }
    for (let index = 0; index < count; index += 1) {
      if (rate !== undefined) due = start + (this.#begun / rate) * 1000;
      this.#freeCount -= 1;
      this.#beginAt(this.#free[this.#freeCount] ?? 0, due);
    }
    return Math.max(0, count);
  }

  #beginAt(place: number, due: number): void {
    const { kind, hardware, leases } = this.#work;
    this.#generation = (this.#generation + 1) & 0x3ffff;
    const xid = ((this.#generation << PLACE_BITS) | place) >>> 0;
    const number = this.#client++;
    const slot = this.#slot();
    const at = this.#port.messageAt(slot);
    this.#begun += 1;
    this.#xids[place] = xid;
    this.#sentAt[place] = due;
    if (leases !== undefined) {
      // Neighbours in time are not neighbours in the store; 7919 is prime, so every client comes once a round.
      const index = kind === 'until-ack' ? 0 : (number * 7919) % leases.count;
      const address = leases.first + index;
      putRenewing(this.#port.outgoing, at, xid, hardware + index, address);
      this.#port.putDestination(slot, address);
      this.#awaited[place] = AN_ACK;
    } else {
      putDiscover(this.#port.outgoing, at, xid, hardware + number);
      this.#hardware[place] = hardware + number;
      this.#awaited[place] = kind === 'echo' ? AN_ECHO : AN_OFFER;
    }
  }

  /** A free slot to send from. */
  #slot(): number {
    if (this.#queued === BATCH) this.#flush();
    this.#queued += 1;
    return this.#queued - 1;
  }

  #flush(): void {
    if (this.#queued > 0) this.#port.send(this.#queued);
    this.#queued = 0;
  }

  #forgetLost(patience: number): void {
    for (let place = 0; place < PLACES; place += 1) {
      if (this.#awaited[place] === NOTHING || this.#now - (this.#sentAt[place] ?? 0) < patience) continue;
      this.#lost += 1;
      this.#release(place);
    }
  }
}
