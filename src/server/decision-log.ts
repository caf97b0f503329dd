import type { Decision } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { hexOf } from '../net/hex.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { LeaseStore, Outcome } from '../store/lease-store.ts';
import type { Message } from '../wire/message.ts';
import { optionName } from '../wire/option-text.ts';
import { ConflictWarnings } from './conflict-warnings.ts';
import { isFinal } from './counters.ts';
import { DroppedDatagrams, type DroppedFrom } from './dropped-datagrams.ts';
import type { Log } from './log.ts';
import { NameWatch } from './name-watch.ts';
import type { Drop, Observer } from './observer.ts';
import { RelayWarnings } from './relay-warnings.ts';

/** Networks whose pools are remembered as full. */
const FULL_LIMIT = 64;

const REMEDY =
  'see to the disk of the leases directory (df, dmesg); what is missing in the file follows, from the journal beside it as long as that has room, or from etcd';

const LATE_REMEDY =
  'where it stood still for longer than a lease, compare `vps-gateway leases` with what the guests have';

/** One line for each decision; and one for the begin and one for the end of what lasts. */
export class DecisionLog implements Observer {
  readonly #log: Log;
  readonly #store: Pick<LeaseStore, 'failure' | 'trouble'>;
  #isStoring = true;
  #isSound = true;
  /** By relay address; 0: this segment. */
  readonly #full = new Set<Ipv4>();
  readonly #conflicts: ConflictWarnings;
  readonly #names: NameWatch;
  readonly #relays: RelayWarnings;
  readonly #dropped: DroppedDatagrams;

  constructor(log: Log, store: Pick<LeaseStore, 'failure' | 'trouble'>, monotonic: () => number) {
    this.#log = log;
    this.#conflicts = new ConflictWarnings(log, monotonic);
    this.#names = new NameWatch(log, monotonic);
    this.#relays = new RelayWarnings(log, monotonic);
    this.#dropped = new DroppedDatagrams(log, monotonic);
    this.#store = store;
  }

  decided(message: Message, client: ClientKey, decision: Decision, outcome: Outcome | undefined): void {
    const level = isFinal(decision, outcome) ? 'info' : 'debug';
    if (this.#log.isLevelEnabled?.(level) ?? true) {
      const said = messageOf(decision, outcome);
      if (this.#log.written === undefined)
        this.#log[level](fieldsOf(message, client, decision, outcome), said);
      else this.#log.written(level, jsonOf(message, client, decision, outcome), said);
    }
    this.#noteStore(decision, outcome);
    this.#notePool(message, decision);
    if (outcome === undefined || outcome === 'committed') {
      this.#conflicts.note(message, client, decision, addressOf(message, decision));
      if (decision.kind === 'reply' && decision.reply.type !== 'DHCPNAK') this.#names.note(message, client);
    }
  }

  ordered(decision: Decision, outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    const write = decision.kind === 'wait' ? undefined : decision.change?.writes[0];
    const address = write === undefined ? undefined : ipv4ToText(write.address);
    const client = decision.kind === 'wait' ? undefined : decision.change?.client;
    const fields = { address, client, reason: decision.reason, outcome };
    if (outcome === 'committed') this.#log.info(fields, 'changed');
    else this.#log.debug(fields, 'not changed');
    this.#noteStore(decision, outcome);
  }

  dropped(reason: Drop, count: number, from?: DroppedFrom): void {
    this.#log.debug({ reason, count }, 'dropped');
    this.#dropped.note(reason, count, from);
    if (from?.giaddr !== undefined && (reason === 'relay-not-listed' || reason === 'bad-giaddr'))
      this.#relays.note(reason, { giaddr: from.giaddr, source: from.source });
  }

  sentLate(count: number, milliseconds: number): void {
    this.#log.warn(
      { count, milliseconds: Math.round(milliseconds), remedy: LATE_REMEDY },
      'this gateway stood still while it sent replies, which may have left late',
    );
  }

  omitted(code: number): void {
    this.#log.debug({ option: code, name: optionName(code) }, 'an option did not fit');
  }

  broken(error: unknown): void {
    this.#log.error({ err: error }, 'a message was lost by a mistake of this program');
  }

