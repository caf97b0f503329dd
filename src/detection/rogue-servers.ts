import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Clock } from '../lease/clock.ts';
import { Allowance, type LineLimit } from '../log/allowance.ts';
import type { Log } from '../log/log.ts';
import type { Arrival } from '../net/datagram.ts';
import { type HardwareAddress, hardwareToText, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import type { RogueServerStatus, SegmentObserver } from './segment-observer.ts';

/** Servers that are remembered; and of those, how many one machine can have told of: a guest can invent any number. */
const LIMIT = 16;
const LIMIT_OF_ONE = 4;
/** One that was not heard of for so long is gone: milliseconds. */
const PATIENCE = 3_600_000;
/** Of lines in the log. */
const LINES: LineLimit = { burst: 8, perSecond: 1 / 60 };
/** How many a problem names. */
const NAMED = 3;

const REMEDY =
  'find the machine by its MAC and stop its DHCP server, and let the firewall of the guests drop what they send from UDP port 67; if it is a gateway of this pool, name it in GATEWAY_PEERS';

interface Rogue {
  readonly server: Ipv4;
  readonly since: number;
  /** Monotonic milliseconds. */
  lastHeard: number;
  /** The network card that told of it first: its own, or that of a client. */
  readonly teller: HardwareAddress;
  /** False: it was only asked for. */
  hasReplied: boolean;
  hardware: HardwareAddress;
  offered: Ipv4;
  client: HardwareAddress;
  /** Where whoever told of it is plugged in: the server itself, or else that client. */
  port: string | undefined;
}

/**
 * DHCP servers on the segment that are none of ours: they give guests addresses of their own, and a router of their own.
 * Nothing is sent against them. They show by their broadcast replies (unicasts do not come here), and by the
 * DHCPREQUESTs of clients that have chosen them. Memory and log are bounded.
 */
export class RogueServers {
  /** Whether an address is of a gateway or a relay agent that belongs here. */
  isKnown: (address: Ipv4) => boolean = () => false;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #observer: SegmentObserver | undefined;
  readonly #portTextOf: (card: HardwareAddress) => string | undefined;
  /** By server identifier; the one heard of last at the end. */
  readonly #rogues = new Map<Ipv4, Rogue>();
  /** All that have ever shared the leases with this process. */
  readonly #members = new Set<Ipv4>();
  readonly #lines: Allowance;

  /** @param portTextOf Where a network card is plugged in, for people; undefined: it is not known. */
  constructor(
    clock: Clock,
    log: Log,
    observer?: SegmentObserver,
    portTextOf: (card: HardwareAddress) => string | undefined = () => undefined,
  ) {
    this.#portTextOf = portTextOf;
    this.#clock = clock;
    this.#lines = new Allowance(LINES, clock.monotonic());
    this.#log = log;
    this.#observer = observer;
  }

  /** A server has replied to a client. */
  noteReply(message: Message, { source, frameSource = NO_HARDWARE }: Arrival): void {
    const server = message.serverIdentifier ?? source;
    if (server === UNSPECIFIED || this.#belongsHere(server) || this.#belongsHere(source)) return;
    const rogue = this.#heard(server, frameSource, true);
    if (rogue === undefined) return;
    const isNew = !rogue.hasReplied || rogue.hardware !== frameSource;
    rogue.hasReplied = true;
    rogue.hardware = frameSource;
    rogue.client = message.hardware;
    if (message.yiaddr !== UNSPECIFIED) rogue.offered = message.yiaddr;
    if (isNew) rogue.port = this.#portTextOf(frameSource);
    if (isNew) this.#say(rogue, 'another DHCP server replies to guests of this segment');
  }

  /** A client has asked a server for an address. */
  noteRequest(server: Ipv4, address: Ipv4, hardware: HardwareAddress): void {
    if (this.#belongsHere(server)) return;
    const isNew = !this.#rogues.has(server);
    const rogue = this.#heard(server, hardware, false);
    if (rogue === undefined) return;
    rogue.client = hardware;
    rogue.offered = address;
    if (isNew) rogue.port = this.#portTextOf(hardware);
    if (isNew) this.#say(rogue, 'a guest asks another DHCP server for its address');
  }

  /**
   * For every second: what was not heard of for long, or belongs here by now, is forgotten.
   *
   * @param members The gateways that share the leases: one that has lost etcd goes on renewing leases for a while.
   */
  check(members: ReadonlySet<Ipv4>): void {
    const now = this.#clock.monotonic();
    for (const member of members) this.#members.add(member);
    for (const [server, { lastHeard }] of this.#rogues) {
      const isGone = now - lastHeard >= PATIENCE;
      if (!isGone && !this.#belongsHere(server)) continue;
      this.#rogues.delete(server);
      if (isGone && this.#lines.takeLine(this.#clock.monotonic()))
        this.#log.info({ server: ipv4ToText(server) }, 'the other DHCP server was not heard of for an hour');
    }
  }

  get status(): readonly RogueServerStatus[] {
    return [...this.#rogues.values()].map((rogue) => this.#statusOf(rogue));
  }

  get problem(): RunningProblem | undefined {
    // Those that were heard themselves first: the others may have been invented.
    const all = [...this.status].sort(
      (one, other) => Number(other.by === 'replies') - Number(one.by === 'replies'),
    );
    if (all.length === 0) return undefined;
    const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : '';
    const names = all.slice(0, NAMED).map(nameOf).join(', ');
    const message = `other DHCP servers give guests of this segment addresses: ${names}${more}`;
    return { name: 'rogue-server', message, remedy: REMEDY, stopsNewGuests: false };
  }

  #statusOf(rogue: Rogue): RogueServerStatus {
    const offset = this.#clock.now() - this.#clock.monotonic();
    return {
      server: ipv4ToText(rogue.server),
      by: rogue.hasReplied ? 'replies' : 'asked-for',
      hardware: hardwareOrNull(rogue.hardware),
      offered: rogue.offered === UNSPECIFIED ? null : ipv4ToText(rogue.offered),
      client: hardwareOrNull(rogue.client),
      port: rogue.port ?? null,
      since: isoOf(rogue.since + offset),
      lastHeard: isoOf(rogue.lastHeard + offset),
    };
  }

  #belongsHere(address: Ipv4): boolean {
    return this.isKnown(address) || this.#members.has(address);
  }

  /** Its entry, made if there is room. Undefined: there is none for it. */
  #heard(server: Ipv4, teller: HardwareAddress, hasReplied: boolean): Rogue | undefined {
    const now = this.#clock.monotonic();
    const known = this.#rogues.get(server);
    if (known === undefined && !this.#makeRoom(teller, hasReplied)) return undefined;
    const rogue: Rogue = known ?? {
      ...{ server, since: now, lastHeard: now, teller, hasReplied: false },
      ...{ hardware: NO_HARDWARE, offered: UNSPECIFIED, client: NO_HARDWARE, port: undefined },
    };
    rogue.lastHeard = now;
    this.#rogues.delete(server);
    this.#rogues.set(server, rogue);
    return rogue;
  }

  /**
   * One machine has a few entries, and its newest take the place of its oldest. Of all entries those that were only asked
   * for go first; what is asked for never takes the place of a server that was heard.
   */
  #makeRoom(teller: HardwareAddress, hasReplied: boolean): boolean {
    const all = [...this.#rogues.values()];
    const own = all.filter((rogue) => rogue.teller === teller);
    const isFull = all.length >= LIMIT;
    if (!isFull && own.length < LIMIT_OF_ONE) return true;
    const candidates = own.length >= LIMIT_OF_ONE ? own : all;
    const last = candidates.find((rogue) => !rogue.hasReplied) ?? (hasReplied ? candidates[0] : undefined);
    if (last === undefined) return false;
    this.#rogues.delete(last.server);
    return true;
  }

  #say(rogue: Rogue, message: string): void {
    if (!this.#lines.takeLine(this.#clock.monotonic())) return;
    this.#observer?.rogueServer(this.#statusOf(rogue));
    const { server, hardware, offered, client } = rogue;
    const fields = {
      server: ipv4ToText(server),
      hardware: hardwareOrNull(hardware) ?? undefined,
      offered: offered === UNSPECIFIED ? undefined : ipv4ToText(offered),
      client: hardwareOrNull(client) ?? undefined,
    };
    this.#log.warn({ ...fields, remedy: REMEDY }, message);
  }
}

function nameOf({ server, by, hardware, client, port, offered, since }: RogueServerStatus): string {
  const card = by === 'replies' ? (hardware ?? 'of an unknown card') : `asked for by ${client ?? 'a client'}`;
  const who = port === null ? card : `${card}, ${port}`;
  const what = offered === null ? '' : `, ${offered}`;
  return `${server} (${who}${what}, since ${since})`;
}

function hardwareOrNull(hardware: HardwareAddress): string | null {
  return hardware === NO_HARDWARE ? null : hardwareToText(hardware);
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}
