import { vendorClassOf } from '../exchange/admission/client-rule-admission.ts';
import type { NotServed } from '../exchange/observer/client-drop.ts';
import { clientKeyOf } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import { Allowance, type LineLimit } from '../log/allowance.ts';
import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareToText } from '../net/hardware-address.ts';
import type { Message } from '../wire/message.ts';
import { readable } from '../wire/readable-text.ts';
import type { RefusedClientStatus, SegmentObserver } from './segment-observer.ts';

/** Clients that are remembered. */
const LIMIT = 256;
/** One that has not asked for so long is forgotten: milliseconds. */
const PATIENCE = 86_400_000;
/** Of lines in the log, and of events. */
const LINES: LineLimit = { burst: 16, perSecond: 0.1 };

const REMEDIES: Readonly<Record<NotServed, string>> = {
  'refused-by-class':
    'take answer: never off its class in the settings file, or put a class before it with answer: always, if it is to be served',
  denied: 'take it off GATEWAY_DHCP_DENY_MACS or GATEWAY_DHCP_DENY_VENDOR_CLASSES if it is to be served',
  'not-allowed':
    'add it to GATEWAY_DHCP_ALLOW_MACS or GATEWAY_DHCP_ALLOW_VENDOR_CLASSES if it is to be served',
  'unknown-client':
    'if it is to be served, make a reservation for it, add it to GATEWAY_DHCP_KNOWN_MACS, or switch GATEWAY_DHCP_KNOWN_CLIENTS_ONLY off until it has its first lease',
};

interface DroppedClient {
  why: NotServed;
  readonly client: string | undefined;
  hostname: string | undefined;
  vendorClass: string | undefined;
  /** Monotonic milliseconds. */
  readonly since: number;
  lastAsked: number;
  count: number;
}

/**
 * The clients that the operator's rules keep away, so that they can be seen, and taken in. They get no answer, not even a
 * DHCPNAK. Memory, log and events are bounded, whatever number of MACs a guest invents: of those that have asked only once
 * the oldest is forgotten first.
 */
export class DroppedClients {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #observer: SegmentObserver | undefined;
  /** By MAC; the one that asked last at the end. */
  readonly #clients = new Map<HardwareAddress, DroppedClient>();
  readonly #lines: Allowance;

  constructor(clock: Clock, log: Log, observer?: SegmentObserver) {
    this.#clock = clock;
    this.#lines = new Allowance(LINES, clock.monotonic());
    this.#log = log;
    this.#observer = observer;
  }

  /** A message of a client was dropped. */
  note(message: Message, why: NotServed): void {
    const { hardware } = message;
    const now = this.#clock.monotonic();
    const known = this.#clients.get(hardware);
    const dropped: DroppedClient = known ?? {
      ...{ why, client: clientKeyOf(message, true), since: now, lastAsked: now, count: 0 },
      ...{ hostname: undefined, vendorClass: undefined },
    };
    const isNew = known === undefined || known.why !== why;
    dropped.why = why;
    dropped.hostname = message.hostName ?? dropped.hostname;
    const vendorClass = vendorClassOf(message);
    if (vendorClass !== undefined) dropped.vendorClass = readable(vendorClass);
    dropped.lastAsked = now;
    dropped.count += 1;
    if (known === undefined && this.#clients.size >= LIMIT) this.#forgetOne();
    this.#clients.delete(hardware);
    this.#clients.set(hardware, dropped);
    if (isNew) this.#say(hardware, dropped);
  }

  /** Call it when other rules are in force. A client that they keep away is noted when it asks again. */
  forget(): void {
    this.#clients.clear();
  }

  /** The one that asked last is the first one. */
  get status(): readonly RefusedClientStatus[] {
    const now = this.#clock.monotonic();
    const recent = [...this.#clients].filter(([, { lastAsked }]) => now - lastAsked < PATIENCE);
    return recent.reverse().map(([hardware, dropped]) => this.#statusOf(hardware, dropped));
  }

  #statusOf(hardware: HardwareAddress, dropped: DroppedClient): RefusedClientStatus {
    const { client, why, hostname, vendorClass, count, since, lastAsked } = dropped;
    const offset = this.#clock.now() - this.#clock.monotonic();
    return {
      ...{ hardware: hardwareToText(hardware), client: client ?? null, why, count },
      ...{ hostname: hostname ?? null, vendorClass: vendorClass ?? null },
      ...{ since: isoOf(since + offset), lastAsked: isoOf(lastAsked + offset) },
    };
  }

  #forgetOne(): void {
    let oldest: HardwareAddress | undefined;
    for (const [hardware, { count }] of this.#clients) {
      oldest ??= hardware;
      if (count > 1) continue;
      oldest = hardware;
      break;
    }
    if (oldest !== undefined) this.#clients.delete(oldest);
  }

  #say(hardware: HardwareAddress, dropped: DroppedClient): void {
    if (!this.#lines.takeLine(this.#clock.monotonic())) return;
    const status = this.#statusOf(hardware, dropped);
    this.#observer?.refusedClient(status);
    const { client, why, hostname, vendorClass } = status;
    this.#log.info(
      {
        ...{ hardware: status.hardware, client: client ?? undefined, reason: why },
        ...{ hostname: hostname ?? undefined, vendorClass: vendorClass ?? undefined },
        remedy: REMEDIES[why],
      },
      'a client is not served, by the rules of this gateway',
    );
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '');
}