  /** For now and then: whether the store has recovered is not seen while nobody asks. */
  check(): void {
    this.#dropped.check();
    if (this.#store.failure !== undefined) this.#beginFailure('failed');
    else this.#endFailure();
    const cause = this.#store.trouble;
    if (this.#isSound === (cause === undefined)) return;
    this.#isSound = cause === undefined;
    if (cause === undefined) this.#log.warn({}, 'the lease file follows again');
    else this.#log.warn({ cause, remedy: REMEDY }, 'the lease file does not follow; leases are given');
  }

  /** Before the log ends: what was counted only. */
  end(): void {
    this.#dropped.say();
  }

  #noteStore(decision: Decision, outcome: Outcome | undefined): void {
    if (outcome === 'failed' || outcome === 'unknown') this.#beginFailure(outcome);
    else if (outcome === 'committed' && decision.kind !== 'wait' && decision.change?.kind === 'binding') {
      this.#endFailure();
    }
  }

  #beginFailure(outcome: Outcome): void {
    if (!this.#isStoring) return;
    this.#isStoring = false;
    this.#log.warn({ cause: this.#store.failure ?? outcome }, 'leases cannot be stored, so none is promised');
  }

  #endFailure(): void {
    if (this.#isStoring || this.#store.failure !== undefined) return;
    this.#isStoring = true;
    this.#log.warn({}, 'leases are stored again');
  }

  #notePool(message: Message, decision: Decision): void {
    const { reason } = decision;
    if (reason === 'pool-full') {
      const relay = message.giaddr;
      if (this.#full.has(relay) || this.#full.size >= FULL_LIMIT) return;
      this.#full.add(relay);
      this.#log.warn({ relay: relayOf(relay) }, 'the pool is full: new clients get no address');
    } else if (
      this.#full.size > 0 &&
      (reason === 'offered' || reason === 'offered-to-clone' || reason === 'bootp')
    ) {
      if (this.#full.delete(message.giaddr)) {
        this.#log.warn({ relay: relayOf(message.giaddr) }, 'the pool has room again');
      }
    }
  }
}

function messageOf(decision: Decision, outcome: Outcome | undefined): string {
  if (!isFinal(decision, outcome)) return decision.kind === 'wait' ? 'waiting' : 'deciding again';
  if (outcome !== undefined && outcome !== 'committed') return 'not stored';
  return decision.kind === 'reply' ? 'answered' : 'not answered';
}

function fieldsOf(
  message: Message,
  client: ClientKey,
  decision: Decision,
  outcome: Outcome | undefined,
): object {
  const address = addressOf(message, decision);
  const other = decision.kind === 'wait' ? undefined : decision.other;
  return {
    message: message.type ?? 'BOOTP',
    client,
    hardware: hardwareToText(message.hardware),
    address: address === 0 ? undefined : ipv4ToText(address),
    reason: decision.reason,
    reply: decision.kind === 'reply' ? decision.reply.type : undefined,
    xid: hexOf(message.xid),
    relay: relayOf(message.giaddr),
    other: other === undefined ? undefined : hardwareToText(other),
    outcome: outcome === 'committed' ? undefined : outcome,
  };
}

/** The same fields as JSON: none of their values needs to be escaped. */
function jsonOf(
  message: Message,
  client: ClientKey,
  decision: Decision,
  outcome: Outcome | undefined,
): string {
  const address = addressOf(message, decision);
  const other = decision.kind === 'wait' ? undefined : decision.other;
  let text = `"message":"${message.type ?? 'BOOTP'}","client":"${client}","hardware":"${hardwareToText(message.hardware)}"`;
  if (address !== 0) text += `,"address":"${ipv4ToText(address)}"`;
  text += `,"reason":"${decision.reason}"`;
  if (decision.kind === 'reply') text += `,"reply":"${decision.reply.type}"`;
  text += `,"xid":"${hexOf(message.xid)}"`;
  if (message.giaddr !== 0) text += `,"relay":"${ipv4ToText(message.giaddr)}"`;
  if (other !== undefined) text += `,"other":"${hardwareToText(other)}"`;
  if (outcome !== undefined && outcome !== 'committed') text += `,"outcome":"${outcome}"`;
  return text;
}

/** What the decision is about: the address given, asked for or written; else the one that the client speaks of. */
function addressOf(message: Message, decision: Decision): Ipv4 {
  if (decision.kind === 'wait') return decision.address;
  if (decision.kind === 'reply' && decision.reply.yiaddr !== 0) return decision.reply.yiaddr;
  return decision.change?.writes[0]?.address ?? message.requestedAddress ?? message.ciaddr;
}

function relayOf(giaddr: Ipv4): string | undefined {
  return giaddr === 0 ? undefined : ipv4ToText(giaddr);
}
