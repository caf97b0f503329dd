import { decide } from '../../src/engine/decide.ts';
import type { Decision, DecisionContext, PastProbe, WeakAnswer } from '../../src/engine/decision/decision.ts';
import { NO_PEERS, NO_QUIET } from '../../src/exchange/decision-context.ts';
import { clientKeyOf } from '../../src/lease/client-key.ts';
import { type Instant, instant, type Lease } from '../../src/lease/lease.ts';
import type { LeaseChange } from '../../src/lease/lease-view.ts';
import { type HardwareAddress, hardwareFromText } from '../../src/net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../src/net/ipv4.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { decode } from '../../src/wire/decode.ts';
import { encode } from '../../src/wire/encode.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';
import { at, planOf } from './plan.ts';

/** How one message was met, in the words of the tests. */
export interface Answer {
  readonly decision: Decision;
  readonly reason: string;
  /** 'DHCPOFFER 10.15.3.20', 'DHCPNAK', 'silence'. */
  readonly outcome: string;
  /** The address that was given, dotted; '' if none. */
  readonly address: string;
  /** The reply as it would leave. */
  readonly bytes: Uint8Array | undefined;
  /** The addresses that the segment was asked for, dotted. */
  readonly asked: readonly string[];
}

/** The pure engine over a memory store, with a clock that the test moves and a segment that answers ARP as it says. */
export class Conversation {
  now: Instant = instant(Date.UTC(2026, 0, 1));
  plan: Plan;
  readonly store: MemoryStore;
  readonly inFlight = new Set<Ipv4>();
  /** Who answers ARP, by dotted address. */
  readonly holders = new Map<string, string>();
  /** Whose answer is weak, by dotted address. */
  readonly weak = new Map<string, WeakAnswer>();
  context: Partial<DecisionContext> = {};

  constructor(overrides: Partial<Plan> = {}) {
    this.plan = planOf(overrides);
    this.store = memoryStore({ inFlight: this.inFlight });
  }

  /** Seconds go by. */
  pass(seconds: number): void {
    this.now = instant(this.now + seconds * 1000);
  }

  /** What stands at a dotted address. */
  at(address: string): Lease | undefined {
    return this.store.leases.at(at(address));
  }

  /** A message by broadcast, from a client without an address. */
  hear(bytes: Uint8Array): Answer {
    return this.meet(bytes, 'broadcast', '0.0.0.0');
  }

  /** A message by unicast, from an address; changes are committed, waits are answered by the segment. */
  hearUnicast(bytes: Uint8Array, source: string): Answer {
    return this.meet(bytes, 'unicast', source);
  }

  /** @param frame The network card that has sent it, where that is not the client's own. */
  meet(bytes: Uint8Array, via: 'unicast' | 'broadcast', source: string, frame?: string): Answer {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const message = decode(bytes, view, 0, bytes.length);
    if (!message.ok) throw new Error(`malformed: ${message.malformed}`);
    const client = clientKeyOf(message, this.plan.identity !== 'mac');
    if (client === undefined) throw new Error('a message of nobody');

    const frameSource = frame === undefined ? undefined : hardwareFromText(frame);
    const arrival = {
      ...{ via, source: at(source), local: this.plan.serverIdentifier },
      ...(frameSource === undefined ? {} : { frameSource }),
    };
    const answers = new Map<Ipv4, HardwareAddress | undefined>();
    const probes = new Map<Ipv4, PastProbe>();
    let waited = false;
    const revision = this.store.leases.revision;
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const context: DecisionContext = {
        client,
        ageMilliseconds: 0,
        readRevision: revision,
        lastGapRevision: 0,
        peerObservations: NO_PEERS,
        clusterPeers: undefined,
        isDiscoverRetry: false,
        isOfferedBeside: () => false,
        sightingAt: () => undefined,
        quietAddresses: NO_QUIET,
        waited,
        isWithheld: false,
        trustsClock: true,
        mayBeOver: () => this.context.trustsClock !== false,
        declines: 0,
        answers,
        probes,
        ...this.context,
      };
      const decision = decide(message, arrival, context, this.now, this.store.leases, this.plan);
      if (decision.kind === 'wait') {
        this.now = decision.until;
        const { address, probe } = decision;
        if (probe) {
          const weak = this.weak.get(ipv4ToText(address));
          answers.set(address, weak === 'doubtful' ? undefined : this.#holderOf(address));
          const count = (probes.get(address)?.count ?? 0) + 1;
          probes.set(address, { count, endedAt: this.now, weak });
        } else waited = true;
        continue;
      }
      if (decision.change !== undefined) this.#commit(decision.change);
      if (decision.kind !== 'again') return answerOf(decision, [...answers.keys()].map(ipv4ToText));
    }
    throw new Error('decided again and again');
  }

  #holderOf(address: Ipv4): HardwareAddress | undefined {
    const holder = this.holders.get(ipv4ToText(address));
    return holder === undefined ? undefined : hardwareFromText(holder);
  }

  #commit(change: LeaseChange): void {
    this.store.applyForeign(change);
  }
}

function answerOf(decision: Decision, asked: readonly string[]): Answer {
  const { reason } = decision;
  if (decision.kind !== 'reply') {
    return { decision, reason, outcome: 'silence', address: '', bytes: undefined, asked };
  }
  const buffer = new Uint8Array(2048);
  const length = encode(decision.reply, buffer, new DataView(buffer.buffer), 0, 1472);
  const address = decision.reply.yiaddr === 0 ? '' : ipv4ToText(decision.reply.yiaddr);
  const outcome = `${decision.reply.type} ${address}`.trimEnd();
  return { decision, reason, outcome, address, bytes: buffer.slice(0, length), asked };
}

/** An option's value in a reply's options field, found byte by byte; undefined if it is not there. */
export function optionOf(bytes: Uint8Array | undefined, code: number): number[] | undefined {
  return optionsOf(bytes).find(([each]) => each === code)?.[1];
}

/** All options of a reply's options field in their order. */
export function optionsOf(bytes: Uint8Array | undefined): [code: number, value: number[]][] {
  const options: [number, number[]][] = [];
  if (bytes === undefined) return options;
  for (let index = 240; index < bytes.length; ) {
    const code = bytes[index] ?? 255;
    if (code === 255) break;
    if (code === 0) {
      index += 1;
      continue;
    }
    const length = bytes[index + 1] ?? 0;
    options.push([code, [...bytes.subarray(index + 2, index + 2 + length)]]);
    index += 2 + length;
  }
  return options;
}
