import type { WeakAnswer } from '../engine/decision/decision.ts';
import { Bucket } from '../exchange/admission/bucket.ts';
import type { Clock } from '../lease/clock.ts';
import type { Lease } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { ArpSpeech } from '../transport/linux/arp.ts';

/** How long something that was heard counts: milliseconds. */
const WINDOW = 600_000;
/** What is heard of one machine at one address within this time may be one answer that came twice: milliseconds. */
const APART = 20;
/** Addresses that one machine may have without a lease. */
const ADDRESSES_OF_ONE = 3;
/** So many machines that were heard only once at one address, within so many milliseconds, contradict each other. */
const CONTRADICTION = 3;
const CONTRADICTION_TIME = 5000;
/** Machines that are remembered at one address. */
const MACHINES_OF_ADDRESS = 16;
/** Addresses, and machines, that are remembered; the one that was heard longest ago is forgotten first. */
const LIMIT = 4096;
/** Messages that are noted: so many at once, and as many a second. Of a flood that is enough to see that it is one. */
const NOTES = { burst: 1000, interval: 1 };
/** Machines whose port the kernel is asked for: so many at once, and in 5 s. */
const QUESTIONS = { burst: 256, interval: 5000 / 256 };
/** Milliseconds from one line of the log of a kind to the next. */
const LINE_INTERVAL = 60_000;

const REMEDIES = {
  machine:
    'this machine answers ARP for addresses that are not its own: switch proxy ARP off on it, or shut it out; addresses that it really holds belong outside the pool',
  address: 'find who sends these answers (tcpdump -e arp), and shut it out: no address has so many machines',
  crowd:
    'if these machines are yours and their addresses are set by hand, take the addresses out of the pool; else find the port that they all come from, and shut it out',
} as const;

export interface ArpEvidenceParts {
  readonly leases: Pick<LeaseView, 'at' | 'leasesOf'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  /** True for an address that guests may have: only those are judged. */
  isOfPool(address: Ipv4): boolean;
  /** So many unknown machines at addresses that were silent are more than may have been started. */
  crowdFrom(): number;
  /** False: other gateways lease addresses of the pool, to machines that are unknown here. */
  isAlone(): boolean;
  /** The number of the bridge port that a machine is behind, if one guest is; undefined: it is not known. Asks the kernel. */
  guestPortOf?(machine: HardwareAddress): number | undefined;
}

/** A machine by its MAC; or all MACs behind one guest's port, as the number of that port below zero. */
type Origin = number;

/** What is heard of one origin. Times are monotonic milliseconds. */
interface KnownOrigin {
  /** When it was heard first. */
  readonly since: number;
  /** The addresses that are not leased to it, and when it was heard last at each; the one heard last at the end. */
  readonly addresses: { readonly address: Ipv4; readonly at: number }[];
}

/** One origin at one address without a lease of it. */
interface OriginAtAddress {
  readonly origin: Origin;
  lastAt: number;
  /** How often, at times that lie apart. */
  count: number;
}

/**
 * What ARP messages are worth as evidence that an address is in use. Any guest can answer for any address, and can do so
 * from a new MAC each time. So a machine that answers for more addresses than it can have is not believed; nor are machines
 * that contradict each other; nor is a crowd of machines that appears where nobody was, and does nothing else. And one answer
 * alone is weak. Where guests' ports are seen, all that comes from one of them is one machine. Memory and log are bounded.
 */
export class ArpEvidence {
  readonly #parts: ArpEvidenceParts;
  readonly #byAddress = new Map<Ipv4, OriginAtAddress[]>();
  readonly #byOrigin = new Map<Origin, KnownOrigin>();
  readonly #origins = new Map<HardwareAddress, Origin>();
  readonly #notes = new Bucket();
  readonly #questions = new Bucket();
  /** Those who have asked by ARP for others, as everybody does that talks with somebody. */
  readonly #talkers = new Map<Origin, number>();
  /** Unknown ones that were first heard where nobody was just before; when each was heard last. */
  readonly #crowd = new Map<Origin, number>();
  #crowdSince = 0;
  readonly #saidAt = new Map<keyof typeof REMEDIES, number>();

  constructor(parts: ArpEvidenceParts) {
    this.#parts = parts;
  }

  /**
   * Notes what a machine says of an address. To be called before it is weighed.
   *
   * @param wasSilent The address was asked for ahead of need, and nobody was heard there.
   */
  note(address: Ipv4, machine: HardwareAddress, speech: ArpSpeech, wasSilent: boolean): void {
    if (!this.#parts.isOfPool(address) || isLeasedTo(machine, this.#parts.leases.at(address))) return;
    const now = this.#parts.clock.monotonic();
    if (!this.#notes.takeIfFree(now, NOTES)) return;
    const origin = this.#originOf(machine, now);
    this.#noteOrigin(address, origin, machine, now);
    this.#noteAddress(address, origin, machine, now);
    if (speech === 'question') {
      remember(this.#talkers, origin, now);
      this.#crowd.delete(origin);
    } else if (this.#crowd.has(origin) || (wasSilent && this.#isUnknown(machine, origin, now))) {
      this.#forgetOldCrowd(now);
      if (this.#crowd.size === 0) this.#crowdSince = now;
      remember(this.#crowd, origin, now);
      if (this.#isCrowd()) this.#say('crowd', { machines: this.#crowd.size, last: address, machine });
    }
  }

  /** What it is worth that this machine was heard at the address. */
  weigh(address: Ipv4, machine: HardwareAddress): WeakAnswer | 'certain' {
    if (isLeasedTo(machine, this.#parts.leases.at(address))) return 'certain';
    const now = this.#parts.clock.monotonic();
    const origin = this.#origins.get(machine) ?? machine;
    this.#forgetOldCrowd(now);
    if (this.#hasTooMany(origin, now) || this.#isOfCrowd(machine, origin, now)) return 'doubtful';
    const heard = this.#heardAt(address, now);
    if (heard.some((each) => each.origin === origin && each.count > 1)) return 'certain';
    return areContradictory(heard, now) ? 'doubtful' : 'once';
  }

  /** The kernel is asked once for each machine, and for a bounded number in a time. */
  #originOf(machine: HardwareAddress, now: number): Origin {
    const { guestPortOf } = this.#parts;
    const known = this.#origins.get(machine);
    if (known !== undefined) return known;
    if (guestPortOf === undefined) return machine;
    if (!this.#questions.takeIfFree(now, QUESTIONS)) return machine;
    const port = guestPortOf(machine);
    const origin = port === undefined ? machine : -port;
    remember(this.#origins, machine, origin);
    return origin;
  }

  #noteOrigin(address: Ipv4, origin: Origin, machine: HardwareAddress, now: number): void {
    const had = this.#hasTooMany(origin, now);
    const known: KnownOrigin = this.#byOrigin.get(origin) ?? { since: now, addresses: [] };
    const { addresses } = known;
    const same = addresses.findIndex((each) => each.address === address);
    // One more than the limit is enough to know.
    if (same >= 0) addresses.splice(same, 1);
    else if (addresses.length > ADDRESSES_OF_ONE) addresses.shift();
    addresses.push({ address, at: now });
    remember(this.#byOrigin, origin, known);
    if (!had && this.#hasTooMany(origin, now)) this.#say('machine', { last: address, machine });
  }

  #noteAddress(address: Ipv4, origin: Origin, machine: HardwareAddress, now: number): void {
    const heard = this.#heardAt(address, now);
    const known = heard.find((each) => each.origin === origin);
    if (known === undefined) heard.push({ origin, lastAt: now, count: 1 });
    else {
      if (now - known.lastAt >= APART) known.count += 1;
      known.lastAt = now;
    }
    // Whoever was heard only once gives way first, so that no flood of MACs hides who has the address.
    if (heard.length > MACHINES_OF_ADDRESS) {
      const once = heard.findIndex(({ count }) => count === 1);
      heard.splice(Math.max(0, once), 1);
    }
    remember(this.#byAddress, address, heard);
    if (areContradictory(heard, now)) this.#say('address', { last: address, machine });
  }

  /** Those that were heard at an address lately. */
  #heardAt(address: Ipv4, now: number): OriginAtAddress[] {
    const heard = this.#byAddress.get(address);
    if (heard === undefined) return [];
    return heard.every(({ lastAt }) => now - lastAt < WINDOW)
      ? heard
      : heard.filter(({ lastAt }) => now - lastAt < WINDOW);
  }

  #hasTooMany(origin: Origin, now: number): boolean {
    const addresses = this.#byOrigin.get(origin)?.addresses;
    if (addresses === undefined || addresses.length <= ADDRESSES_OF_ONE) return false;
    return addresses.every(({ at }) => now - at < WINDOW);
  }

  /** It has no lease here, and has not been heard in any other way than answering. */
  #isUnknown(machine: HardwareAddress, origin: Origin, now: number): boolean {
    const talked = this.#talkers.get(origin);
    if (talked !== undefined && now - talked < WINDOW) return false;
    return this.#parts.leases.leasesOf(machine).length === 0;
  }

  #isCrowd(): boolean {
    return this.#crowd.size >= this.#parts.crowdFrom() && this.#parts.isAlone();
  }

  /** Also one that came with the crowd, to an address that was not silent. */
  #isOfCrowd(machine: HardwareAddress, origin: Origin, now: number): boolean {
    if (!this.#isCrowd()) return false;
    if (this.#crowd.has(origin)) return true;
    const since = this.#byOrigin.get(origin)?.since ?? now;
    return since >= this.#crowdSince && this.#isUnknown(machine, origin, now);
  }

  #forgetOldCrowd(now: number): void {
    for (const [origin, at] of this.#crowd) {
      if (now - at < WINDOW) return;
      this.#crowd.delete(origin);
    }
  }

  #say(
    kind: keyof typeof REMEDIES,
    { last, machine, machines }: { last: Ipv4; machine: HardwareAddress; machines?: number },
  ): void {
    const now = this.#parts.clock.monotonic();
    const saidAt = this.#saidAt.get(kind);
    if (saidAt !== undefined && now - saidAt < LINE_INTERVAL) return;
    this.#saidAt.set(kind, now);
    this.#parts.log.warn(
      {
        hardware: hardwareToText(machine),
        address: ipv4ToText(last),
        ...(machines === undefined ? {} : { machines }),
        remedy: REMEDIES[kind],
      },
      'ARP answers are not believed',
    );
  }
}

/** A quarantine record names the machine that answered, and a free record the last holder: these are not leases. */
function isLeasedTo(holder: HardwareAddress, lease: Lease | undefined): boolean {
  return lease?.hardware === holder && lease.state !== 'declined' && lease.state !== 'free';
}

/** Not those who have had the address one after the other. */
function areContradictory(heard: readonly OriginAtAddress[], now: number): boolean {
  let together = 0;
  for (const { count, lastAt } of heard) if (count === 1 && now - lastAt < CONTRADICTION_TIME) together += 1;
  return together >= CONTRADICTION;
}

/** Puts it at the end of a map of bounded size. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= LIMIT) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
